//go:build !js

package ui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// recorder is a Chat and a View that note what they are told.
type recorder struct {
	events   []session.Event
	atEnd    bool
	written  string // in the composer
	scrolled []string
}

func (r *recorder) Do(e session.Event) { r.events = append(r.events, e) }
func (r *recorder) AtEnd() bool        { return r.atEnd }
func (r *recorder) ToEnd()             { r.scrolled = append(r.scrolled, "end") }
func (r *recorder) To(seq int64)       { r.scrolled = append(r.scrolled, fmt.Sprint("to ", seq)) }
func (r *recorder) Compose(text string, stay bool) {
	r.scrolled = append(r.scrolled, fmt.Sprintf("composed %q, stay %v", text, stay))
}
func (r *recorder) Blank() bool { return r.written == "" }
func (r *recorder) Keep() func() {
	return func() { r.scrolled = append(r.scrolled, "kept") }
}

// document makes the test engine mount a Root: outside of a browser it calls
// OnPreRender only.
type document struct{ *Root }

func (p *document) OnPreRender(ctx app.Context) { p.OnMount(ctx) }

// mounted is a chat in a document of go-app's test engine.
type mounted struct {
	*recorder
	t      *testing.T
	root   *Root
	engine app.TestEngine
	clock  wire.Time
}

func mount(t *testing.T, site Site, s session.State) *mounted {
	t.Helper()
	m := &mounted{recorder: &recorder{atEnd: true}, t: t, engine: app.NewTestEngine(), clock: 100 * minute}
	m.root = New(Options{Site: site, Chat: m, View: m, Now: func() wire.Time { return m.clock }}, s)
	if err := m.engine.Load(&document{m.root}); err != nil {
		t.Fatal(err)
	}
	m.engine.ConsumeAll()
	return m
}

// show draws a state as Show does in a browser.
func (m *mounted) show(s session.State) {
	m.t.Helper()
	m.root.Show(s)
	m.engine.ConsumeAll()
}

// draw draws anew what the test has changed.
func (m *mounted) draw() {
	m.root.ctx.Dispatch(func(app.Context) {})
	m.engine.ConsumeAll()
}

func (m *mounted) html() string { return app.HTMLString(m.root) }

func (m *mounted) has(parts ...string) {
	m.t.Helper()
	html := m.html()
	for _, part := range parts {
		if !strings.Contains(html, part) {
			m.t.Errorf("nothing with %s in\n%s", part, html)
		}
	}
}

func (m *mounted) lacks(parts ...string) {
	m.t.Helper()
	html := m.html()
	for _, part := range parts {
		if strings.Contains(html, part) {
			m.t.Errorf("%s in\n%s", part, html)
		}
	}
}

func live(s session.State) session.State {
	s.ConversationID, s.Self = "c1", visitor.ID
	s.Link = session.Link{State: session.LinkLive}
	return s
}

func TestEmpty(t *testing.T) {
	m := mount(t, Site{Title: "Help & more", Subtitle: "We answer at once", Suggestions: []string{"One", "Two", "Three", "Four"}}, live(session.State{}))
	m.has(`>Help &amp; more</h1>`, "We answer at once", "Hello! How can we help?", ">One</button>", ">Three</button>", `role="log"`)
	m.lacks("Four", "talking", "data-role")
}

func TestSuggestion(t *testing.T) {
	m := mount(t, Site{}, live(session.State{}))
	c := &chip{Text: "How do I start?", Chat: m}
	c.say(app.Context{}, app.Event{})
	if len(m.events) != 1 || m.events[0] != (session.Send{Text: "How do I start?"}) {
		t.Errorf("got %+v", m.events)
	}
}

func TestConversation(t *testing.T) {
	m := mount(t, Site{}, live(session.State{}))
	answer := message(2, bot, "<b>Look</b> at https://a.example.", 99*minute)
	answer.Source = &wire.Source{Title: "Guide", URL: "/docs/guide"}
	m.show(live(session.State{
		Messages: []wire.Message{message(1, visitor, "Hello", 98*minute), answer},
		Outbox:   []session.Entry{{ClientID: "k3", Body: "More", At: 99 * minute, State: session.Sending}},
	}))
	m.has(`data-role="bot"`, `data-role="visitor"`, "talking", "&lt;b&gt;Look&lt;/b&gt;", `href="https://a.example"`, `rel="noopener noreferrer"`,
		`href="/docs/guide"`, ">Guide</span>", `datetime="1970-01-01T01:39:00.000Z"`, "Sending…", "pending")
	m.lacks("<b>", "Not sent")
}

