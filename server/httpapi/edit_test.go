package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatbot/widget/wire"
)

func TestEditAndDelete(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	m := decode[wire.SendAnswer](t, s.send(session, "k1", "Hello")).Message
	page := s.until(session, func(p wire.Page) bool { return len(p.Messages) == 2 })
	session.Cursor = page.Cursor
	w := s.call("PATCH", message(session, m.ID), `{"body":"Hello!"}`, bearer(session.Token))
	if got := decode[wire.SendAnswer](t, w).Message; w.Code != http.StatusOK || got.Body != "Hello!" || got.EditedAt == nil {
		t.Errorf("edit: %d %s", w.Code, w.Body)
	}
	page = s.until(session, func(p wire.Page) bool { return len(p.Messages) == 1 })
	if page.Messages[0].Body != "Hello!" {
		t.Errorf("a poll finds %+v", page.Messages)
	}
	w = s.call("DELETE", message(session, m.ID), "", bearer(session.Token))
	if got := decode[wire.SendAnswer](t, w).Message; w.Code != http.StatusOK || got.Body != "" || got.DeletedAt == nil || got.Seq != m.Seq {
		t.Errorf("delete: %d %s", w.Code, w.Body)
	}
	if w := s.call("PATCH", message(session, m.ID), `{"body":"Back"}`, bearer(session.Token)); w.Code != http.StatusConflict {
		t.Errorf("edit of what is gone: %d %s", w.Code, w.Body)
	}
	bot := page.Messages[0]
	for _, m := range decode[wire.Page](t, s.call("GET", of(wire.PathMessages, session.Conversation.ID), "", bearer(session.Token))).Messages {
		if m.Role == wire.RoleBot {
			bot = m
		}
	}
	if w := s.call("PATCH", message(session, bot.ID), `{"body":"Mine"}`, bearer(session.Token)); w.Code != http.StatusForbidden {
		t.Errorf("edit of the bot's words: %d %s", w.Code, w.Body)
	}
	if w := s.call("PATCH", message(session, bot.ID), `{"body":"Better"}`, bearer(serverKey)); w.Code != http.StatusOK {
		t.Errorf("edit of the bot's words by the site: %d %s", w.Code, w.Body)
	}
	s.pass((wire.EditSeconds + 1) * time.Second)
	w = s.call("DELETE", message(session, bot.ID), "", bearer(serverKey))
	if got := decode[wire.ErrorAnswer](t, w); w.Code != http.StatusForbidden || got.Error.Code != wire.CodeTooLate {
		t.Errorf("too late: %d %s", w.Code, w.Body)
	}
}

func TestReply(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	m := decode[wire.SendAnswer](t, s.send(session, "k1", "Hello")).Message
	w := s.call("POST", of(wire.PathMessages, session.Conversation.ID), `{"clientId":"k2","body":"I mean it","replyTo":"`+m.ID+`"}`, bearer(session.Token))
	if got := decode[wire.SendAnswer](t, w).Message; w.Code != http.StatusCreated || got.ReplyTo != m.ID {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestReactions(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	m := decode[wire.SendAnswer](t, s.send(session, "k1", "Hello")).Message
	thumb := strings.NewReplacer("{id}", session.Conversation.ID, "{message}", m.ID, "{emoji}", url.PathEscape("👍🏽")).Replace(wire.PathReaction)
	for _, token := range []string{session.Token, serverKey, session.Token} {
		if w := s.call("PUT", thumb, "", bearer(token)); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	w := s.call("PUT", strings.Replace(thumb, url.PathEscape("👍🏽"), "%23%EF%B8%8F%E2%83%A3", 1), "", bearer(session.Token))
	got := decode[wire.SendAnswer](t, w).Message.Reactions
	if len(got) != 2 || got[0].Emoji != "👍🏽" || len(got[0].By) != 2 || got[0].By[0] != session.Participant.ID || got[0].By[1] != "site-agent" || got[1].Emoji != "#️⃣" {
		t.Errorf("reactions %+v", got)
	}
	w = s.call("DELETE", thumb, "", bearer(session.Token))
	if got := decode[wire.SendAnswer](t, w).Message.Reactions; len(got) != 2 || len(got[0].By) != 1 && len(got[1].By) != 1 {
		t.Errorf("after one was taken away: %s", w.Body)
	}
}

// A site's backend writes piece by piece; a poll sees it grow; the visitor stops
// it.
func TestStreaming(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	s.send(session, "k1", "Hello")
	page := s.until(session, func(p wire.Page) bool { return len(p.Messages) == 2 })
	session.Cursor = page.Cursor
	w := s.call("POST", of(wire.PathMessages, session.Conversation.ID), `{"clientId":"s1","body":"","status":"streaming","author":{"id":"ai","role":"bot","name":"AI"}}`, bearer(serverKey))
	m := decode[wire.SendAnswer](t, w).Message
	if w.Code != http.StatusCreated || m.Status != wire.StatusStreaming {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, piece := range []string{`{"append":"**One**"}`, `{"append":" two","offset":7}`} {
		if w := s.call("PATCH", message(session, m.ID), piece, bearer(serverKey)); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", piece, w.Code, w.Body)
		}
	}
	page = s.until(session, func(p wire.Page) bool { return len(p.Messages) == 1 && p.Messages[0].Body == "**One** two" })
	if got := page.Messages[0]; got.Status != wire.StatusStreaming || len(got.Content) != 1 || got.Content[0].Children[0].Kind != "strong" {
		t.Errorf("a poll sees %+v", got)
	}
	w = s.call("POST", message(session, m.ID)+"/stop", "", bearer(session.Token))
	if got := decode[wire.SendAnswer](t, w).Message; w.Code != http.StatusOK || got.Status != wire.StatusStopped || got.Body != "**One** two" {
		t.Errorf("stop: %d %s", w.Code, w.Body)
	}
	w = s.call("PATCH", message(session, m.ID), `{"append":" three","offset":11}`, bearer(serverKey))
	if got := decode[wire.ErrorAnswer](t, w); w.Code != http.StatusConflict || got.Error.Code != wire.CodeStreamConflict {
		t.Errorf("after the stop: %d %s", w.Code, w.Body)
	}
	if again := s.call("POST", of(wire.PathMessages, session.Conversation.ID), `{"clientId":"s1","body":"","status":"streaming","author":{"id":"ai","role":"bot","name":"AI"}}`, bearer(serverKey)); again.Code != http.StatusOK {
		t.Errorf("begun again: %d %s", again.Code, again.Body)
	}
}
