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

// maxMessages is how many messages are held while the end of the log is in view.
// Of more the older half is given up; it comes back when the visitor scrolls there.
const maxMessages = 2000

// hushTime is how long the log is still when something of before is drawn, in
// milliseconds: until a browser has told those who hear the chat of all of it, or
// would have.
const hushTime wire.Time = 500

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
	common  *common // of the rows

	state  session.State
	dots   dots
	window window
	pages  []drawn   // of the window
	made   wire.Time // when they were made
	menu   string    // the id of the message whose menu is open
	away   bool      // the end of the log is not in view
	unseen int       // messages that came meanwhile
	fresh  map[string]wire.Time
	heard  map[string]bool // of the messages that were seen to be written, by their ids, whether they are whole
	said   string          // what is read out
	hushed wire.Time       // until when what is drawn is not
	timer  *time.Timer
	next   wire.Time // when what is drawn changes by itself, 0 for never

	mu      sync.Mutex // guards what follows
	ctx     app.Context
	mode    mode
	sent    session.Revise // the last correction
	mounted bool
	news    *session.State // not drawn yet
}

// New makes the chat, with what is known already.
func New(o Options, s session.State) *Root {
	r := &Root{options: o, state: s}
	r.dress(o.Site)
	r.window.end(r.scene().first(), r.scene().end())
	r.compose()
	return r
}

// dress takes the owner's settings.
func (r *Root) dress(site Site) {
	r.words = i18n.For(site.Lang)
	r.site = site.complete(r.words)
	r.common = &common{Logo: r.site.Logo, Words: r.words, Chat: r.options.Chat, Root: r}
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
		r.redraw()
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
	now := r.options.Now()
	if looksSame(&r.state, s) && (r.next == 0 || now < r.next) && r.signalsSame(s) {
		ctx.PreventUpdate()
		same := one(r.state.Signals, s.Signals)
		r.state = *s
		if !same {
			r.wake(r.compose()) // the dots may be due in a moment
		}
		return
	}
	before := r.state
	r.away = !r.atEnd()
	restore := func() {}
	if r.away {
		restore = r.options.View.Keep()
	}
	r.state = *s
	came := arrived(&before, &r.state)
	if came > 0 {
		r.dots.stop()
	}
	wrote := wrote(&before, &r.state)
	if wrote {
		r.away = false
	}
	if !sameTalk(&before, &r.state, r.options.Offset, r.made, now) {
		r.pages = nil
	}
	if before.ConversationID != r.state.ConversationID && r.current() != (mode{}) {
		r.begin(mode{}, "") // what it was about is gone
	}
	r.giveBack()
	if !r.away && len(r.state.Messages) > maxMessages {
		r.options.Chat.Do(session.Trim{Keep: maxMessages / 2})
	}
	if past(&before, &r.state) {
		r.hush()
	}
	r.greet(&before, now)
	r.listen()
	r.move(&before)
	ctx.Defer(r.settle(&before, came, wrote, restore))
	r.wake(r.compose())
}

// signalsSame reports whether nothing is to be seen of how the signals of a state
// differ from those that are drawn: of somebody who writes nothing is, until the
// dots appear.
func (r *Root) signalsSame(s *session.State) bool {
	if one(r.state.Signals, s.Signals) {
		return true
	}
	a, b := r.scene(), r.scene()
	b.state = s
	presentA, onlineA := a.present()
	presentB, onlineB := b.present()
	return presentA == presentB && onlineA == onlineB && (!r.dots.visible || a.names() == b.names())
}

// atEnd reports whether the end of the log is in view.
func (r *Root) atEnd() bool {
	return r.window.to >= r.scene().end() && r.options.View.AtEnd()
}

