package chat_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"chatbot/server/chat"
	"chatbot/server/store"
	"chatbot/widget/wire"
)

// streamer makes a chat.Streamer of a function.
type streamer func(ctx context.Context, question string, emit func(string) error) (chat.Answer, error)

func (streamer) Respond(context.Context, string, []wire.Message) (chat.Answer, error) {
	return chat.Answer{}, errors.New("asked for the whole at once")
}

func (f streamer) Stream(ctx context.Context, question string, _ []wire.Message, emit func(string) error) (chat.Answer, error) {
	return f(ctx, question, emit)
}

// desk is a house whose time is that of a bubble.
type desk struct {
	*house
	store  *store.SQLite
	caller chat.Caller
}

// inBubble runs test where time passes only when everybody waits. The service
// runs until stop is called.
func inBubble(t *testing.T, r chat.Responder, test func(t *testing.T, d *desk, stop func())) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "chat.db")
	synctest.Test(t, func(t *testing.T) {
		db := open(t, file)
		h := &house{events: &recorder{}}
		h.Service = chat.New(chat.Options{Store: db, Publisher: h.events, Responder: r, BotName: "Bot", Format: tree})
		d := &desk{house: h, store: db, caller: visitor(h.Begin())}
		end := run(t, h.Service)
		ended := false
		stop := func() {
			if !ended {
				ended = true
				end()
			}
		}
		defer func() {
			stop()
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}()
		test(t, d, stop)
	})
}

// ask sends a question.
func (d *desk) ask(t *testing.T) {
	t.Helper()
	if _, _, err := d.Send(t.Context(), d.caller, wire.SendRequest{ClientID: "k", Body: "Hello?"}); err != nil {
		t.Fatal(err)
	}
}

// last is the last message, as it is read.
func (d *desk) last(t *testing.T) wire.Message {
	t.Helper()
	page, err := d.Messages(t.Context(), d.caller.Conversation, chat.Read{Limit: 10})
	if err != nil || len(page.Messages) == 0 {
		t.Fatal(page, err)
	}
	return page.Messages[len(page.Messages)-1]
}

// writes begins a message that the site writes.
func (d *desk) writes(t *testing.T) (wire.Message, chat.Caller) {
	t.Helper()
	site := agent(d.caller)
	m, created, err := d.Send(t.Context(), site, wire.SendRequest{ClientID: "s", Status: wire.StatusStreaming})
	if err != nil || !created || m.Status != wire.StatusStreaming {
		t.Fatalf("begin: %+v, %v", m, err)
	}
	return m, site
}

// An answer grows word by word: on sockets by deltas that fit together, at most
// 20 a second, in the store at most once a second, and at last it is whole.
func TestStreamedAnswer(t *testing.T) {
	want := strings.Repeat("wörd ", 300)
	inBubble(t, streamer(func(ctx context.Context, _ string, emit func(string) error) (chat.Answer, error) {
		for range 300 {
			if err := emit("wörd "); err != nil {
				return chat.Answer{}, err
			}
			time.Sleep(10 * time.Millisecond)
		}
		return chat.Answer{Source: &wire.Source{Title: "Page"}}, nil
	}), func(t *testing.T, d *desk, _ func()) {
		d.ask(t)
		time.Sleep(1500 * time.Millisecond)
		half := d.last(t)
		if half.Status != wire.StatusStreaming || !strings.HasPrefix(want, half.Body) || len(half.Body) < len(want)/3 || half.Author.Role != wire.RoleBot || half.Content[0].Text != "tree of "+half.Body {
			t.Errorf("midway it is %+v, want %q", half, want)
		}
		if got := d.signals(t, d.caller); len(got) != 0 {
			t.Errorf("dots beside the words: %+v", got)
		}
		debts, err := d.store.Debts(t.Context())
		if err != nil || len(debts) != 0 {
			t.Errorf("still owed: %v, %v", debts, err)
		}
		time.Sleep(5 * time.Second)
		m := d.last(t)
		if m.Status != wire.StatusComplete || m.Body != want || m.Source == nil || m.ID != half.ID || m.EditedAt != nil {
			t.Errorf("at last it is %+v", m)
		}
		received := take[wire.MessageEvent](t, d.events, wire.EventMessageReceived)
		if len(received) != 2 || received[1].Message.Body != "wörd " || received[1].Message.Status != wire.StatusStreaming {
			t.Fatalf("announced %+v", received)
		}
		text := received[1].Message.Body
		deltas := take[wire.MessageDelta](t, d.events, wire.EventMessageDelta)
		for _, delta := range deltas {
			if delta.MessageID != m.ID || delta.Offset != len(text) {
				t.Fatalf("a delta at %d after %d bytes", delta.Offset, len(text))
			}
			text += delta.Text
		}
		if len(deltas) < 40 || len(deltas) > 61 || !strings.HasPrefix(want, text) || len(text) < len(want)-100 {
			t.Errorf("%d deltas make %d of %d bytes", len(deltas), len(text), len(want))
		}
		updates := take[wire.MessageEvent](t, d.events, wire.EventMessageUpdated)
		if len(updates) < 3 || len(updates) > 4 {
			t.Errorf("stored %d times in three seconds", len(updates))
		}
		for i, u := range updates {
			if u.Rev != received[1].Rev+int64(i)+1 || !u.Partial && u.Message.Status != map[bool]wire.Status{true: wire.StatusComplete, false: wire.StatusStreaming}[i == len(updates)-1] {
				t.Errorf("update %d: rev %d, %+v", i, u.Rev, u.Message)
			}
		}
	})
}

