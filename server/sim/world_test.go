package sim

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// fixture is made once for all runs.
type fixture struct {
	keys     *auth.Keys
	database []byte // an empty one
}

// world is one run: a host, visitors with their browsers, and all between them.
type world struct {
	story    story
	choices  *choices
	host     *host
	browsers []*browser
	ids      int

	background sync.WaitGroup
	mu         sync.Mutex
	failure    *failure
	undo       []func() // what waits to be undone
	texts      []*text
	bodies     []string               // all that was ever written, corrections too
	truth      map[int64]wire.Message // by Seq, as first seen anywhere
	healed     time.Duration
}

// text is something that a visitor wrote.
type text struct {
	id, body string
	browser  *browser
	deleted  bool // the visitor wanted it gone
}

// failure is a broken promise.
type failure struct{ Promise, Text string }

func (f *failure) Error() string { return f.Promise + ": " + f.Text }

// outcome is what a run came to.
type outcome struct {
	failure  *failure
	faults   map[moment]fault
	messages int
	kills    int
	healed   time.Duration // the time it took to be whole again once all was calm
}

// run lives through a story. The failure it comes to, if any, does not fail t.
func run(t *testing.T, s story, fixed fixture) (o outcome) {
	t.Helper()
	root, err := os.MkdirTemp(scratch(), "chatbot-sim")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	synctest.Test(t, func(t *testing.T) {
		w := &world{story: s, choices: newChoices(s), truth: map[int64]wire.Message{}}
		host, err := newHost(w, root, fixed)
		if err != nil {
			t.Fatal(err)
		}
		w.host = host
		w.live()
		w.end()
		o = outcome{failure: w.failure, faults: w.choices.faults(), messages: len(w.truth), kills: host.runs - 1, healed: w.healed}
	})
	return o
}

// scratch is where databases are kept: in memory where that is offered, since
// the disk's pace proves nothing here.
func scratch() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func (w *world) config(keys *auth.Keys) wire.Config {
	c := wire.Config{
		RealtimeProvider: wire.ProviderPolling, Providers: w.story.Setup.Providers,
		Reverb:  wire.ReverbConfig{Enabled: true, Key: keys.ReverbAppKey, Host: chatHost, Port: 80, Scheme: "http"},
		Pusher:  wire.PusherConfig{Enabled: true, Key: relayKey, Host: relayHost, Port: 80, Scheme: "http"},
		Polling: wire.PollingConfig{Interval: 2000, Wait: w.story.Setup.Wait},
		Limits:  wire.Limits{MessageChars: wire.MaxMessageChars, MessagesPerMinute: w.story.Setup.PerMinute, EditSeconds: 900},
		Features: []string{
			wire.FeatureInvitations, wire.FeatureRejoin, wire.FeatureSignals, wire.FeatureReadMarks, wire.FeatureDelivered, wire.FeatureTokens,
			wire.FeatureEdit, wire.FeatureReactions, wire.FeatureStreaming,
		},
	}
	if len(c.Providers) > 0 {
		c.RealtimeProvider = c.Providers[0]
	}
	return c
}

// live is the whole story.
func (w *world) live() {
	w.host.start()
	for i := range w.story.Setup.Visitors {
		w.browsers = append(w.browsers, newBrowser(w, names[i]))
	}
	if !w.story.Setup.Cold {
		w.gather()
	}
	w.choices.setCalm(false)
	for _, a := range w.story.Actions {
		time.Sleep(a.After)
		w.settle()
		if w.broken() {
			return
		}
		w.act(a)
		w.settle()
	}
	w.calm()
	w.heal()
}

// settle lets everything happen that happens now, and looks at all of it.
func (w *world) settle() {
	synctest.Wait()
	w.check()
}

// gather brings the visitors into one conversation, undisturbed.
func (w *world) gather() {
	first := w.browsers[0].openTab()
	w.write(first)
	w.await(func() bool { return len(first.State().Messages) > 0 })
	for _, b := range w.browsers[1:] {
		x := b.openTab()
		first.Do(session.Invite{})
		w.await(func() bool { return first.State().Invitation != nil })
		if w.broken() {
			return
		}
		x.Do(session.Join{Code: first.State().Invitation.Code, Name: b.name})
		first.Do(session.PutAway{})
		w.await(func() bool { return x.State().ConversationID == first.State().ConversationID })
	}
}

// await lets a minute pass at most.
func (w *world) await(done func() bool) {
	for range 600 {
		time.Sleep(100 * time.Millisecond)
		if synctest.Wait(); w.broken() || done() {
			return
		}
	}
	w.fail("gathering", "the visitors do not come together")
}

// act does one action, if there is anything to do it to.
func (w *world) act(a action) {
	b := w.browsers[a.Visitor]
	var x *tab
	if tabs := b.open(); len(tabs) > 0 {
		x = tabs[a.Tab%len(tabs)]
	}
	switch a.Do {
	case openTab:
		if len(b.open()) < 3 {
			b.openTab()
		}
	case leave:
		for _, x := range b.open() {
			x.close()
		}
	case offline:
		b.goes(offLine)
		w.tell(b, session.Offline{})
		w.later(a.For, func() { b.goes(onLine); w.tell(b, session.Online{}) })
	case tunnel:
		b.goes(inTunnel)
		w.later(a.For, func() { b.goes(onLine) })
	case cut:
		b.cut(false)
	case halfCut:
		b.cut(true)
	case crash:
		w.host.kill(false, a.For)
	case outage:
		w.host.kill(true, a.For)
	case restart:
		w.host.stop(a.For)
	case relays:
		w.host.relay.listener.drop(false)
	case pass:
		time.Sleep(a.For)
	default:
		if x == nil {
			x = b.openTab()
			synctest.Wait()
		}
		w.actIn(x, a)
	}
}

