//go:build !js

package client

import (
	"context"
	"testing"
	"time"

	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// Every tab can have the conversation kept, and is told when it could not be.
func TestSaveTranscript(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x, y := b.open(false), b.open(false)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		const call = "GET /api/chatbot/conversations/c/transcript"
		for i, tab := range []*tab{x, y} {
			tab.SaveTranscript(context.Background(), "de", "Europe/Berlin")
			b.wait(time.Second)
			if b.backend.calls[call] != i+1 || tab.State().Notice.Code != "" {
				t.Errorf("tab %d: %d calls, notice %+v", i, b.backend.calls[call], tab.State().Notice)
			}
		}
		b.backend.limit("/transcript")
		y.SaveTranscript(context.Background(), "de", "Europe/Berlin")
		b.wait(time.Second)
		if n := y.State().Notice; n.Code != wire.CodeRateLimited || n.RetryAfter != 7 || !n.Again {
			t.Errorf("y is told %+v", n)
		}
		if n := x.State().Notice; n.Code != "" {
			t.Errorf("x is told %+v", n)
		}
		b.wait(7 * time.Second)
		if n := y.State().Notice; n.Code != "" {
			t.Errorf("after the wait it still says %+v", n)
		}
	})
}

// Too many signs of typing are told of; one that is lost is not.
func TestTypingLimited(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x := b.open(true)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		x.Do(session.Typed{})
		b.wait(time.Second)
		if n := x.State().Notice; n.Code != "" || b.backend.calls["POST /api/chatbot/conversations/c/typing"] != 1 {
			t.Errorf("notice %+v, calls %v", n, b.backend.calls)
		}
		b.backend.limit("/typing")
		b.wait(3 * time.Second)
		x.Do(session.Typed{})
		b.wait(time.Second)
		if n := x.State().Notice; n.Code != wire.CodeRateLimited || n.RetryAfter != 7 || !n.Again {
			t.Errorf("notice %+v", n)
		}
	})
}