// Who answers without emitting is as any responder.
func TestStreamerAtOnce(t *testing.T) {
	tries := 0
	inBubble(t, streamer(func(context.Context, string, func(string) error) (chat.Answer, error) {
		if tries++; tries == 1 {
			return chat.Answer{}, errors.New("not now")
		}
		return chat.Answer{Body: "All at once"}, nil
	}), func(t *testing.T, d *desk, _ func()) {
		d.ask(t)
		time.Sleep(5 * time.Second)
		if m := d.last(t); m.Body != "All at once" || m.Status != wire.StatusComplete {
			t.Errorf("%+v", m)
		}
	})
}

// What was said before a fault stays, plainly failed, and is said only once.
func TestStreamBreaks(t *testing.T) {
	tries := 0
	inBubble(t, streamer(func(_ context.Context, _ string, emit func(string) error) (chat.Answer, error) {
		tries++
		if err := emit("So far"); err != nil {
			return chat.Answer{}, err
		}
		return chat.Answer{}, errors.New("the line is dead")
	}), func(t *testing.T, d *desk, _ func()) {
		d.ask(t)
		time.Sleep(10 * time.Minute)
		if m := d.last(t); m.Body != "So far" || m.Status != wire.StatusFailed || m.Seq != 2 || tries != 1 {
			t.Errorf("after %d tries: %+v", tries, m)
		}
	})
}

// endless says a word every 700 ms until it is told to stop.
func endless(stopped *atomic.Bool) streamer {
	return func(ctx context.Context, _ string, emit func(string) error) (chat.Answer, error) {
		for {
			if err := emit("on "); err != nil {
				stopped.Store(true)
				return chat.Answer{}, err
			}
			if ctx.Err() != nil {
				stopped.Store(true)
				return chat.Answer{}, ctx.Err()
			}
			time.Sleep(700 * time.Millisecond)
		}
	}
}

func TestStop(t *testing.T) {
	var stopped atomic.Bool
	inBubble(t, endless(&stopped), func(t *testing.T, d *desk, _ func()) {
		d.ask(t)
		time.Sleep(2500 * time.Millisecond)
		m, err := d.Stop(t.Context(), d.caller, d.last(t).ID)
		if err != nil || m.Status != wire.StatusStopped || m.Body != "on on on on " {
			t.Errorf("stopped: %+v, %v", m, err)
		}
		time.Sleep(time.Second)
		if !stopped.Load() {
			t.Error("who answers was not told")
		}
		again, err := d.Stop(t.Context(), d.caller, m.ID)
		if err != nil || again.Rev != m.Rev {
			t.Errorf("again: %+v, %v", again, err)
		}
		time.Sleep(time.Minute)
		if last := d.last(t); last.Body != m.Body || last.Rev != m.Rev {
			t.Errorf("it went on: %+v", last)
		}
		other := d.caller
		other.Conversation = "elsewhere"
		_, err = d.Stop(t.Context(), other, m.ID)
		refused(t, err, wire.CodeNotFound)
	})
}

