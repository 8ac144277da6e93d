package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatbot/widget/wire"
)

func (s *server) transcript(session wire.Session, query, token string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.call("GET", of(wire.PathTranscript, session.Conversation.ID)+query, "", bearer(token))
}

// The whole of a talk of several pages, as a file, for who takes part in it and
// for the site.
func TestTranscript(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	s.send(session, "k1", "Hello")
	s.until(session, func(p wire.Page) bool { return len(p.Messages) == 2 })
	for i := range 250 {
		w := s.call("POST", of(wire.PathMessages, session.Conversation.ID), fmt.Sprintf(`{"clientId":"a%d","body":"Number %d."}`, i, i), bearer(serverKey))
		if w.Code != http.StatusCreated {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	w := s.transcript(session, "", session.Token)
	text := w.Body.String()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if want := `attachment; filename="chat-` + s.clock().UTC().Format(time.DateOnly) + `.txt"`; w.Header().Get("Content-Disposition") != want {
		t.Errorf("Content-Disposition: %s, want %s", w.Header().Get("Content-Disposition"), want)
	}
	if !strings.HasPrefix(text, "Chat conversation\n") || !strings.Contains(text, "  You\n    Hello\n") || !strings.Contains(text, "  Bot\n    You said: Hello\n") {
		t.Errorf("it begins %.300s", text)
	}
	at := 0
	for i := range 250 {
		next := strings.Index(text[at:], fmt.Sprintf("  Support\n    Number %d.\n", i))
		if next < 0 {
			t.Fatalf("message %d is missing, or not in its place", i)
		}
		at += next
	}
	german := s.transcript(session, "?language=de&zone=Europe/Berlin&last=3", session.Token).Body.String()
	if !strings.Contains(german, "(Europe/Berlin)\nFrühere Nachrichten fehlen: Hier stehen nur die letzten 3.\n") || strings.Count(german, "Number") != 3 || !strings.Contains(german, "Number 247.") {
		t.Errorf("the last three: %s", german)
	}
	if site := s.transcript(session, "?last=252", serverKey).Body.String(); strings.Contains(site, "left out") || !strings.Contains(site, "  Visitor\n    Hello\n") {
		t.Errorf("for the site: %.300s", site)
	}
}

// Of what was never said there is a heading.
func TestTranscriptOfNothing(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	if w := s.transcript(session, "", session.Token); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "Chat conversation\nSaved on ") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestTranscriptRefused(t *testing.T) {
	s := newServer(t)
	session, other := s.begin(), s.begin()
	s.send(session, "k1", "Hello")
	for _, c := range []struct {
		name, query, token string
		status             int
		code               wire.Code
	}{
		{"no token", "", "", http.StatusUnauthorized, wire.CodeUnauthorized},
		{"another's token", "", other.Token, http.StatusNotFound, wire.CodeNotFound},
		{"none of the last", "?last=0", session.Token, http.StatusUnprocessableEntity, wire.CodeInvalidField},
		{"too many", "?last=10001", session.Token, http.StatusUnprocessableEntity, wire.CodeInvalidField},
		{"no number", "?last=x", serverKey, http.StatusUnprocessableEntity, wire.CodeInvalidField},
	} {
		w := s.transcript(session, c.query, c.token)
		if got := decode[wire.ErrorAnswer](t, w); w.Code != c.status || got.Error.Code != c.code || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %s %v", c.name, w.Code, w.Body, w.Header())
		}
	}
	nowhere := other
	nowhere.Conversation.ID = "nowhere"
	if w := s.transcript(nowhere, "", serverKey); w.Code != http.StatusNotFound {
		t.Errorf("of what is not there: %d %s", w.Code, w.Body)
	}
}

// One participant gets so many a minute, and is told when the next; others and
// the site are not counted with them.
func TestTranscriptFlood(t *testing.T) {
	s := newServer(t)
	session, other := s.begin(), s.begin()
	for range 6 {
		if w := s.transcript(session, "", session.Token); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	w := s.transcript(session, "", session.Token)
	if got := decode[wire.ErrorAnswer](t, w); w.Code != http.StatusTooManyRequests || got.Error.Code != wire.CodeRateLimited || w.Header().Get("Retry-After") != "10" && w.Header().Get("Retry-After") != "11" {
		t.Errorf("%d %s, Retry-After %s", w.Code, w.Body, w.Header().Get("Retry-After"))
	}
	if w := s.transcript(other, "", other.Token); w.Code != http.StatusOK {
		t.Errorf("another visitor: %d %s", w.Code, w.Body)
	}
	s.pass(11 * time.Second)
	if w := s.transcript(session, "", session.Token); w.Code != http.StatusOK {
		t.Errorf("after the wait: %d %s", w.Code, w.Body)
	}
}

// gone is a client that goes after some bytes.
type gone struct {
	*httptest.ResponseRecorder
	left int
}

func (g *gone) Write(p []byte) (int, error) {
	if g.left -= len(p); g.left < 0 {
		return 0, http.ErrHandlerTimeout
	}
	return g.ResponseRecorder.Write(p)
}

// What breaks off in the middle does not end as if it were whole.
func TestTranscriptBrokenOff(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	s.send(session, "k1", strings.Repeat("Hello ", 100))
	r := httptest.NewRequest("GET", ownOrigin+of(wire.PathTranscript, session.Conversation.ID), nil)
	r.Header.Set("Authorization", "Bearer "+session.Token)
	defer func() {
		if fault := recover(); fault != http.ErrAbortHandler {
			t.Errorf("the connection was not ended: %v", fault)
		}
	}()
	s.handler.ServeHTTP(&gone{httptest.NewRecorder(), 200}, r)
	t.Error("an answer that lacks the rest ended well")
}
