// Package transcript writes a conversation as plain text that people keep: who
// said what and when, answers with what they answer, corrections, deletions,
// reactions and sources.
//
// A Writer belongs to one goroutine. What people wrote is set in from the edge,
// and controls and marks of the direction of writing are taken out of it, so
// that nobody's text can pass for another's words.
package transcript

import (
	"io"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the visitor's zone is known on every machine
	"unicode"
	"unicode/utf8"

	"chatbot/widget/wire"
)

// maxQuote is how much of a message stands above an answer to it, in characters.
const maxQuote = 80

// Options say for whom a transcript is.
type Options struct {
	// Self is the participant who gets it, and who is "You" in it; empty for
	// somebody who is none.
	Self string
	// Lang is a language tag; English is what is not known.
	Lang string
	// Zone is that of all times, by its IANA name; what is not known is UTC, and
	// the text says so.
	Zone string
	Now  time.Time
	// Left says that earlier messages were left out, and how many stand here.
	Left  bool
	Limit int
}

// Writer writes a transcript. Make it with New.
type Writer struct {
	out   io.Writer
	words *words
	zone  *time.Location
	self  string
	names map[string]string // of participants, by id
	said  map[string]quote  // by the id of a message
	day   string            // of the last message
}

type quote struct{ name, text string }

// New writes the heading. The error is that of out.
func New(out io.Writer, o Options) (*Writer, error) {
	w := &Writer{out: out, words: wordsFor(o.Lang), zone: location(o.Zone), self: o.Self, names: map[string]string{}, said: map[string]quote{}}
	now := o.Now.In(w.zone)
	lines := []string{
		w.words.title,
		fill(w.words.saved, now.Format(w.words.date), now.Format(w.words.clock), w.zone.String()),
	}
	if o.Left {
		lines = append(lines, fill(w.words.left, strconv.Itoa(o.Limit)))
	}
	_, err := io.WriteString(out, strings.Join(lines, "\n")+"\n")
	return w, err
}

// Meet tells the names of those who take part, for who reacted without a word.
func (w *Writer) Meet(participants []wire.Participant) {
	for _, p := range participants {
		w.meet(wire.Author{ID: p.ID, Role: p.Role, Name: p.Name})
	}
}

func (w *Writer) meet(a wire.Author) string {
	name := plain(a.Name)
	switch {
	case a.ID == w.self && w.self != "":
		name = w.words.you
	case name != "":
	case a.Role == wire.RoleVisitor:
		name = w.words.visitor
	default:
		name = w.words.support
	}
	w.names[a.ID] = name
	return name
}

// Write writes messages, which come in their order. The error is that of out.
func (w *Writer) Write(messages []wire.Message) error {
	var b strings.Builder
	for _, m := range messages {
		w.message(&b, m)
	}
	_, err := io.WriteString(w.out, b.String())
	return err
}

func (w *Writer) message(b *strings.Builder, m wire.Message) {
	at := m.CreatedAt.Time().In(w.zone)
	if day := at.Format(w.words.date); day != w.day {
		w.day = day
		b.WriteString("\n" + day + "\n")
	}
	name := w.meet(m.Author)
	b.WriteString("\n" + at.Format(w.words.clock) + "  " + name + w.marks(m) + "\n")
	if said, ok := w.said[m.ReplyTo]; ok {
		line(b, fill(w.words.reply, said.name, said.text))
	}
	body := m.Body
	if m.DeletedAt != nil {
		body = w.words.deleted
	}
	for text := range strings.Lines(strings.ReplaceAll(body, "\r\n", "\n")) {
		line(b, plain(text))
	}
	if m.Source != nil && m.DeletedAt == nil {
		line(b, strings.TrimSpace(w.words.source+" "+plain(m.Source.Title)+" "+plain(m.Source.URL)))
	}
	for _, r := range m.Reactions {
		line(b, plain(r.Emoji)+" "+w.namesOf(r.By))
	}
	w.said[m.ID] = quote{name, shorten(plain(strings.Join(strings.Fields(body), " ")))}
}

// marks tell what else is to be known of a message.
func (w *Writer) marks(m wire.Message) string {
	switch {
	case m.DeletedAt != nil:
	case m.EditedAt != nil:
		return " (" + w.words.edited + ")"
	case m.Status == wire.StatusStreaming, m.Status == wire.StatusStopped, m.Status == wire.StatusFailed:
		return " (" + w.words.unfinished + ")"
	}
	return ""
}

func (w *Writer) namesOf(ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		if names[i] = w.names[id]; names[i] == "" {
			names[i] = w.words.visitor
		}
	}
	return strings.Join(names, ", ")
}

// line writes a line of what belongs to a message, set in from the edge.
func line(b *strings.Builder, text string) { b.WriteString(strings.TrimRight("    "+text, " ") + "\n") }

// plain is a text of one line without what would move or hide other text:
// controls, other ends of lines, and the marks of direction.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', unicode.Is(unicode.Bidi_Control, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, text)
}

func shorten(text string) string {
	runes := []rune(text)
	if len(runes) <= maxQuote {
		return text
	}
	return string(runes[:maxQuote]) + "…"
}

// location is the zone with a name. The name comes from outside: it never means
// a file by its path, nor the server's own zone.
func location(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local {
		return time.UTC
	}
	return zone
}

// fill puts values in place of the placeholders {0}, {1}, {2}, which hold none
// themselves.
func fill(text string, values ...string) string {
	pairs := make([]string, 0, 2*len(values))
	for i, v := range values {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// words are what a transcript says in one language.
type words struct {
	title, saved, left                 string
	you, visitor, support              string
	reply, edited, unfinished, deleted string
	source                             string
	date, clock                        string // layouts of package time
}

var english = words{
	title:      "Chat conversation",
	saved:      "Saved on {0} at {1} ({2})",
	left:       "Earlier messages are left out: only the last {0} stand here.",
	you:        "You",
	visitor:    "Visitor",
	support:    "Support",
	reply:      "In reply to {0}: “{1}”",
	edited:     "edited",
	unfinished: "unfinished",
	deleted:    "This message was deleted.",
	source:     "Source:",
	date:       "January 2, 2006",
	clock:      "3:04 PM",
}

var german = words{
	title:      "Chat-Unterhaltung",
	saved:      "Gespeichert am {0} um {1} ({2})",
	left:       "Frühere Nachrichten fehlen: Hier stehen nur die letzten {0}.",
	you:        "Sie",
	visitor:    "Gast",
	support:    "Support",
	reply:      "Antwort an {0}: „{1}“",
	edited:     "bearbeitet",
	unfinished: "unfertig",
	deleted:    "Diese Nachricht wurde gelöscht.",
	source:     "Quelle:",
	date:       "02.01.2006",
	clock:      "15:04",
}

func wordsFor(tag string) *words {
	if primary, _, _ := strings.Cut(tag, "-"); strings.EqualFold(primary, "de") {
		return &german
	}
	return &english
}
