package chat_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"chatbot/server/chat"
	"chatbot/server/publish"
	"chatbot/widget/wire"
)

// Where a person speaks for the site the bot keeps silent, however much the
// visitor writes, and for an hour.
func TestBotIsSilentBesideAPerson(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "chat.db"))
	defer db.Close()
	now := time.Now()
	service := chat.New(chat.Options{Store: db, Publisher: publish.Fanout{}, BotName: "Bot", Responder: echo, Clock: func() time.Time { return now }})
	c := visitor(service.Begin())
	said := 0
	say := func(c chat.Caller, text string) {
		t.Helper()
		said++
		if _, _, err := service.Send(t.Context(), c, wire.SendRequest{ClientID: fmt.Sprint("k", said), Body: text}); err != nil {
			t.Fatal(err)
		}
	}
	owed := func() (keys []string) {
		t.Helper()
		debts, err := db.Debts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range debts {
			keys = append(keys, d.Body)
		}
		return keys
	}
	say(c, "before the person")
	say(agent(c), "here I am")
	for i := range 30 {
		now = now.Add(2 * time.Minute)
		say(c, fmt.Sprint("within the hour ", i))
	}
	if got := owed(); len(got) != 1 || got[0] != "before the person" {
		t.Errorf("answers are owed to %q", got)
	}
	now = now.Add(time.Millisecond)
	say(c, "after the hour")
	if got := owed(); len(got) != 2 || got[1] != "after the hour" {
		t.Errorf("an hour later answers are owed to %q", got)
	}
	stop := run(t, service)
	got := messages(t, service, c, 34)
	stop()
	if last := got[len(got)-1]; len(got) != 34 || last.Body != "to after the hour" || len(owed()) != 0 {
		t.Errorf("%d messages, at last %q; owed %q", len(got), last.Body, owed())
	}
}
