package ui

import (
	"slices"
	"sync"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// How many of the last lines are drawn, and how many more when the visitor
// reads up to the first of them.
const (
	firstWindow = 100
	moreWindow  = 100
)

// Options are what a Root needs.
type Options struct {
	Site   Site
	Server string // base URL of the server, empty for the document's own
	Chat   Chat
	View   View
	Now    func() wire.Time
	// Offset is the visitor's distance from UTC in minutes, east positive.
	Offset int
	// Save has the browser keep the conversation as a file, in a language.
	Save func(lang string)
	// Mounted is called once, when the chat is drawn and takes events, and Drawn
	// after every change of the log.
	Mounted, Drawn func()
}

// Root is the whole chat but its composer. Make one with New.
type Root struct {
	app.Compo

	options Options
	site    Site
	words   *i18n.Words

	state  session.State
	dots   dots
	window int
	menu   string // the id of the message whose menu is open
	away   bool   // the end of the log is not in view
	unseen int    // messages that came meanwhile
	seen   map[string]wire.Time
	lines  []line
	timer  *time.Timer

	mu      sync.Mutex // guards what follows
	ctx     app.Context
	mode    mode
	mounted bool
	news    *session.State // not drawn yet
}

// New makes the chat, with what is known already.
func New(o Options, s session.State) *Root {
	r := &Root{options: o, window: firstWindow, state: s}
	r.dress(o.Site)
	r.compose()
	return r
}

// dress takes the owner's settings.
func (r *Root) dress(site Site) {
	r.words = i18n.For(site.Lang)
	r.site = site.complete(r.words)
}

// OnMount is called by go-app when the chat is in the document.
func (r *Root) OnMount(ctx app.Context) {
	r.mu.Lock()
	r.ctx, r.mounted = ctx, true
	r.mu.Unlock()
	r.wake(r.compose())
	r.take(ctx)
	if r.options.Mounted != nil {
		r.options.Mounted()
	}
}

// Show draws a state, and only the newest of several that come at once. It may
// be called from any goroutine.
func (r *Root) Show(s session.State) {
	r.mu.Lock()
	waiting := r.news != nil
	r.news = &s
	mounted, ctx := r.mounted, r.ctx
	r.mu.Unlock()
	if mounted && !waiting {
		ctx.Dispatch(r.take)
	}
}

// Configure takes new settings of the owner. It may be called from any
// goroutine.
func (r *Root) Configure(site Site) {
	r.mu.Lock()
	mounted, ctx := r.mounted, r.ctx
	r.mu.Unlock()
	if !mounted {
		return
	}
	ctx.Dispatch(func(app.Context) {
		r.dress(site)
		r.compose()
	})
}

// take draws the newest state and keeps the visitor's place in the log.
func (r *Root) take(ctx app.Context) {
	r.mu.Lock()
	s := r.news
	r.news = nil
	r.mu.Unlock()
	if s == nil {
		return
	}
	before := r.state
	r.state = *s
	r.away = !r.options.View.AtEnd()
	came := arrived(before, r.state)
	if came > 0 {
		r.dots.stop()
	}
	if wrote(before, r.state) {
		r.away = false
	}
	if r.state.FirstUnread > 0 { // what is to be read on has to be drawn
		r.window = max(r.window, r.since(r.state.FirstUnread)+moreWindow)
	}
	ctx.Defer(r.settle(before, came))
	r.wake(r.compose())
}

// since counts the lines from the message with a Seq on.
func (r *Root) since(seq int64) int {
	n := len(r.state.Outbox)
	for i := len(r.state.Messages) - 1; i >= 0 && r.state.Messages[i].Seq >= seq; i-- {
		n++
	}
	return n
}

// settle gives what is to be done about the log's scrolling once it is drawn.
func (r *Root) settle(before session.State, came int) func(app.Context) {
	if first := r.state.FirstUnread; first > 0 && first != before.FirstUnread {
		return func(app.Context) { r.drawn(func() { r.options.View.To(first) }) }
	}
	if !r.away {
		r.unseen = 0
		return func(app.Context) { r.drawn(r.options.View.ToEnd) }
	}
	r.unseen += came
	restore := r.options.View.Keep(grewAbove(before, r.state))
	return func(app.Context) { r.drawn(restore) }
}

// drawn scrolls as it has to be once the change stands in the document.
func (r *Root) drawn(scroll func()) {
	scroll()
	if r.options.Drawn != nil {
		r.options.Drawn()
	}
}

// grewAbove reports whether older messages were put before those of a.
func grewAbove(a, b session.State) bool {
	return len(a.Messages) > 0 && len(b.Messages) > 0 && b.Messages[0].Seq < a.Messages[0].Seq
}

// compose works out what is drawn, and gives the time at which that changes by
// itself, 0 for never.
func (r *Root) compose() (next wire.Time) {
	r.look(r.options.Now())
	s := r.scene()
	r.lines = s.lines()
	next = r.dots.step(len(r.state.Typing(s.now)) > 0, s.now)
	for _, signal := range r.state.Signals {
		next = sooner(next, signal.Until, s.now)
	}
	return sooner(next, r.state.Link.Since+session.LinkPatience, s.now)
}

func sooner(a, b, now wire.Time) wire.Time {
	if b > now && (a == 0 || b < a) {
		return b
	}
	return a
}

func (r *Root) scene() scene {
	return scene{
		words: r.words, state: r.state, now: r.options.Now(), offset: r.options.Offset,
		title: r.site.Title, server: r.options.Server, window: r.window, menu: r.menu, seen: r.seen,
	}
}

// look takes down when each item was first there. What is known at the
// beginning appears with the chat and is not news.
func (r *Root) look(now wire.Time) {
	if r.seen == nil {
		now = 0
	}
	seen := make(map[string]wire.Time, len(r.seen)+1)
	for _, item := range r.state.Timeline() {
		at, ok := r.seen[item.Key()]
		if !ok {
			at = now
		}
		seen[item.Key()] = at
	}
	r.seen = seen
}

// wake draws again at a time.
func (r *Root) wake(at wire.Time) {
	if r.timer != nil {
		r.timer.Stop()
	}
	if at == 0 {
		return
	}
	wait := time.Duration(at-r.options.Now()) * time.Millisecond
	r.timer = time.AfterFunc(max(wait, 0), func() {
		r.ctx.Dispatch(func(app.Context) { r.wake(r.compose()) })
	})
}

// Scrolled tells that the visitor has scrolled: whether the end is in view, and
// whether the beginning is near. It may be called from any goroutine.
func (r *Root) Scrolled(atEnd, nearStart bool) {
	r.mu.Lock()
	mounted, ctx := r.mounted, r.ctx
	r.mu.Unlock()
	if !mounted {
		return
	}
	ctx.Dispatch(func(ctx app.Context) {
		if changed := r.scrolled(atEnd, nearStart); !changed {
			ctx.PreventUpdate()
		}
	})
}

func (r *Root) scrolled(atEnd, nearStart bool) (changed bool) {
	if r.away == atEnd {
		r.away, changed = !atEnd, true
	}
	if atEnd {
		r.unseen = 0
	}
	if !nearStart {
		return changed
	}
	if all := len(r.state.Messages) + len(r.state.Outbox); r.window < all {
		r.window += moreWindow
		r.compose()
		return true
	}
	if r.state.HasOlder && !r.state.LoadingOlder {
		r.options.Chat.Do(session.Older{})
	}
	return changed
}

// follow goes to the end of the log.
func (r *Root) follow(ctx app.Context) {
	r.away, r.unseen = false, 0
	ctx.Defer(func(app.Context) { r.options.View.ToEnd() })
}

// Render draws the chat.
func (r *Root) Render() app.UI {
	classes := []string{"chat"}
	if len(r.lines) > 0 || r.state.Awaiting() {
		classes = append(classes, "talking")
	}
	if r.state.HasOlder {
		classes = append(classes, "older")
	}
	return app.Elem("div").ID("app").Class(classes...).Body(r.parts()...)
}

func (r *Root) parts() []app.UI {
	bar := noticeFor(r.state, r.words)
	bar.Words, bar.Chat = r.words, r.options.Chat
	card := invitationFor(r.state, r.site.Page)
	card.Words, card.Chat = r.words, r.options.Chat
	present, online := r.scene().present()
	return []app.UI{
		&header{Present: present, Online: online, Title: r.site.Title, Subtitle: r.site.Subtitle, Logo: r.site.Logo, Status: r.status(), Inviting: r.inviting(), Saving: r.saving(), Words: r.words, Chat: r.options.Chat, Root: r},
		&bar,
		&card,
		app.Elem("main").Class("view").Body(
			app.Elem("div").ID("log").Class("log").TabIndex(0).Role("region").Aria("label", r.words.Frame.Conversation).DataSet("label", "conversation").Body(
				app.Elem("div").Class("paper").Body(r.paper()...),
			),
			&pill{Visible: r.away, New: r.unseen, Words: r.words, Root: r},
		),
		r.bar(),
	}
}

// paper is what is scrolled.
func (r *Root) paper() []app.UI {
	older := ""
	if r.state.LoadingOlder {
		older = r.words.Older
	}
	rows := make([]app.UI, 0, len(r.lines)+3)
	if r.state.Awaiting() {
		for _, side := range []string{"theirs", "mine", "theirs"} { // as the boot script draws them
			rows = append(rows, app.Elem("div").Class("row", side, "first", "last", "skeleton").Aria("hidden", true).Body(
				app.Elem("div").Class("stack").Body(app.Elem("div").Class("bubble")),
			))
		}
	}
	for _, l := range r.lines {
		rows = append(rows, &row{Line: l, Logo: r.site.Logo, Words: r.words, Chat: r.options.Chat, Root: r})
	}
	return []app.UI{
		&welcome{Greeting: r.site.Greeting, Logo: r.site.Logo, Suggestions: r.site.Suggestions, Chat: r.options.Chat},
		app.Elem("p").Class("earlier").Text(older),
		app.Elem("div").Class("rows").Role("log").Aria("live", "polite").Aria("label", r.words.Frame.Conversation).DataSet("label", "conversation").Body(rows...),
		&typing{Visible: r.dots.visible, Names: r.scene().names(), Logo: r.site.Logo, Words: r.words},
	}
}

// inviting reports whether there is something to invite to.
func (r *Root) inviting() bool {
	return r.state.ConversationID != "" && !r.state.Ended && r.site.Page != "" && slices.Contains(r.state.Config.Features, wire.FeatureInvitations)
}

// saving reports whether there is something to keep as a file.
func (r *Root) saving() bool {
	return len(r.state.Messages) > 0 && !r.state.Ended && slices.Contains(r.state.Config.Features, wire.FeatureTranscript)
}

// status is what has to be said of the link to the server.
func (r *Root) status() string {
	switch r.state.Link.Shown(r.options.Now()) {
	case session.LinkConnecting:
		return r.words.Connecting
	case session.LinkReconnecting:
		return r.words.Reconnecting
	case session.LinkOffline:
		return r.words.Offline
	}
	return ""
}
