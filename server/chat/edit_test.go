package chat_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"chatbot/server/chat"
	"chatbot/server/publish"
	"chatbot/widget/wire"
)

func refused(t *testing.T, err error, code wire.Code) {
	t.Helper()
	var refusal *wire.Error
	if !errors.As(err, &refusal) || refusal.Code != code {
		t.Errorf("got error %v, want one with code %s", err, code)
	}
}

func TestEdit(t *testing.T) {
	h := newHouse(t)
	caller, m := h.begin(t)
	h.now = h.now.Add(wire.EditSeconds * time.Second)
	edited, err := h.Edit(t.Context(), caller, m.ID, "Hello!")
	if err != nil || edited.Body != "Hello!" || edited.EditedAt == nil || edited.Rev <= m.Rev {
		t.Fatalf("edited %+v, %v", edited, err)
	}
	events := take[wire.MessageEvent](t, h.events, wire.EventMessageUpdated)
	if len(events) != 1 || events[0].Rev != edited.Rev || events[0].Message.Body != "Hello!" {
		t.Errorf("announced %+v", events)
	}
	h.now = h.now.Add(time.Second)
	if again, err := h.Edit(t.Context(), caller, m.ID, "Hello!"); err != nil || again.Rev != edited.Rev {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	_, err = h.Edit(t.Context(), caller, m.ID, "Too late")
	refused(t, err, wire.CodeTooLate)
	_, err = h.Remove(t.Context(), caller, m.ID)
	refused(t, err, wire.CodeTooLate)
	_, err = h.Edit(t.Context(), caller, m.ID, " ")
	refused(t, err, wire.CodeMessageEmpty)
	if events := take[wire.MessageEvent](t, h.events, wire.EventMessageUpdated); len(events) != 0 {
		t.Errorf("announced without a change: %+v", events)
	}
}

func TestRemove(t *testing.T) {
	h := newHouse(t)
	caller, m := h.begin(t)
	gone, err := h.Remove(t.Context(), caller, m.ID)
	if err != nil || gone.Body != "" || gone.DeletedAt == nil {
		t.Fatalf("removed %+v, %v", gone, err)
	}
	if again, err := h.Remove(t.Context(), caller, m.ID); err != nil || again.Rev != gone.Rev {
		t.Errorf("again: %+v, %v", again, err)
	}
	if events := take[wire.MessageEvent](t, h.events, wire.EventMessageUpdated); len(events) != 1 {
		t.Errorf("announced %+v", events)
	}
	_, err = h.Edit(t.Context(), caller, m.ID, "Back")
	refused(t, err, wire.CodeMessageDeleted)
}

// Everybody changes what is theirs, and nothing else.
func TestWhoMayChange(t *testing.T) {
	h := newHouse(t)
	ann, annsWord := h.begin(t)
	site := agent(ann)
	sitesWord, _, err := h.Send(t.Context(), site, wire.SendRequest{ClientID: "k", Body: "Hello, Ann"})
	if err != nil {
		t.Fatal(err)
	}
	other, _ := h.begin(t)
	colleague := site
	colleague.Participant.ID = "site-ben"
	for what, c := range map[string]struct {
		caller chat.Caller
		m      wire.Message
		code   wire.Code
	}{
		"a visitor and the site": {ann, sitesWord, wire.CodeForbidden},
		"the site and a visitor": {site, annsWord, wire.CodeForbidden},
		"somebody elsewhere":     {other, annsWord, wire.CodeNotFound},
	} {
		t.Log(what)
		_, err := h.Edit(t.Context(), c.caller, c.m.ID, "Mine")
		refused(t, err, c.code)
		_, err = h.Remove(t.Context(), c.caller, c.m.ID)
		refused(t, err, c.code)
	}
	if _, err := h.Edit(t.Context(), colleague, sitesWord.ID, "Hello, dear Ann"); err != nil {
		t.Errorf("a colleague: %v", err)
	}
}

// A question that was taken back is not answered, one that was edited as it is.
func TestAnswerAfterEdit(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "chat.db"))
	defer db.Close()
	service := chat.New(chat.Options{Store: db, Publisher: publish.Fanout{}, BotName: "Bot", Responder: echo})
	caller := visitor(service.Begin())
	var sent []wire.Message
	for _, body := range []string{"one", "two"} {
		m, _, err := service.Send(t.Context(), caller, wire.SendRequest{ClientID: body, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, m)
	}
	if _, err := service.Remove(t.Context(), caller, sent[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Edit(t.Context(), caller, sent[1].ID, "three"); err != nil {
		t.Fatal(err)
	}
	stop := run(t, service)
	defer stop()
	if got := messages(t, service, caller, 3); len(got) != 3 || got[2].Body != "to three" {
		t.Errorf("messages %+v", got)
	}
}

func TestReact(t *testing.T) {
	h := newHouse(t)
	caller, m := h.begin(t)
	got, err := h.React(t.Context(), agent(caller), m.ID, "👍", true)
	if err != nil || len(got.Reactions) != 1 || got.Reactions[0].By[0] != "site-anna" {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := h.React(t.Context(), agent(caller), m.ID, "👍", true); err != nil {
		t.Error(err)
	}
	if events := take[wire.MessageEvent](t, h.events, wire.EventMessageUpdated); len(events) != 1 || events[0].Rev != got.Rev {
		t.Errorf("announced %+v", events)
	}
	_, err = h.React(t.Context(), caller, m.ID, "thumb", true)
	refused(t, err, wire.CodeInvalidField)
	_, err = h.React(t.Context(), caller, "unknown", "👍", true)
	refused(t, err, wire.CodeNotFound)
}

// Only what bots and agents write is formatted, wherever it is read.
func TestContent(t *testing.T) {
	h := newHouse(t)
	caller, m := h.begin(t)
	if m.Content != nil {
		t.Errorf("a visitor's message has content: %+v", m)
	}
	said, _, err := h.Send(t.Context(), agent(caller), wire.SendRequest{ClientID: "k", Body: "Hi"})
	if err != nil || len(said.Content) != 1 || said.Content[0].Text != "tree of Hi" {
		t.Errorf("sent: %+v, %v", said, err)
	}
	if got := take[wire.MessageEvent](t, h.events, wire.EventMessageReceived); len(got) != 2 || got[0].Message.Content != nil || got[1].Message.Content == nil {
		t.Errorf("announced %+v", got)
	}
	edited, err := h.Edit(t.Context(), agent(caller), said.ID, "Ho")
	if err != nil || edited.Content[0].Text != "tree of Ho" {
		t.Errorf("edited: %+v, %v", edited, err)
	}
	if got := take[wire.MessageEvent](t, h.events, wire.EventMessageUpdated); len(got) != 1 || got[0].Message.Content[0].Text != "tree of Ho" {
		t.Errorf("announced %+v", got)
	}
	page, err := h.Messages(t.Context(), caller.Conversation, chat.Read{Limit: 10})
	if err != nil || page.Messages[0].Content != nil || page.Messages[1].Content[0].Text != "tree of Ho" {
		t.Errorf("read: %+v, %v", page.Messages, err)
	}
	gone, err := h.Remove(t.Context(), agent(caller), said.ID)
	if err != nil || gone.Content != nil {
		t.Errorf("removed: %+v, %v", gone, err)
	}
}
