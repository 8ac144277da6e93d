package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"chatbot/widget/wire"
)

// A conversation is deleted by whoever has the server key and by nobody else, and
// then nothing of it can be had by anybody.
func TestDeleteConversation(t *testing.T) {
	s := newServer(t)
	session, other := s.begin(), s.begin()
	path := of(wire.PathConversation, session.Conversation.ID)
	s.send(session, "k1", "Hello")
	s.send(other, "k1", "Hello")
	s.authorize(session, session.Token, "1.1")
	for name, header := range map[string][]string{"nobody": nil, "the visitor": {bearer(session.Token)}, "another visitor": {bearer(other.Token)}, "a wrong key": {bearer(serverKey + "x")}} {
		if w := s.call("DELETE", path, "", header...); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for _, wrong := range []string{"unknown", "x%2F..%2Fy"} {
		if w := s.call("DELETE", of(wire.PathConversation, wrong), "", bearer(serverKey)); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", wrong, w.Code, w.Body)
		}
	}
	if w := s.call("GET", path, "", bearer(session.Token)); w.Code != http.StatusOK {
		t.Fatalf("before: %d", w.Code)
	}
	if w := s.call("DELETE", path, "", bearer(serverKey)); w.Code != http.StatusNoContent {
		t.Fatalf("delete: %d %s", w.Code, w.Body)
	}
	for _, c := range visitorCalls {
		if c.method+" "+c.path == "DELETE "+wire.PathToken {
			continue
		}
		w := s.call(c.method, of(c.path, session.Conversation.ID), c.body, bearer(session.Token))
		if got := decode[wire.ErrorAnswer](t, w).Error; got == nil || got.Code != wire.CodeTokenRevoked {
			t.Errorf("%s %s: %d %+v", c.method, c.path, w.Code, got)
		}
	}
	if w := s.call("GET", of(wire.PathMessages, session.Conversation.ID), "", bearer(serverKey)); w.Code != http.StatusNotFound {
		t.Errorf("with the server key: %d %s", w.Code, w.Body)
	}
	if !slices.Contains(s.endpoint.did, "terminate "+session.Participant.ID) {
		t.Errorf("the endpoint was told %v", s.endpoint.did)
	}
	if w := s.call("GET", of(wire.PathConversation, other.Conversation.ID), "", bearer(other.Token)); w.Code != http.StatusOK {
		t.Errorf("another conversation: %d %s", w.Code, w.Body)
	}
	if w := s.call("DELETE", path, "", bearer(serverKey)); w.Code != http.StatusNotFound {
		t.Errorf("once more: %d %s", w.Code, w.Body)
	}
}

// A deletion that fails leaves everything as it was.
func TestDeleteNothing(t *testing.T) {
	s := newServer(t)
	session := s.begin() // not stored: nothing was said
	path := of(wire.PathConversation, session.Conversation.ID)
	if w := s.call("DELETE", path, "", bearer(serverKey)); w.Code != http.StatusNotFound {
		t.Fatalf("delete: %d %s", w.Code, w.Body)
	}
	s.send(session, "k1", "Hello")
	if w := s.call("GET", path, "", bearer(session.Token)); w.Code != http.StatusOK {
		t.Errorf("after it: %s", fmt.Sprint(w.Code, w.Body))
	}
}