// A stream that was under way when the program ended is plainly failed at the
// next start, with what was said, and the question is not answered again.
func TestStreamAfterRestart(t *testing.T) {
	var stopped atomic.Bool
	inBubble(t, endless(&stopped), func(t *testing.T, d *desk, stop func()) {
		d.ask(t)
		time.Sleep(2500 * time.Millisecond)
		written, _ := d.writes(t) // by a site, which is not answering a question
		stop()
		next := chat.New(chat.Options{Store: d.store, Publisher: d.events, Responder: echo, BotName: "Bot"})
		end := run(t, next)
		time.Sleep(time.Minute)
		end()
		page, err := next.Messages(t.Context(), d.caller.Conversation, chat.Read{Limit: 10})
		if err != nil || len(page.Messages) != 3 {
			t.Fatal(page.Messages, err)
		}
		for i, want := range map[int]string{1: "on on on on ", 2: ""} {
			if m := page.Messages[i]; m.Status != wire.StatusFailed || m.Body != want {
				t.Errorf("left over is %+v", m)
			}
		}
		_, err = next.Write(t.Context(), agent(d.caller), written.ID, wire.EditRequest{Append: "late"})
		refused(t, err, wire.CodeStreamConflict)
	})
}

// A site's backend writes piece by piece; a piece may be sent again, and none
// may be left out.
func TestWrite(t *testing.T) {
	inBubble(t, echo, func(t *testing.T, d *desk, _ func()) {
		d.ask(t)
		m, site := d.writes(t)
		write := func(r wire.EditRequest) (wire.Message, error) {
			return d.Write(t.Context(), site, m.ID, r)
		}
		for _, r := range []wire.EditRequest{{Append: "Grüße"}, {Append: "Grüße"}, {Append: " an", Offset: 7}, {Append: " alle", Offset: 10}} {
			if got, err := write(r); err != nil || got.Status != wire.StatusStreaming || !strings.HasSuffix(got.Body, r.Append) {
				t.Errorf("%+v: %+v, %v", r, got, err)
			}
		}
		long := strings.Repeat("é", wire.MaxMessageChars-12)
		for _, c := range []struct {
			r    wire.EditRequest
			code wire.Code
		}{
			{wire.EditRequest{Append: "x", Offset: 16}, wire.CodeStreamConflict},
			{wire.EditRequest{Append: "x", Offset: 3}, wire.CodeStreamConflict},
			{wire.EditRequest{Append: "x", Offset: -1}, wire.CodeStreamConflict},
			{wire.EditRequest{Append: "\xff", Offset: 15}, wire.CodeInvalidField},
			{wire.EditRequest{Append: "a\x00", Offset: 15}, wire.CodeInvalidField},
			{wire.EditRequest{Append: long, Offset: 15}, wire.CodeMessageTooLong},
			{wire.EditRequest{Status: "streaming"}, wire.CodeInvalidField},
			{wire.EditRequest{Append: "x", Body: "y", Offset: 15}, wire.CodeInvalidField},
		} {
			_, err := write(c.r)
			refused(t, err, c.code)
		}
		_, err := d.Write(t.Context(), d.caller, m.ID, wire.EditRequest{Append: "x", Offset: 15})
		refused(t, err, wire.CodeForbidden)
		_, err = d.Edit(t.Context(), site, m.ID, "Other")
		refused(t, err, wire.CodeStreamConflict)
		_, err = d.Write(t.Context(), site, "unknown", wire.EditRequest{Append: "x"})
		refused(t, err, wire.CodeNotFound)
		done, err := write(wire.EditRequest{Append: "!", Offset: 15, Status: wire.StatusComplete})
		if err != nil || done.Body != "Grüße an alle!" || done.Status != wire.StatusComplete {
			t.Errorf("done: %+v, %v", done, err)
		}
		if again, err := write(wire.EditRequest{Status: wire.StatusComplete}); err != nil || again.Rev != done.Rev {
			t.Errorf("done again: %+v, %v", again, err)
		}
		_, err = write(wire.EditRequest{Append: "?", Offset: 16})
		refused(t, err, wire.CodeStreamConflict)
		_, err = write(wire.EditRequest{Status: wire.StatusFailed})
		refused(t, err, wire.CodeStreamConflict)
		_, _, err = d.Send(t.Context(), d.caller, wire.SendRequest{ClientID: "v", Status: wire.StatusStreaming})
		refused(t, err, wire.CodeForbidden)
	})
}