// move chooses what is drawn of the new state.
func (r *Root) move(before *session.State) {
	first, end := r.scene().first(), r.scene().end()
	switch {
	case len(before.Messages) == 0 || before.ConversationID != r.state.ConversationID:
		r.window = window{}
		r.window.end(first, end)
	case !r.away:
		r.window.end(first, end)
	default:
		r.window.hold(end, r.window.to >= sceneEnd(before))
	}
	if grewAbove(before, &r.state) {
		r.window.up(first)
	}
	if unread := r.state.FirstUnread; unread > 0 && unread != before.FirstUnread {
		shown := r.window
		if r.window.show(pageOf(unread), first, end); r.window != shown {
			r.hush()
		}
	}
}

// hush keeps what is drawn now from being read out: what was said before would be
// heard all at once.
func (r *Root) hush() { r.hushed = r.options.Now() + hushTime }

// live is whether the log is read out as it grows.
func (r *Root) live() string {
	if r.state.Awaiting() || r.state.LoadingOlder || r.options.Now() < r.hushed {
		return "off"
	}
	return "polite"
}

func sceneEnd(s *session.State) int { return (&scene{state: s}).end() }

// settle gives what is to be done about the log's scrolling once it is drawn.
func (r *Root) settle(before *session.State, came int, wrote bool, restore func()) func(app.Context) {
	if first := r.state.FirstUnread; first > 0 && first != before.FirstUnread {
		return func(app.Context) { r.drawn(func() { r.options.View.To(first) }) }
	}
	if !r.away {
		r.unseen = 0
		return func(app.Context) { r.drawn(func() { r.stay(wrote) }) }
	}
	r.unseen += came
	return func(app.Context) { r.drawn(restore) }
}

// stay goes to the end of the log, unless the visitor has scrolled away this very
// moment. Who has written wants to see it.
func (r *Root) stay(wrote bool) {
	if wrote || r.options.View.AtEnd() {
		r.options.View.ToEnd()
	}
}

// drawn scrolls as it has to be once the change stands in the document.
func (r *Root) drawn(scroll func()) {
	scroll()
	if r.options.Drawn != nil {
		r.options.Drawn()
	}
}

// past reports whether what b has and a has not was said before the visitor came.
func past(a, b *session.State) bool {
	if len(a.Messages) > 0 {
		return grewAbove(a, b)
	}
	came := a.Awaiting() || a.Len() == 0 && a.ConversationID != b.ConversationID
	return came && len(b.Messages) > 0
}

// grewAbove reports whether older messages were put before those of a.
func grewAbove(a, b *session.State) bool {
	return len(a.Messages) > 0 && len(b.Messages) > 0 && b.Messages[0].Seq < a.Messages[0].Seq
}

// compose works out what is drawn, and gives the time at which that changes by
// itself, 0 for never.
func (r *Root) compose() (next wire.Time) {
	s := r.scene()
	s.receipt = s.lastOwn(s.index(r.window.from))
	r.pages, r.made = s.pages(r.window, r.pages), s.now
	next = r.dots.step(len(r.state.Typing(s.now)) > 0, s.now)
	for _, signal := range r.state.Signals {
		next = sooner(next, signal.Until, s.now)
	}
	next = sooner(next, r.hushed, s.now)
	return sooner(next, r.state.Link.Since+session.LinkPatience, s.now)
}

// redraw works out everything anew, where something has changed that every line
// depends on.
func (r *Root) redraw() {
	r.pages = nil
	r.compose()
}

func sooner(a, b, now wire.Time) wire.Time {
	if b > now && (a == 0 || b < a) {
		return b
	}
	return a
}

func (r *Root) scene() *scene {
	return &scene{
		words: r.words, state: &r.state, now: r.options.Now(), offset: r.options.Offset,
		title: r.site.Title, server: r.options.Server, menu: r.menu, fresh: r.fresh, heard: r.heard,
	}
}