func TestFailed(t *testing.T) {
	m := mount(t, Site{}, live(session.State{Outbox: []session.Entry{{ClientID: "k1", Body: "x", At: 99 * minute, State: session.Failed, Reason: "It is too long."}}}))
	m.has("failed", "Not sent", ">Retry</button>", ">Delete</button>", "It is too long.", `role="alert"`)
	r := &row{Line: &line{ClientID: "k1"}, Common: &common{Chat: m}}
	r.retry(app.Context{}, app.Event{})
	r.delete(app.Context{}, app.Event{})
	if len(m.events) != 2 || m.events[0] != (session.Retry{ClientID: "k1"}) || m.events[1] != (session.Delete{ClientID: "k1"}) {
		t.Errorf("got %+v", m.events)
	}
}

// Somebody writes: the dots come after a while, and the words with them.
func TestTyping(t *testing.T) {
	m := mount(t, Site{}, live(session.State{}))
	s := live(session.State{Messages: []wire.Message{message(1, visitor, "Hello", 99*minute)}, Signals: []session.Signal{{Author: bot, Type: wire.SignalThinking, Until: 101 * minute}}})
	m.show(s)
	m.lacks("dots")
	m.clock += dotsPatience
	m.show(s)
	m.has("dots", "Assistant is writing…")
	s.Messages = append(s.Messages, message(2, bot, "Hi", 100*minute))
	s.Signals = nil
	m.show(s)
	m.lacks("dots")
}

func TestLink(t *testing.T) {
	m := mount(t, Site{Subtitle: "Sub"}, live(session.State{}))
	lost := live(session.State{})
	lost.Link = session.Link{State: session.LinkReconnecting, Since: m.clock}
	m.show(lost)
	m.lacks("Reconnecting", "troubled")
	m.clock += session.LinkPatience
	m.show(lost)
	m.has("Reconnecting…", "troubled")
	lost.Link.State = session.LinkOffline
	m.show(lost)
	m.has("Offline. We’ll send when you’re back.")
	m.show(live(session.State{}))
	m.lacks("troubled", "Offline")
}