// Who asks for a message and follows the deltas has every word once, whenever
// they come in.
func TestJoinMidway(t *testing.T) {
	inBubble(t, echo, func(t *testing.T, d *desk, _ func()) {
		m, site := d.writes(t)
		text := strings.Repeat("0123456789", 100)
		for i := 0; i < len(text); i += 10 {
			if _, err := d.Write(t.Context(), site, m.ID, wire.EditRequest{Append: text[i : i+10], Offset: i}); err != nil {
				t.Fatal(err)
			}
			if i%70 == 0 {
				take[wire.MessageDelta](t, d.events, wire.EventMessageDelta)
				seen := d.last(t).Body
				time.Sleep(time.Millisecond)
				for _, delta := range take[wire.MessageDelta](t, d.events, wire.EventMessageDelta) {
					if delta.Offset > len(seen) {
						t.Fatalf("a gap: %d bytes, and a delta at %d", len(seen), delta.Offset)
					}
				}
			}
			time.Sleep(7 * time.Millisecond)
		}
	})
}

// A stream of whom nothing is heard any more has failed; an empty one cannot be
// complete, and one that is deleted has ended.
func TestStreamEnds(t *testing.T) {
	inBubble(t, echo, func(t *testing.T, d *desk, _ func()) {
		m, site := d.writes(t)
		_, err := d.Write(t.Context(), site, m.ID, wire.EditRequest{Status: wire.StatusComplete})
		refused(t, err, wire.CodeMessageEmpty)
		if _, err := d.Write(t.Context(), site, m.ID, wire.EditRequest{Append: "Some"}); err != nil {
			t.Errorf("after a refusal: %v", err)
		}
		time.Sleep(59 * time.Second)
		if got := d.last(t); got.Status != wire.StatusStreaming {
			t.Errorf("too early: %+v", got)
		}
		time.Sleep(2 * time.Second)
		if got := d.last(t); got.Status != wire.StatusFailed || got.Body != "Some" {
			t.Errorf("after a minute: %+v", got)
		}
		second, _, err := d.Send(t.Context(), site, wire.SendRequest{ClientID: "s2", Body: "Be", Status: wire.StatusStreaming})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Remove(t.Context(), site, second.ID); err != nil {
			t.Fatal(err)
		}
		_, err = d.Write(t.Context(), site, second.ID, wire.EditRequest{Append: "gone", Offset: 2})
		refused(t, err, wire.CodeStreamConflict)
		time.Sleep(2 * time.Minute)
		if got := d.last(t); got.DeletedAt == nil || got.Body != "" {
			t.Errorf("deleted: %+v", got)
		}
	})
}

// What comes all at once goes out in events that every provider takes.
func TestDeltasAreSmall(t *testing.T) {
	inBubble(t, echo, func(t *testing.T, d *desk, _ func()) {
		m, site := d.writes(t)
		text := strings.Repeat("\u2028", wire.MaxMessageChars) // six characters each in JSON
		if _, err := d.Write(t.Context(), site, m.ID, wire.EditRequest{Append: text}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second - time.Millisecond)
		d.events.mu.Lock()
		for _, e := range d.events.all {
			if len(e.data) > wire.MaxEventBytes {
				t.Errorf("%s has %d bytes", e.event, len(e.data))
			}
		}
		d.events.mu.Unlock()
		got := ""
		for _, delta := range take[wire.MessageDelta](t, d.events, wire.EventMessageDelta) {
			got += delta.Text
		}
		if got != text {
			t.Errorf("%d of %d bytes", len(got), len(text))
		}
	})
}
