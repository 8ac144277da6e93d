package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

// visitorCalls are the calls of a visitor, each with a body that it takes.
var visitorCalls = []struct{ method, path, body string }{
	{"GET", wire.PathConversation, ""},
	{"GET", wire.PathMessages, ""},
	{"GET", wire.PathMessages + "?since=x-0&wait=1", ""},
	{"POST", wire.PathMessages, `{"clientId":"k","body":"b"}`},
	{"POST", wire.PathRead, `{"seq":0}`},
	{"POST", wire.PathToken, ""},
	{"POST", wire.PathInvitations, ""},
	{"POST", wire.PathChannelAuth, `{"channel_name":"x","socket_id":"1.2"}`},
	{"POST", wire.PathUserAuth, `{"socket_id":"1.2"}`},
	{"DELETE", wire.PathToken, ""}, // last: it spoils the token
}

// Every call x every token that is none for it.
func TestTokensAtEveryDoor(t *testing.T) {
	s := newServer(t)
	session, other, gone := s.begin(), s.begin(), s.begin()
	s.send(session, "k1", "Hello")
	if w := s.call("DELETE", of(wire.PathToken, gone.Conversation.ID), "", bearer(gone.Token)); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Fatalf("revoke: %d %s", w.Code, w.Body)
	}
	expired, _, err := s.tokens.Issue(auth.Visitor{Participant: "p", Conversation: session.Conversation.ID}, s.clock().Add(-auth.TokenLifetime-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := s.tickets.Issue(site, s.clock())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range visitorCalls {
		for _, token := range []struct {
			name, token, conversation string
			status                    int
			code                      wire.Code
		}{
			{"none", "", session.Conversation.ID, 401, wire.CodeUnauthorized},
			{"wrong", session.Token + "x", session.Conversation.ID, 401, wire.CodeUnauthorized},
			{"a site ticket", ticket, session.Conversation.ID, 401, wire.CodeUnauthorized},
			{"expired", expired, session.Conversation.ID, 401, wire.CodeTokenExpired},
			{"revoked", gone.Token, gone.Conversation.ID, 401, wire.CodeTokenRevoked},
			{"of another conversation", other.Token, session.Conversation.ID, 404, wire.CodeNotFound},
			{"for an unknown conversation", other.Token, "unknown", 404, wire.CodeNotFound},
		} {
			if token.status == 404 && !strings.Contains(c.path, "{id}") {
				continue // the channel names the conversation; TestBadInput has it
			}
			w := s.call(c.method, of(c.path, token.conversation), c.body, bearer(token.token))
			if got := decode[wire.ErrorAnswer](t, w); w.Code != token.status || got.Error == nil || got.Error.Code != token.code {
				t.Errorf("%s %s with a token that is %s: %d %s", c.method, c.path, token.name, w.Code, w.Body)
			}
		}
		if strings.Contains(c.path, "{id}") {
			foreign := s.call(c.method, of(c.path, session.Conversation.ID), c.body, bearer(other.Token))
			unknown := s.call(c.method, of(c.path, "unknown"), c.body, bearer(other.Token))
			if foreign.Body.String() != unknown.Body.String() || foreign.Code != unknown.Code {
				t.Errorf("%s %s: a foreign conversation can be told from an unknown one", c.method, c.path)
			}
		}
	}
	for _, path := range []string{wire.PathRead, wire.PathToken} {
		path = of(path, session.Conversation.ID)
		if w := s.call("PUT", path, "{}", bearer(session.Token)); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
			t.Errorf("PUT %s: %d", path, w.Code)
		}
		if w := s.call("POST", path, "a=b", bearer(session.Token), "Content-Type: application/x-www-form-urlencoded"); w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("a form at %s: %d", path, w.Code)
		}
	}
	for _, secret := range []string{session.Token, gone.Token} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("the log holds a token")
		}
	}
}