// greet takes down what has just come. What is known at the beginning appears
// with the chat and is not news.
func (r *Root) greet(before *session.State, now wire.Time) {
	fresh := make(map[string]wire.Time)
	for key, at := range r.fresh {
		if now-at < freshTime {
			fresh[key] = at
		}
	}
	for i := r.state.Len() - 1; i >= 0; i-- {
		item := r.state.Item(i)
		if item.Message != nil && (len(before.Messages) == 0 || item.Message.Seq <= before.Messages[len(before.Messages)-1].Seq) {
			break
		}
		if _, ok := fresh[item.Key()]; !ok && len(fresh) < maxFresh && !waited(before, item) {
			fresh[item.Key()] = now
		}
	}
	r.fresh = fresh
}

// waited reports whether an item was in the outbox already.
func waited(s *session.State, item session.Item) bool {
	for i := range s.Outbox {
		if s.Item(len(s.Messages)+i).Key() == item.Key() {
			return true
		}
	}
	return false
}

// wake draws again at a time.
func (r *Root) wake(at wire.Time) {
	r.next = at
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
		restore := r.options.View.Keep()
		if !r.scrolled(atEnd, nearStart) {
			ctx.PreventUpdate()
			return
		}
		ctx.Defer(func(app.Context) { r.drawn(restore) })
	})
}

func (r *Root) scrolled(atEnd, nearStart bool) (changed bool) {
	if atEnd && r.window.down(r.scene().end()) {
		r.goBack()
		return true
	}
	if r.away == atEnd {
		r.away, changed = !atEnd, true
	}
	if atEnd {
		r.unseen = 0
	}
	if !nearStart {
		return changed
	}
	if r.window.up(r.scene().first()) {
		r.goBack()
		return true
	}
	if r.state.HasOlder && !r.state.LoadingOlder {
		r.options.Chat.Do(session.Older{})
	}
	return changed
}

// goBack draws what was drawn before, or might have been.
func (r *Root) goBack() {
	r.hush()
	r.wake(r.compose())
}

// follow goes to the end of the log.
func (r *Root) follow(ctx app.Context) {
	r.away, r.unseen = false, 0
	r.window.end(r.scene().first(), r.scene().end())
	r.goBack()
	ctx.Defer(func(app.Context) { r.options.View.ToEnd() })
}

// Render draws the chat.
func (r *Root) Render() app.UI {
	classes := []string{"chat"}
	if r.state.Len() > 0 || r.state.Awaiting() {
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
		box("main", "view",
			with(box("div", "log",
				box("div", "paper", r.paper()...),
			), "id", "log", "tabindex", "0", "role", "region", "aria-label", r.words.Frame.Conversation, "data-label", "conversation"),
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
	var rows []app.UI
	if r.state.Awaiting() {
		for _, side := range []string{"theirs", "mine", "theirs"} { // as the boot script draws them
			rows = append(rows, app.Elem("div").Class("row", side, "first", "last", "skeleton").Aria("hidden", true).Body(
				box("div", "stack", box("div", "bubble")),
			))
		}
	}
	for from := r.window.base; from < r.window.to; from += shelfPages {
		rows = append(rows, &shelf{Pages: r.shelved(from), Common: r.common})
	}
	return []app.UI{
		&welcome{Greeting: r.site.Greeting, Logo: r.site.Logo, Suggestions: r.site.Suggestions, Chat: r.options.Chat},
		say("p", "earlier", older),
		with(box("div", "rows", rows...), "role", "log", "aria-live", r.live(), "aria-label", r.words.Frame.Conversation, "data-label", "conversation"),
		&typing{Visible: r.dots.visible, Names: r.scene().names(), Logo: r.site.Logo, Words: r.words},
		with(say("p", "heard", r.said), "role", "status"),
	}
}

// shelved are the pages of the shelf that begins with a page, nil where none of
// them is drawn.
func (r *Root) shelved(from int) [][]*line {
	to := min(from+shelfPages, r.window.to)
	if to <= r.window.from {
		return nil
	}
	pages := make([][]*line, to-from)
	for n := max(from, r.window.from); n < to; n++ {
		pages[n-from] = r.pages[n-r.window.from].lines
	}
	return pages
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
