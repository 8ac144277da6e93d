package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"chatbot/widget/wire"
)

// An agent who types is seen by the visitor's poll, and not by their own.
func TestTyping(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	s.send(session, "k1", "Hello")
	page := s.until(session, func(p wire.Page) bool { return len(p.Messages) == 2 && len(p.Signals) == 0 })
	session.Cursor = page.Cursor
	path := of(wire.PathTyping, session.Conversation.ID)
	for body, token := range map[string]string{`{"on":true,"author":{"id":"anna","role":"agent","name":"Anna"}}`: serverKey, `{"on":true}`: session.Token} {
		if w := s.call("POST", path, body, bearer(token)); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	page = s.until(session, func(p wire.Page) bool { return len(p.Signals) > 0 })
	if got := page.Signals[0]; len(page.Signals) != 1 || got.Type != wire.SignalTyping || got.Author.ID != "site-anna" || got.Author.Name != "Anna" {
		t.Errorf("signals %+v", page.Signals)
	}
}

// A flood of small things is refused for the one who makes it.
func TestGestureFlood(t *testing.T) {
	s := newServer(t)
	session, other := s.begin(), s.begin()
	typing := func(session wire.Session) int {
		w := s.call("POST", of(wire.PathTyping, session.Conversation.ID), `{"on":true}`, bearer(session.Token))
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Error("without Retry-After")
		}
		return w.Code
	}
	for range 120 {
		if code := typing(session); code != http.StatusNoContent {
			t.Fatalf("got %d", code)
		}
	}
	if code := typing(session); code != http.StatusTooManyRequests {
		t.Errorf("one more got %d", code)
	}
	if code := typing(other); code != http.StatusNoContent {
		t.Errorf("somebody else got %d", code)
	}
	s.pass(time.Minute)
	if code := typing(session); code != http.StatusNoContent {
		t.Errorf("a minute later: %d", code)
	}
}