func (s *server) read(session wire.Session, seq int64) (wire.ReadAnswer, int) {
	w := s.call("POST", of(wire.PathRead, session.Conversation.ID), fmt.Sprintf(`{"seq":%d}`, seq), bearer(session.Token))
	return decode[wire.ReadAnswer](s.t, w), w.Code
}

func TestReadMarks(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	s.send(session, "k1", "Hello")
	page := s.until(session, func(p wire.Page) bool { return len(p.Messages) == 2 })
	find := func(p wire.Page) (found wire.Participant) {
		for _, one := range p.Participants {
			if one.ID == session.Participant.ID {
				found = one
			}
		}
		return found
	}
	if got := find(page); got.ReadSeq != 1 {
		t.Errorf("after an own message: %+v", got)
	}
	before := len(s.events.list())
	for _, c := range []struct{ ask, want int64 }{{2, 2}, {1, 2}, {2, 2}, {0, 2}} {
		if got, code := s.read(session, c.ask); code != 200 || got.ReadSeq != c.want {
			t.Errorf("mark %d: %d %+v, want %d", c.ask, code, got, c.want)
		}
	}
	others := func(event string) bool { return !strings.Contains(event, wire.EventParticipantUpdated) } // the answer's may still come
	if events := slices.DeleteFunc(s.events.list()[before:], others); len(events) != 1 {
		t.Errorf("announced: %q, want one change", events)
	}
	session.Cursor = page.Cursor
	page = s.until(session, func(p wire.Page) bool { return p.Cursor != session.Cursor })
	if got := find(page); got.ReadSeq != 2 || len(page.Messages) != 0 || len(page.Participants) != 1 {
		t.Errorf("what the mark changed: %+v", page)
	}
	badge := decode[wire.Badge](t, s.call("GET", of(wire.PathConversation, session.Conversation.ID), "", bearer(session.Token)))
	if badge.LastSeq != 2 || badge.ReadSeq != 2 || badge.Unread != 0 {
		t.Errorf("badge %+v", badge)
	}
	w := s.call("POST", of(wire.PathRead, session.Conversation.ID), `{"seq":3}`, bearer(session.Token))
	if !strings.Contains(w.Body.String(), "0 to 2") {
		t.Errorf("the range is not named: %s", w.Body)
	}
}

func (s *server) renew(token, conversation string) wire.TokenAnswer {
	s.t.Helper()
	w := s.call("POST", of(wire.PathToken, conversation), "", bearer(token))
	if w.Code != http.StatusOK {
		s.t.Fatalf("renew: %d %s", w.Code, w.Body)
	}
	return decode[wire.TokenAnswer](s.t, w)
}

func TestRenewAndRevoke(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	id := session.Conversation.ID
	if left := session.ExpiresAt.Time().Sub(s.clock()); left < auth.TokenLifetime-time.Second || left > auth.TokenLifetime {
		t.Errorf("the token expires in %s", left)
	}
	s.send(session, "k1", "Hello")
	s.pass(auth.TokenLifetime - time.Hour)
	renewed := s.renew(session.Token, id)
	s.pass(2 * time.Hour)
	if w := s.call("GET", of(wire.PathConversation, id), "", bearer(session.Token)); w.Code != http.StatusUnauthorized {
		t.Errorf("the old token after its time: %d", w.Code)
	}
	if w := s.call("GET", of(wire.PathConversation, id), "", bearer(renewed.Token)); w.Code != http.StatusOK || renewed.ExpiresAt <= session.ExpiresAt {
		t.Errorf("the new token: %d, expires %s", w.Code, renewed.ExpiresAt)
	}
	another := s.renew(renewed.Token, id)
	s.authorize(session, renewed.Token, "1.1")
	if w := s.call("DELETE", of(wire.PathToken, id), "", bearer(renewed.Token)); w.Code != http.StatusNoContent {
		t.Fatalf("revoke: %d %s", w.Code, w.Body)
	}
	for _, token := range []string{renewed.Token, another.Token} {
		if got := decode[wire.ErrorAnswer](t, s.call("GET", of(wire.PathConversation, id), "", bearer(token))).Error; got == nil || got.Code != wire.CodeTokenRevoked {
			t.Errorf("a revoked token: %+v", got)
		}
	}
	if p := session.Participant.ID; fmt.Sprint(s.endpoint.did) != fmt.Sprintf("[claim 1.1 %[1]s terminate %[1]s]", p) || s.knows(session, "1.1") {
		t.Errorf("the endpoint was told %v", s.endpoint.did)
	}
	other := s.begin()
	if w := s.call("GET", of(wire.PathConversation, other.Conversation.ID), "", bearer(other.Token)); w.Code != http.StatusOK {
		t.Errorf("somebody else's token: %d", w.Code)
	}
}