// actIn does what is done in a tab.
func (w *world) actIn(x *tab, a action) {
	switch a.Do {
	case closeIt:
		x.close()
		return
	case reload:
		x.close()
		x.b.openTab()
		return
	case freeze:
		x.freeze()
		w.later(a.For, x.thaw)
		return
	}
	if x.frozen() {
		return // nobody can do anything in it
	}
	s := x.State()
	switch a.Do {
	case write:
		w.write(x)
	case burst:
		for range 3 {
			w.write(x)
		}
	case hide:
		x.Do(session.Hidden{})
	case show:
		x.Do(session.Shown{})
	case older:
		x.Do(session.Older{})
	case forget:
		x.Do(session.Trim{Keep: 3})
	case remove:
		if len(s.Outbox) > 0 {
			w.remove(x, s.Outbox[0].ClientID)
		}
	case read:
		x.Do(session.Open{})
		x.Do(session.Attention{Given: true})
		if n := len(s.Messages); n > 0 {
			x.Do(session.Seen{Seq: s.Messages[n-1].Seq})
		}
	default:
		w.change(x, a)
	}
}

// change has a visitor change the newest message that they can change so. What
// becomes of that is not promised: only that all come to see the same.
func (w *world) change(x *tab, a action) {
	s := x.State()
	for i := len(s.Messages) - 1; i >= 0; i-- {
		m := &s.Messages[i]
		switch {
		case m.DeletedAt != nil:
			continue
		case a.Do == react:
			on := !slices.ContainsFunc(m.Reactions, func(r wire.Reaction) bool { return slices.Contains(r.By, s.Self) })
			x.Do(session.React{MessageID: m.ID, Emoji: "👍", On: on})
		case a.Do == stop && m.Status == wire.StatusStreaming:
			x.Do(session.Stop{MessageID: m.ID})
		case a.Do == correct && s.Own(m):
			x.b.written++
			body := fmt.Sprintf("%s's correction %d", x.b.name, x.b.written)
			w.mu.Lock()
			w.bodies = append(w.bodies, body)
			w.mu.Unlock()
			x.Do(session.Revise{MessageID: m.ID, Body: body})
		case a.Do == unsay && s.Own(m):
			x.Do(session.Remove{MessageID: m.ID})
		default:
			continue
		}
		return
	}
}

func (w *world) tell(b *browser, e session.Event) {
	for _, x := range b.open() {
		x.Do(e)
	}
}

// write has a visitor write something that nobody has written before.
func (w *world) write(x *tab) {
	x.b.written++
	t := &text{id: w.newID(), body: fmt.Sprintf("%s's message %d", x.b.name, x.b.written), browser: x.b}
	w.mu.Lock()
	w.texts = append(w.texts, t)
	w.bodies = append(w.bodies, t.body)
	w.mu.Unlock()
	x.texts = append(x.texts, t)
	x.Do(session.Send{Text: t.body, ClientID: t.id})
}

// remove takes back what is in an outbox. It may be under way already.
func (w *world) remove(x *tab, clientID string) {
	for _, t := range w.texts {
		if t.id == clientID {
			t.deleted = true
		}
	}
	x.Do(session.Delete{ClientID: clientID})
}

// newID makes ids that tell nothing of their order.
func (w *world) newID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("%016x", moment{"id", w.ids}.hash())
}

// later undoes something after a while, or as soon as all is calm.
func (w *world) later(after time.Duration, undo func()) {
	once := sync.OnceFunc(undo)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.undo = append(w.undo, once)
	time.AfterFunc(after, once)
}

// calm ends all trouble: what was to be undone is, and everybody is there.
func (w *world) calm() {
	w.choices.setCalm(true)
	w.undoAll()
	for w.host.process() == nil { // it is on its way down
		time.Sleep(time.Second)
		w.undoAll()
	}
	for _, b := range w.browsers {
		if len(b.open()) == 0 {
			b.openTab()
		}
	}
}

func (w *world) undoAll() {
	w.mu.Lock()
	undo := w.undo
	w.undo = nil
	w.mu.Unlock()
	for _, u := range undo {
		u()
	}
}

// end frees everything.
func (w *world) end() {
	w.choices.setCalm(true)
	w.undoAll()
	for _, b := range w.browsers {
		for _, x := range b.open() {
			x.close()
		}
	}
	w.host.close()
	w.background.Wait()
	w.host.relay.close()
	time.Sleep(2 * dialPatience) // net/http dials on where nobody waits any more
}

func (w *world) broken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failure != nil
}

// fail takes down the first broken promise.
func (w *world) fail(promise, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == nil {
		w.failure = &failure{promise, fmt.Sprintf(format, args...)}
	}
}
