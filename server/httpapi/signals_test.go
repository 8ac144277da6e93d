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
	page = s.until(session, func(p wire.Page) bool { return len(p.Signals) == 2 })
	if got := page.Signals[1]; page.Signals[0].Type != wire.SignalOnline || got.Type != wire.SignalTyping || got.Author.ID != "site-anna" || got.Author.Name != "Anna" {
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

// Whoever calls is here, in how many tabs ever, until they give their token back.
func TestPresence(t *testing.T) {
	s := newServer(t)
	host := s.begin()
	s.send(host, "k1", "Hello")
	code := decode[wire.Invitation](t, s.call("POST", of(wire.PathInvitations, host.Conversation.ID), "", bearer(host.Token))).Code
	guest := decode[wire.Session](t, s.call("POST", wire.PathJoin, `{"code":"`+code+`","name":"Ben"}`))
	seen := func(by wire.Session) (all []wire.Signal) {
		t.Helper()
		page := decode[wire.Page](t, s.call("GET", of(wire.PathMessages, by.Conversation.ID), "", bearer(by.Token)))
		for _, signal := range page.Signals {
			if signal.Type.Presence() {
				all = append(all, signal)
			}
		}
		return all
	}
	if got := seen(host); len(got) != 0 {
		t.Errorf("before the guest has called: %+v", got)
	}
	for range 2 {
		s.call("GET", of(wire.PathConversation, guest.Conversation.ID), "", bearer(guest.Token))
	}
	if got := seen(host); len(got) != 1 || got[0].Type != wire.SignalOnline || got[0].Author.Name != "Ben" || got[0].Author.ID != guest.Participant.ID {
		t.Errorf("the guest is seen as %+v", got)
	}
	presence := of(wire.PathPresence, host.Conversation.ID)
	for body, token := range map[string]string{`{"state":"away"}`: guest.Token, `{"state":"online","author":{"id":"anna","role":"agent","name":"Anna"}}`: serverKey} {
		if w := s.call("POST", presence, body, bearer(token)); w.Code != http.StatusNoContent {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	for _, signal := range seen(host) {
		if want := map[bool]wire.SignalType{true: wire.SignalAway, false: wire.SignalOnline}[signal.Author.ID == guest.Participant.ID]; signal.Type != want {
			t.Errorf("%s is %s, want %s", signal.Author.Name, signal.Type, want)
		}
	}
	if w := s.call("DELETE", of(wire.PathToken, guest.Conversation.ID), "", bearer(guest.Token)); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if got := seen(host); len(got) != 1 || got[0].Author.ID != "site-anna" {
		t.Errorf("after the guest has left: %+v", got)
	}
	s.pass(wire.PresenceTTL * time.Millisecond)
	if got := seen(host); len(got) != 0 {
		t.Errorf("a minute later: %+v", got)
	}
}