// endpoint notes what it is told.
type endpoint struct {
	did    []string
	refuse bool
	before func() // comes before a claim
}

func (e *endpoint) Claim(socketID, participant string) bool {
	if e.before != nil {
		e.before()
	}
	e.did = append(e.did, "claim "+socketID+" "+participant)
	return !e.refuse
}

func (e *endpoint) Terminate(participant string) { e.did = append(e.did, "terminate "+participant) }

// authorize subscribes a socket of our own endpoint to the session's channel.
func (s *server) authorize(session wire.Session, token, socketID string) *httptest.ResponseRecorder {
	return s.call("POST", wire.PathChannelAuth, fmt.Sprintf(`{"socket_id":%q,"channel_name":%q}`, socketID, wire.Channel(session.Conversation.ID)), bearer(token))
}

// A token that is given back while it authorizes a connection does not leave that
// connection open: the endpoint may have been told to end it before it knew whose
// it was.
func TestRevokedWhileAuthorizing(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	s.endpoint.before = func() {
		s.endpoint.before = nil
		s.call("DELETE", of(wire.PathToken, session.Conversation.ID), "", bearer(session.Token))
	}
	if w := s.authorize(session, session.Token, "1.1"); w.Code != http.StatusUnauthorized {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	p := session.Participant.ID
	if want := fmt.Sprintf("[terminate %[1]s claim 1.1 %[1]s terminate %[1]s]", p); fmt.Sprint(s.endpoint.did) != want {
		t.Errorf("the endpoint was told %v, want %v", s.endpoint.did, want)
	}
}

func TestTooManyHolders(t *testing.T) {
	s := newServer(t)
	s.endpoint.refuse = true
	session := s.begin()
	if w := s.authorize(session, session.Token, "1.1"); w.Code != http.StatusForbidden {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

// A poll that waits ends at once when its token is revoked.
func TestRevocationEndsPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		session := s.begin()
		type outcome struct {
			status int
			body   string
			after  time.Duration
		}
		answered := make(chan outcome, 1)
		began := time.Now()
		go func() {
			w := s.call("GET", of(wire.PathMessages, session.Conversation.ID)+"?wait=25&since="+session.Cursor.String(), "", bearer(session.Token))
			answered <- outcome{w.Code, w.Body.String(), time.Since(began)}
		}()
		synctest.Wait() // the poll waits
		if w := s.call("DELETE", of(wire.PathToken, session.Conversation.ID), "", bearer(session.Token)); w.Code != http.StatusNoContent {
			t.Errorf("revoke: %d", w.Code)
		}
		got := <-answered
		if got.status != http.StatusUnauthorized || !strings.Contains(got.body, string(wire.CodeTokenRevoked)) || got.after > 0 {
			t.Errorf("the poll: %+v", got)
		}
	})
}

func TestCORSAllowsRevocation(t *testing.T) {
	s := newServer(t)
	w := s.call("OPTIONS", of(wire.PathToken, "c"), "", "Origin: "+site, "Access-Control-Request-Method: DELETE")
	if !strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "DELETE") {
		t.Errorf("%v", w.Header())
	}
}

func (s *server) knows(session wire.Session, socketID string) bool {
	_, ok := s.sockets.Provider(session.Participant.ID, socketID)
	return ok
}
