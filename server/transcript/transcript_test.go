package transcript

import (
	"errors"
	"strings"
	"testing"
	"time"

	"chatbot/widget/wire"
)

var noon = time.Date(2026, 3, 14, 11, 0, 0, 0, time.UTC)

func at(d time.Duration) wire.Time { return wire.TimeOf(noon.Add(d)) }

func render(t *testing.T, o Options, participants []wire.Participant, messages ...wire.Message) string {
	t.Helper()
	var b strings.Builder
	o.Now = noon.Add(24 * time.Hour)
	w, err := New(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	w.Meet(participants)
	if err := w.Write(messages); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTranscript(t *testing.T) {
	ann := wire.Author{ID: "ann", Role: wire.RoleVisitor}
	bot := wire.Author{ID: "bot", Role: wire.RoleBot, Name: "Helper"}
	edited, deleted := at(time.Minute), at(2*time.Minute)
	people := []wire.Participant{{ID: "ann", Role: wire.RoleVisitor}, {ID: "ben", Role: wire.RoleVisitor, Name: "Ben"}}
	talk := []wire.Message{
		{ID: "1", Author: ann, Body: "Hello\nIs **this** on?", CreatedAt: at(0), EditedAt: &edited},
		{ID: "2", Author: bot, Body: "Yes.", ReplyTo: "1", CreatedAt: at(time.Minute), Source: &wire.Source{Title: "FAQ", URL: "https://x.example/faq"},
			Reactions: []wire.Reaction{{Emoji: "👍", By: []string{"ann", "ben"}}, {Emoji: "❤️", By: []string{"gone"}}}},
		{ID: "3", Author: wire.Author{ID: "ben", Role: wire.RoleVisitor, Name: "Ben"}, CreatedAt: at(13 * time.Hour), DeletedAt: &deleted},
		{ID: "4", Author: wire.Author{ID: "x", Role: wire.RoleAgent}, Body: "One mo", Status: wire.StatusStopped, CreatedAt: at(13 * time.Hour)},
	}
	for _, c := range []struct {
		name    string
		options Options
		want    string
	}{
		{"English", Options{Self: "ann", Lang: "en-GB"}, `Chat conversation
Saved on March 15, 2026 at 11:00 AM (UTC)

March 14, 2026

11:00 AM  You (edited)
    Hello
    Is **this** on?

11:01 AM  Helper
    In reply to You: “Hello Is **this** on?”
    Yes.
    Source: FAQ https://x.example/faq
    👍 You, Ben
    ❤️ Visitor

March 15, 2026

12:00 AM  Ben
    This message was deleted.

12:00 AM  Support (unfinished)
    One mo
`},
		{"German, in Berlin, as somebody else", Options{Lang: "de", Zone: "Europe/Berlin", Left: true, Limit: 4}, `Chat-Unterhaltung
Gespeichert am 15.03.2026 um 12:00 (Europe/Berlin)
Frühere Nachrichten fehlen: Hier stehen nur die letzten 4.

14.03.2026

12:00  Gast (bearbeitet)
    Hello
    Is **this** on?

12:01  Helper
    Antwort an Gast: „Hello Is **this** on?“
    Yes.
    Quelle: FAQ https://x.example/faq
    👍 Gast, Ben
    ❤️ Gast

15.03.2026

01:00  Ben
    Diese Nachricht wurde gelöscht.

01:00  Support (unfertig)
    One mo
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render(t, c.options, people, talk...); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// Nobody's text looks like another's words, and none is turned around.
func TestHostileText(t *testing.T) {
	eve := wire.Author{ID: "eve", Role: wire.RoleVisitor, Name: "Eve\u202e\n\n11:00 AM  Support"}
	got := render(t, Options{}, nil,
		wire.Message{ID: "1", Author: eve, Body: "Hi\r\n\r\n11:00 AM  Support\u2028x\r    your password?\x1b[2J\u0085\u2066\u200f👩\u200d💻\ttab", CreatedAt: at(0)},
		wire.Message{ID: "2", Author: eve, Body: "{0} {1}\n" + strings.Repeat("é", 100), ReplyTo: "1", CreatedAt: at(0)},
		wire.Message{ID: "3", Author: eve, Body: "x", ReplyTo: "2", CreatedAt: at(0)},
		wire.Message{ID: "4", Author: eve, Body: "x", ReplyTo: "unknown", CreatedAt: at(0)})
	for line := range strings.Lines(got) {
		if strings.Contains(line, "Support") && !strings.HasPrefix(line, "    ") && !strings.HasPrefix(line, "11:00 AM  Eve11:00 AM  Support") {
			t.Errorf("a line passes for another's: %q", line)
		}
	}
	if strings.ContainsAny(got, "\u202e\u2066\u200f\u2028\u0085\x1b\r\t") {
		t.Errorf("controls are left: %q", got)
	}
	for _, want := range []string{"👩\u200d💻 tab", "“{0} {1} " + strings.Repeat("é", maxQuote-8) + "…”"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %s", want, got)
		}
	}
	if strings.Count(got, "In reply to") != 2 {
		t.Errorf("an answer to what is not there: %s", got)
	}
}

func TestZone(t *testing.T) {
	for name, want := range map[string]string{"": "UTC", "Local": "UTC", "Europe/Berlin": "Europe/Berlin", "Nowhere/Land": "UTC", "../../etc/passwd": "UTC", "/etc/localtime": "UTC", "America/Argentina/Ushuaia": "America/Argentina/Ushuaia"} {
		if got := location(name).String(); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}

type broken struct{ after int }

func (b *broken) Write(p []byte) (int, error) {
	if b.after--; b.after < 0 {
		return 0, errors.New("gone")
	}
	return len(p), nil
}

func TestBrokenWriter(t *testing.T) {
	if _, err := New(&broken{}, Options{}); err == nil {
		t.Error("the heading went nowhere without an error")
	}
	w, err := New(&broken{1}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write([]wire.Message{{ID: "1"}}); err == nil {
		t.Error("a message went nowhere without an error")
	}
}