func TestNotices(t *testing.T) {
	for name, c := range map[string]struct {
		lang  string
		state session.State
		want  notice
	}{
		"nothing":         {"en", session.State{}, notice{}},
		"a rate limit":    {"de", session.State{Notice: session.Notice{Code: wire.CodeRateLimited, Text: "Slow.", RetryAfter: 9}}, notice{Text: "Das war viel auf einmal. Ihre Nachricht wird in 9 Sekunden gesendet."}},
		"the English one": {"en", session.State{Notice: session.Notice{Code: wire.CodeRateLimited, Text: "Slow."}}, notice{Text: "Slow."}},
		"a small one":     {"de", session.State{Notice: session.Notice{Code: wire.CodeRateLimited, Text: "Slow.", RetryAfter: 9, Again: true}}, notice{Text: "Das war viel auf einmal. Bitte versuchen Sie es in 9 Sekunden noch einmal."}},
		"a moment":        {"de", session.State{Notice: session.Notice{Code: wire.CodeRateLimited, Text: "Slow.", RetryAfter: 1}}, notice{Text: "Das war viel auf einmal. Ihre Nachricht wird gleich gesendet."}},
		"a small moment":  {"en", session.State{Notice: session.Notice{Code: wire.CodeRateLimited, Text: "Slow.", RetryAfter: 1, Again: true}}, notice{Text: "That did not work. Please try again."}},
		"no wait known":   {"de", session.State{Notice: session.Notice{Code: wire.CodeRateLimited, Again: true}}, notice{Text: "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal."}},
		"too late":        {"en", session.State{Notice: session.Notice{Code: wire.CodeTooLate, Text: "x", Again: true}}, notice{Text: "It is too late for that: the message stays as it is."}},
		"not there":       {"de", session.State{Notice: session.Notice{Code: wire.CodeNotFound, Text: "x", Again: true}}, notice{Text: i18n.For("de").TooLate}},
		"the end":         {"en", session.State{Ended: true, Notice: session.Notice{Code: wire.CodeUnauthorized, Text: "x"}}, notice{Text: "This conversation has ended.", Ended: true}},
		"no storage":      {"en", session.State{Unsaved: true, Outbox: []session.Entry{{}}}, notice{Text: "Your browser keeps nothing of this chat: it is gone when you leave the page.", Fixed: true}},
		"nothing to lose": {"en", session.State{Unsaved: true}, notice{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := noticeFor(c.state, New(Options{Site: Site{Lang: c.lang}, Now: func() wire.Time { return 0 }}, c.state).words)
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	chat := &recorder{}
	(&notice{Chat: chat}).act(app.Context{}, app.Event{})
	(&notice{Chat: chat, Ended: true}).act(app.Context{}, app.Event{})
	if len(chat.events) != 2 || chat.events[0] != (session.Dismiss{}) || chat.events[1] != (session.StartOver{}) {
		t.Errorf("got %+v", chat.events)
	}
}

// The log follows the talk only where the visitor does.
func TestScrolling(t *testing.T) {
	one, two, three := message(3, visitor, "a", minute), message(4, bot, "b", minute), message(5, bot, "c", minute)
	m := mount(t, Site{}, live(session.State{Messages: []wire.Message{one}}))
	last := func() string {
		if len(m.scrolled) == 0 {
			return ""
		}
		return m.scrolled[len(m.scrolled)-1]
	}
	m.show(live(session.State{Messages: []wire.Message{one, two}}))
	if last() != "end" {
		t.Errorf("at the end: %s", last())
	}
	m.atEnd = false
	m.show(live(session.State{Messages: []wire.Message{one, two, three}}))
	if last() != "kept" {
		t.Errorf("reading above: %s", last())
	}
	m.has("1 new message")
	m.show(live(session.State{Messages: []wire.Message{message(2, bot, "older", 0), one, two, three}}))
	if last() != "kept" {
		t.Errorf("older ones came: %s", last())
	}
	m.show(live(session.State{Messages: []wire.Message{one, two, three}, Outbox: []session.Entry{{ClientID: "k9", Body: "d"}}}))
	if last() != "end" {
		t.Errorf("the visitor wrote: %s", last())
	}
	m.lacks("new message")
}

// talk is one of so many messages of others.
func talk(n int64) session.State {
	s := live(session.State{HasOlder: true})
	for seq := int64(1); seq <= n; seq++ {
		s.Messages = append(s.Messages, message(seq, bot, fmt.Sprintf("(%d)", seq), 0))
	}
	return s
}

func (m *mounted) rows() int { return strings.Count(m.html(), "data-seq=") }

func TestScrolledToTheBeginning(t *testing.T) {
	m := mount(t, Site{}, talk(210))
	if m.rows() != 110 {
		t.Fatalf("%d rows at the end", m.rows())
	}
	m.has("(101)", "(210)")
	m.atEnd = false
	if !m.root.scrolled(false, true) || len(m.events) != 0 {
		t.Errorf("first what is known is drawn: %v", m.events)
	}
	m.draw()
	m.has("(1)", "(210)")
	if m.root.scrolled(false, true); len(m.events) != 1 || m.events[0] != (session.Older{}) {
		t.Errorf("then older ones are asked for: %v", m.events)
	}
	if !m.root.scrolled(true, false) || m.root.away {
		t.Error("back at the end")
	}
}

// However long the talk is, only a stretch of it is drawn, and what is far away
// comes back when the visitor scrolls there.
func TestWindowOfLongTalk(t *testing.T) {
	m := mount(t, Site{}, talk(5000))
	m.atEnd = false
	for i := 0; m.root.scrolled(false, true) && i < 100; i++ {
	}
	m.draw()
	if m.rows() != farPages*pageRows {
		t.Errorf("%d rows at the beginning", m.rows())
	}
	m.has("(1)")
	m.lacks("(5000)")
	if m.root.scrolled(true, false); !m.root.away {
		t.Error("the end of what is drawn is not the end of the talk")
	}
	for i := 0; m.root.window.to < 200 && i < 100; i++ {
		m.root.scrolled(true, false)
	}
	m.draw()
	m.has("(5000)")
	if m.rows() > farPages*pageRows {
		t.Errorf("%d rows at the end", m.rows())
	}
}

func TestTrim(t *testing.T) {
	m := mount(t, Site{}, talk(maxMessages))
	m.show(talk(maxMessages + 1))
	if len(m.events) != 1 || m.events[0] != (session.Trim{Keep: maxMessages / 2}) {
		t.Errorf("at the end: %v", m.events)
	}
	m.atEnd = false
	m.show(talk(maxMessages + 2))
	if len(m.events) != 1 {
		t.Errorf("while somebody reads above: %v", m.events)
	}
}

// What is drawn of the messages before stays as it is when another comes: the
// same lines, not only equal ones.
func TestKeptPages(t *testing.T) {
	m := mount(t, Site{}, talk(205))
	before := m.root.pages[0]
	s := talk(206)
	m.show(s)
	m.has("(206)")
	if before.lines[0] != m.root.pages[0].lines[0] || before.number != m.root.pages[0].number {
		t.Error("the first page was drawn anew")
	}
	s.Edition++
	s.Messages[110].Body = "another text"
	m.show(s)
	m.has("another text")
	m.root.openMenu(s.Messages[110].ID)
	m.show(s)
	if !m.root.pages[0].lines[10].Menu {
		t.Error("the menu of a message in a page that was kept is not open")
	}
}

// A receipt changes though no message does.
func TestReceiptInKeptPage(t *testing.T) {
	s := talk(200)
	s.Messages[110] = message(111, visitor, "mine", 0)
	s.Participants = []wire.Participant{{ID: "p9", Role: wire.RoleAgent, Name: "Ann", ReadSeq: 5}}
	m := mount(t, Site{}, s)
	m.has(">Sent<")
	s.Participants = []wire.Participant{{ID: "p9", Role: wire.RoleAgent, Name: "Ann", ReadSeq: 5, DeliveredSeq: 150}}
	m.show(s)
	m.has(">Delivered<")
	s.Participants = []wire.Participant{{ID: "p9", Role: wire.RoleAgent, Name: "Ann", ReadSeq: 150, DeliveredSeq: 150}}
	m.show(s)
	m.has("Read by Ann")
}

func TestStreaming(t *testing.T) {
	question, answer := message(1, visitor, "Why?", 0), message(2, bot, "Because it", 0)
	answer.Status, answer.Content = wire.StatusStreaming, []wire.Node{{Kind: "p", Children: []wire.Node{{Kind: "text", Text: "Because it"}}}}
	s := live(session.State{Messages: []wire.Message{question}})
	s.Config.Features = []string{wire.FeatureStreaming}
	m := mount(t, Site{Title: "Bot"}, s)
	s.Messages = []wire.Message{question, answer}
	s.Streams = []session.Ahead{{MessageID: answer.ID, Offset: len(answer.Body), Text: " is \u202eso"}}
	m.show(s)
	m.has("Because it is so", `aria-live="off"`, "aria-busy", "writing", ">Stop<")
	m.lacks(`aria-busy="false"`)

	(&row{Line: m.root.pages[0].lines[1], Common: m.root.common}).stop(app.Context{}, app.Event{})
	if len(m.events) != 1 || m.events[0] != (session.Stop{MessageID: answer.ID}) {
		t.Errorf("the button did %+v", m.events)
	}

	answer.Status, answer.Body, answer.Rev = wire.StatusStopped, "Because it is so.", 9
	answer.Content[0].Children[0].Text = answer.Body
	s.Messages, s.Streams, s.Edition = []wire.Message{question, answer}, nil, 1
	m.show(s)
	m.has("Stopped", `aria-live="off"`, `aria-busy="false"`, "Assistant: Because it is so.")
	m.lacks(">Stop<", "writing")
}

func TestConfigure(t *testing.T) {
	m := mount(t, Site{Title: "Old"}, live(session.State{}))
	m.root.Configure(Site{Title: "Neu", Lang: "de"})
	m.engine.ConsumeAll()
	m.has(">Neu</h1>", "Hallo! Wie können wir helfen?")
}

// What was written stays when it becomes an answer to a message, and what was
// there to be edited goes.
func TestComposerKeepsItsText(t *testing.T) {
	m := mount(t, Site{}, talk(1))
	for _, step := range []struct {
		mode mode
		text string
		want string
	}{
		{mode{Reply: "m1"}, "", `composed "", stay true`},
		{mode{}, "", `composed "", stay true`},
		{mode{Edit: "m1"}, "old", `composed "old", stay false`},
		{mode{}, "", `composed "", stay false`},
	} {
		m.root.begin(step.mode, step.text)
		if got := m.scrolled[len(m.scrolled)-1]; got != step.want {
			t.Errorf("%+v: %s, want %s", step.mode, got, step.want)
		}
	}
}

// Neither an answer nor a correction outlives its conversation, and the text that
// was to be corrected goes with it.
func TestModeEndsWithItsConversation(t *testing.T) {
	for m, want := range map[mode]string{{Reply: "m1"}: `composed "", stay true`, {Edit: "m1"}: `composed "", stay false`} {
		x := mount(t, Site{}, talk(1))
		x.root.begin(m, "old")
		x.show(talk(2))
		if x.root.current() != m {
			t.Errorf("%+v: %+v after a message of the same talk", m, x.root.current())
		}
		other := talk(1)
		other.ConversationID = "c2"
		x.show(other)
		if e := x.root.Said(session.Send{Text: "new"}); e != (session.Send{Text: "new"}) {
			t.Errorf("%+v: said %+v", m, e)
		}
		if !slices.Contains(x.scrolled, want) {
			t.Errorf("%+v: %q", m, x.scrolled)
		}
	}
}

// A correction that came to nothing is in the composer again, in the tab where it
// was written, as soon as nothing else is.
func TestCorrectionComesBack(t *testing.T) {
	m := mount(t, Site{}, talk(1))
	m.root.begin(mode{Edit: "m1"}, "old")
	correction, ok := m.root.Said(session.Send{Text: "better"}).(session.Revise)
	if !ok || correction != (session.Revise{MessageID: "m1", Body: "better"}) {
		t.Fatalf("said %+v", correction)
	}
	m.scrolled, m.written = nil, "Something else"
	refused := talk(1)
	refused.Unrevised = correction
	refused.Notice = session.Notice{Code: wire.CodeUnavailable, Text: "No.", Again: true}
	m.show(refused)
	if m.root.current() != (mode{}) {
		t.Error("in the way of what is being written")
	}
	m.written = ""
	refused.Messages = append(refused.Messages, message(2, visitor, "Something else", 0))
	m.show(refused)
	back := `composed "better", stay false`
	if m.root.current() != (mode{Edit: "m1"}) || !slices.Contains(m.scrolled, back) {
		t.Errorf("%+v, %q", m.root.current(), m.scrolled)
	}
	m.has("No.")
	m.root.begin(mode{}, "") // the visitor lets it be
	m.scrolled = nil
	refused.Messages = append(refused.Messages, message(3, visitor, "And more", 0))
	m.show(refused)
	other := mount(t, Site{}, talk(1)) // another tab
	other.show(refused)
	if slices.Contains(m.scrolled, back) || len(other.root.current().Edit) > 0 {
		t.Error("it comes again")
	}
}

// Only the newest of several states is drawn.
func TestShowDrawsTheNewest(t *testing.T) {
	m := mount(t, Site{}, live(session.State{}))
	m.root.Show(live(session.State{Messages: []wire.Message{message(1, bot, "first", 0)}}))
	m.root.Show(live(session.State{Messages: []wire.Message{message(1, bot, "second", 0)}}))
	m.engine.ConsumeAll()
	m.has("second")
	m.lacks("first<")
}

func TestPaint(t *testing.T) {
	painted := Paint()
	for _, part := range []string{`data-slot="title"`, `data-slot="suggestions"`, `class="rows"`, "Hello! How can we help?", "&#34;de&#34;", `aria-hidden="true"`} {
		if !strings.Contains(painted, part) {
			t.Errorf("nothing with %s in\n%s", part, painted)
		}
	}
	for _, part := range []string{"<script", "style=", "aria-hidden>", "aria-hidden ", `hidden="false"`} {
		if strings.Contains(painted, part) {
			t.Errorf("%s in\n%s", part, painted)
		}
	}
	if handler := regexp.MustCompile(`\son[a-z]+=`).FindString(painted); handler != "" {
		t.Errorf("the handler %s in\n%s", handler, painted)
	}
}

// What is drawn of the time before the visitor came is not read out, and what comes
// after it is.
func TestPastIsNotReadOut(t *testing.T) {
	const polite, off = `aria-live="polite"`, `aria-live="off"`
	rest := func(m *mounted) {
		t.Helper()
		m.has(off)
		m.lacks(polite)
		m.clock += hushTime
		m.draw()
		m.has(polite)
		m.lacks(off)
	}
	m := mount(t, Site{}, session.State{Link: session.Link{State: session.LinkLive}})
	m.has(polite)
	m.show(talk(200)) // from another tab
	rest(m)
	s := talk(201)
	m.show(s)
	m.has(polite, "(201)")
	s.LoadingOlder = true
	m.show(s)
	m.has(off)
	s = talk(301)
	s.Messages = s.Messages[100:]
	m = mount(t, Site{}, s)
	m.show(talk(301))
	rest(m)
	m.root.scrolled(false, true)
	m.draw()
	rest(m)
	m.root.follow(m.root.ctx)
	m.draw()
	rest(m)

	// In a talk that begins all is read out: it comes as it is written.
	m = mount(t, Site{}, session.State{Link: session.Link{State: session.LinkLive}})
	begun := session.State{Link: session.Link{State: session.LinkLive}, Outbox: []session.Entry{{ClientID: "k1", Body: "Hello"}}}
	m.show(begun)
	m.has(polite)
	begun = live(begun)
	m.show(begun)
	m.has(polite)
	begun.Outbox, begun.Messages = nil, []wire.Message{message(1, visitor, "Hello", 0), message(2, bot, "Hi", 0)}
	m.show(begun)
	m.has(polite)
}

// A message is drawn once: neither a signal of which nothing is seen yet nor a
// change of bookkeeping leads to a drawing of its own.
func TestDrawnOnce(t *testing.T) {
	m := mount(t, Site{}, talk(50))
	drawn := 0
	m.root.options.Drawn = func() { drawn++ }
	s := talk(50)
	s.Signals = []session.Signal{{Author: bot, Type: wire.SignalThinking, Until: 101 * minute}}
	m.show(s)
	s.Cursor.Rev, s.Unread = 9, 1
	m.show(s)
	if drawn > 0 {
		t.Errorf("drawn %d times though nothing is to be seen", drawn)
	}
	s.Signals = nil
	s.Messages = append(s.Messages, message(51, bot, "(51)", 99*minute))
	m.show(s)
	s.Unread = 0
	m.show(s)
	if m.has("(51)"); drawn != 1 {
		t.Errorf("drawn %d times", drawn)
	}
	// That somebody is here is seen at once, and so are the dots when they are due.
	s.Signals = []session.Signal{{Author: agent, Type: wire.SignalOnline, Until: 101 * minute}}
	m.show(s)
	m.has("Ada")
	s.Signals = append(s.Signals[:1:1], session.Signal{Author: bot, Type: wire.SignalTyping, Until: 101 * minute})
	m.show(s)
	if m.lacks("dots"); drawn != 2 || m.root.next != m.clock+dotsPatience {
		t.Errorf("drawn %d times, next at %d", drawn, m.root.next-m.clock)
	}
}

// What stands before the window costs nothing: places that are empty are on
// shelves, which are not drawn again.
func TestShelves(t *testing.T) {
	m := mount(t, Site{}, talk(5000))
	before := m.root.shelved(m.root.window.base)
	if before != nil {
		t.Errorf("the first shelf has %d pages", len(before))
	}
	places := (m.root.window.to - m.root.window.base + shelfPages - 1) / shelfPages
	if n := strings.Count(m.html(), `class="shelf"`); n != places || n > (2*sparePages+farPages)/shelfPages+1 {
		t.Errorf("%d shelves for %d", n, places)
	}
	if n := strings.Count(m.html(), `class="page"`); n != len(m.root.pages) {
		t.Errorf("%d of %d pages are drawn", n, len(m.root.pages))
	}
}

// In a flow of messages only some appear with a motion.
func TestFlowAppearsAtOnce(t *testing.T) {
	m := mount(t, Site{}, talk(50))
	fresh := func() int { return strings.Count(m.html(), " fresh\"") + strings.Count(m.html(), " fresh ") }
	m.show(talk(51))
	if n := fresh(); n != 1 {
		t.Errorf("%d appear of one", n)
	}
	m.show(talk(70))
	if n := fresh(); n != maxFresh {
		t.Errorf("%d appear of twenty", n)
	}
	m.clock += freshTime
	m.show(talk(71))
	if n := fresh(); n != 1 {
		t.Errorf("%d appear of one that comes later", n)
	}
}
