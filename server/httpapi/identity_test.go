package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

// signIn begins as a user of a site.
func (s *server) signIn(origin string, u wire.User) *httptest.ResponseRecorder {
	s.t.Helper()
	body, err := json.Marshal(wire.CreateRequest{User: &u})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.call("POST", wire.PathConversations, string(body), "Origin: "+origin)
}

// vouched is the user with the site's word.
func (s *server) vouched(id, name string) wire.User {
	u := wire.User{ID: id, Name: name}
	u.Hash = s.identities.Sign(site, u, s.clock().Add(time.Hour))
	return u
}

func TestSignIn(t *testing.T) {
	s := newServer(t)
	w := s.signIn(site, s.vouched("u1", "Ann"))
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	first := decode[wire.Session](t, w)
	list := decode[wire.ConversationList](t, s.call("GET", wire.PathConversations, "", bearer(serverKey)))
	if len(list.Conversations) != 0 {
		t.Errorf("stored before anything was said: %+v", list)
	}
	sent := decode[wire.SendAnswer](t, s.send(first, "k1", "Hello")).Message
	if sent.Author.Name != "Ann" || sent.Author.ID != first.Participant.ID {
		t.Errorf("the author is %+v", sent.Author)
	}

	w = s.signIn(site, s.vouched("u1", "Ann"))
	second := decode[wire.Session](t, w)
	if w.Code != http.StatusOK || second.Conversation.ID != first.Conversation.ID || second.Participant.ID != first.Participant.ID || second.Participant.ReadSeq != 1 {
		t.Errorf("on another device: %d %+v, want %+v", w.Code, second, first)
	}
	page := s.until(second, func(p wire.Page) bool { return len(p.Messages) == 2 })
	second.Cursor = page.Cursor

	w = s.signIn(site, s.vouched("u1", "Anna"))
	if renamed := decode[wire.Session](t, w); w.Code != http.StatusOK || renamed.Participant.Name != "Anna" {
		t.Errorf("under another name: %d %+v", w.Code, renamed)
	}
	page = s.until(second, func(p wire.Page) bool { return p.Cursor != second.Cursor })
	if len(page.Participants) != 1 || page.Participants[0].Name != "Anna" {
		t.Errorf("the others are told of %+v", page.Participants)
	}
	if events := s.events.list(); !strings.Contains(events[len(events)-1], wire.EventParticipantUpdated) {
		t.Errorf("events %q", events)
	}

	// Giving the tokens back does not lock the user out.
	if w := s.call("DELETE", of(wire.PathToken, second.Conversation.ID), "", bearer(second.Token)); w.Code != http.StatusNoContent {
		t.Fatalf("revoke: %d", w.Code)
	}
	again := decode[wire.Session](t, s.signIn(site, s.vouched("u1", "Anna")))
	if w := s.call("GET", of(wire.PathConversation, again.Conversation.ID), "", bearer(again.Token)); w.Code != http.StatusOK {
		t.Errorf("signed in again: %d %s", w.Code, w.Body)
	}
	for _, old := range []string{first.Token, second.Token} {
		if w := s.call("GET", of(wire.PathConversation, again.Conversation.ID), "", bearer(old)); w.Code != http.StatusUnauthorized {
			t.Errorf("a token from before: %d", w.Code)
		}
	}
}

// An anonymous history never joins a user, nor one user's another.
func TestSignInKeepsHistoriesApart(t *testing.T) {
	s := newServer(t)
	anonymous := s.begin()
	s.send(anonymous, "k1", "Nobody knows me")
	seen := map[string]bool{anonymous.Conversation.ID: true}
	for _, id := range []string{"u1", "u2", "U1"} {
		body, err := json.Marshal(wire.CreateRequest{User: ptr(s.vouched(id, "Ann"))})
		if err != nil {
			t.Fatal(err)
		}
		// Also where the anonymous token comes along.
		w := s.call("POST", wire.PathConversations, string(body), "Origin: "+site, bearer(anonymous.Token))
		session := decode[wire.Session](t, w)
		if w.Code != http.StatusCreated || seen[session.Conversation.ID] {
			t.Errorf("%s: %d %+v", id, w.Code, session)
		}
		seen[session.Conversation.ID] = true
		s.send(session, "k1", "Hello")
	}
}

func ptr[T any](v T) *T { return &v }

// Each field swapped, and nothing made by it.
func TestSignInRefused(t *testing.T) {
	s := newServer(t)
	good := s.vouched("u1", "Ann")
	change := func(f func(*wire.User)) wire.User {
		u := good
		f(&u)
		return u
	}
	late := wire.User{ID: "u1", Name: "Ann"}
	late.Hash = s.identities.Sign(site, late, s.clock())
	far := wire.User{ID: "u1", Name: "Ann"}
	far.Hash = s.identities.Sign(site, far, s.clock().Add(auth.IdentityLifetime+time.Hour))
	for _, c := range []struct {
		name, origin string
		user         wire.User
		status       int
		code         wire.Code
	}{
		{"another id", site, change(func(u *wire.User) { u.ID = "u2" }), 401, wire.CodeIdentityInvalid},
		{"another name", site, change(func(u *wire.User) { u.Name = "Bob" }), 401, wire.CodeIdentityInvalid},
		{"another site", ownOrigin, good, 401, wire.CodeIdentityInvalid},
		{"no hash", site, change(func(u *wire.User) { u.Hash = "" }), 401, wire.CodeIdentityInvalid},
		{"expired", site, late, 401, wire.CodeIdentityInvalid},
		{"for too long", site, far, 401, wire.CodeIdentityInvalid},
		{"the server key as hash", site, change(func(u *wire.User) { u.Hash = serverKey }), 401, wire.CodeIdentityInvalid},
		{"no id", site, change(func(u *wire.User) { u.ID = "" }), 422, wire.CodeInvalidField},
		{"a long id", site, change(func(u *wire.User) { u.ID = strings.Repeat("u", wire.MaxUserIDLength+1) }), 422, wire.CodeInvalidField},
		{"a name with direction", site, change(func(u *wire.User) { u.Name = "x\u202ey" }), 422, wire.CodeInvalidField},
		{"a site that is not allowed", "https://evil.example", good, 403, wire.CodeOriginNotAllowed},
	} {
		w := s.signIn(c.origin, c.user)
		if got := decode[wire.ErrorAnswer](t, w).Error; w.Code != c.status || got == nil || got.Code != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, w.Code, w.Body, c.status, c.code)
		}
	}
	if w := s.call("POST", wire.PathConversations, `{"user":{"id":"u1","hash":"x","role":"agent"}}`); w.Code != http.StatusBadRequest {
		t.Errorf("an unknown field of the user: %d", w.Code)
	}
	if w := s.signIn(site, good); w.Code != http.StatusCreated {
		t.Errorf("after all that the user was known: %d %s", w.Code, w.Body)
	}
	if strings.Contains(s.log.String(), good.Hash) {
		t.Error("the log holds a hash")
	}
	// A site ticket names the site as well as the browser does.
	ticket, err := s.tickets.Issue(site, s.clock())
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(wire.CreateRequest{User: &good})
	if err != nil {
		t.Fatal(err)
	}
	if w := s.call("POST", wire.PathConversations, string(body), "Origin: "+ownOrigin, wire.HeaderSite+": "+ticket); w.Code != http.StatusCreated {
		t.Errorf("with a ticket: %d %s", w.Code, w.Body)
	}
}
