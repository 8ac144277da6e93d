//go:build !js

package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatbot/widget/api"
	"chatbot/widget/session"
	"chatbot/widget/wire"

	"github.com/google/uuid"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend keeps one conversation as the contract says, and counts its calls.
type backend struct {
	mu       sync.Mutex
	messages []wire.Message
	changed  chan struct{}
	calls    map[string]int
	down     bool
	revoked  []string
	answered []string // calls, in the order of their answers
	read     int64
	limited  string             // the end of a path that is refused for seven seconds
	joins    []wire.JoinRequest // the first of which has used the invitation
	loseJoin bool               // the answer to it
}

func newBackend() *backend { return &backend{changed: make(chan struct{}), calls: map[string]int{}} }

func (b *backend) say(author wire.Author, clientID, body string) wire.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.messages {
		if m.ClientID == clientID && m.Author.ID == author.ID {
			return m
		}
	}
	n := int64(len(b.messages) + 1)
	m := wire.Message{ID: fmt.Sprint("m", n), ConversationID: "c", Seq: n, Rev: n, ClientID: clientID, Author: author, Body: body}
	b.messages = append(b.messages, m)
	close(b.changed)
	b.changed = make(chan struct{})
	return m
}

func (b *backend) bodies() (bodies []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.messages {
		bodies = append(bodies, m.Body)
	}
	return bodies
}

// shut makes the server unreachable.
func (b *backend) shut(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// limit refuses what has this end of a path.
func (b *backend) limit(end string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limited = end
}

// join lets whoever has used the invitation first in, again and again.
func (b *backend) join(body []byte) (api.Response, error) {
	var join wire.JoinRequest
	if err := json.Unmarshal(body, &join); err != nil {
		return api.Response{}, err
	}
	b.mu.Lock()
	b.joins = append(b.joins, join)
	first, lost := b.joins[0], b.loseJoin
	b.mu.Unlock()
	if lost {
		return api.Response{}, errors.New("the answer is lost")
	}
	if join.Validate() != nil || join.Nonce == "" || join.Nonce != first.Nonce {
		return reply(404, wire.ErrorAnswer{Error: wire.NewError(wire.CodeInvitationInvalid, "Used.")})
	}
	return reply(200, wire.Session{Conversation: wire.Conversation{ID: "c"}, Participant: wire.Participant{ID: "me"}, Cursor: wire.Cursor{Epoch: "e"}, Token: "secret"})
}

// Do is the transport.
func (b *backend) Do(ctx context.Context, r api.Request) (api.Response, error) {
	path, query, _ := strings.Cut(r.URL, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return api.Response{}, err
	}
	b.mu.Lock()
	b.calls[r.Method+" "+path]++
	down, limited := b.down, b.limited != "" && strings.HasSuffix(path, b.limited)
	b.mu.Unlock()
	took := 10 * time.Millisecond
	if r.Method == "DELETE" {
		took *= 30
	}
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return api.Response{}, ctx.Err()
	}
	if down {
		return api.Response{}, errors.New("no network")
	}
	if limited {
		response, err := reply(429, wire.ErrorAnswer{Error: wire.NewError(wire.CodeRateLimited, "Too much at once.")})
		response.RetryAfter = "7"
		return response, err
	}
	b.mu.Lock()
	b.answered = append(b.answered, r.Method+" "+path)
	b.mu.Unlock()
	token := r.Header["Authorization"]
	switch r.Method + " " + path {
	case "GET " + wire.PathConfig:
		return reply(200, wire.Config{Features: []string{wire.FeatureReadMarks, wire.FeatureRejoin, wire.FeatureTyping}, Polling: wire.PollingConfig{Interval: 2000, Wait: 25}})
	case "POST " + wire.PathJoin:
		return b.join(r.Body)
	case "POST " + wire.PathConversations:
		return reply(201, wire.Session{Conversation: wire.Conversation{ID: "c"}, Participant: wire.Participant{ID: "me"}, Cursor: wire.Cursor{Epoch: "e"}, Token: "secret"})
	}
	if token != "Bearer secret" {
		return reply(401, wire.ErrorAnswer{Error: wire.NewError(wire.CodeUnauthorized, "No.")})
	}
	switch {
	case strings.HasSuffix(path, "/messages") && r.Method == "POST":
		var send wire.SendRequest
		if err := json.Unmarshal(r.Body, &send); err != nil {
			return api.Response{}, err
		}
		return reply(201, wire.SendAnswer{Message: b.say(wire.Author{ID: "me", Role: wire.RoleVisitor}, send.ClientID, send.Body)})
	case strings.HasSuffix(path, "/messages"):
		return b.page(ctx, q)
	case strings.HasSuffix(path, "/read"):
		var read wire.ReadRequest
		if err := json.Unmarshal(r.Body, &read); err != nil {
			return api.Response{}, err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.read = max(b.read, read.Seq)
		return reply(200, wire.ReadAnswer{ReadSeq: b.read})
	case strings.HasSuffix(path, "/transcript"), strings.HasSuffix(path, "/typing"):
		return api.Response{Status: 204}, nil
	case strings.HasSuffix(path, "/token") && r.Method == "DELETE":
		b.mu.Lock()
		defer b.mu.Unlock()
		b.revoked = append(b.revoked, token)
		return api.Response{Status: 204}, nil
	}
	return reply(404, wire.ErrorAnswer{Error: wire.NewError(wire.CodeNotFound, "No.")})
}

func (b *backend) page(ctx context.Context, q url.Values) (api.Response, error) {
	since := wire.Cursor{}
	if q.Has("since") {
		var err error
		if since, err = wire.ParseCursor(q.Get("since")); err != nil {
			return api.Response{}, err
		}
	}
	wait, _ := strconv.Atoi(q.Get("wait"))
	b.mu.Lock()
	n, changed := int64(len(b.messages)), b.changed
	b.mu.Unlock()
	if n == since.Rev && wait > 0 {
		select {
		case <-changed:
		case <-time.After(time.Duration(wait) * time.Second):
		case <-ctx.Done():
			return api.Response{}, ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := wire.Page{Messages: b.messages[since.Rev:], Cursor: wire.Cursor{Epoch: "e", Rev: int64(len(b.messages))}, Epoch: "e", LastSeq: int64(len(b.messages))}
	return reply(200, p)
}

func reply(status int, v any) (api.Response, error) {
	body, err := json.Marshal(v)
	return api.Response{Status: status, Body: body}, err
}

// disk is the storage that all tabs of a browser share.
type disk struct {
	mu      sync.Mutex
	values  map[string]string
	sets    map[string]int // how often each key was written
	refuses bool
}

func (d *disk) written(key string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sets[key]
}

func (d *disk) Keys() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.values))
}

func (d *disk) Get(key string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.values[key]
	return v, ok
}

func (d *disk) Set(key, value string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.refuses {
		d.values[key] = value
		d.sets[key]++
	}
	return !d.refuses
}

func (d *disk) Remove(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.refuses {
		delete(d.values, key)
	}
	return !d.refuses
}

// browser has tabs: one storage, one lock, one channel.
type browser struct {
	t       *testing.T
	backend *backend
	disk    *disk
	config  *wire.Config // what documents bring along

	mu      sync.Mutex
	tabs    []*tab
	queue   []*tab // who waits for the lock; the first has it
	changes map[*tab]func(bool)
	posts   int // messages between tabs
}

// tab is one of them, with its chat.
type tab struct {
	*Client
	b      *browser
	cancel context.CancelFunc
	done   chan struct{}
	frozen bool        // nothing is run or delivered
	inbox  chan []byte // messages of other tabs, in their order

	mu    sync.Mutex
	notes []session.Notify
}

func inBrowser(t *testing.T, test func(b *browser)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &browser{t: t, backend: newBackend(), disk: &disk{values: map[string]string{}, sets: map[string]int{}}, changes: map[*tab]func(bool){}}
		test(b)
		for _, tab := range slices.Clone(b.tabs) {
			tab.close()
		}
		synctest.Wait()
	})
}

// open opens a tab; alone means that the browser joins none.
func (b *browser) open(alone bool) *tab {
	x := &tab{b: b, done: make(chan struct{}), inbox: make(chan []byte, 1000)}
	o := Options{
		API: api.New(b.backend, "", ""), Config: b.config, Storage: b.disk, Show: func(session.State) {},
		Notify: func(n session.Notify) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.notes = append(x.notes, n)
		},
		Now:   func() wire.Time { return wire.TimeOf(time.Now()) },
		NewID: uuid.NewString,
	}
	if !alone {
		o.Tabs = x
	}
	b.mu.Lock()
	b.tabs = append(b.tabs, x)
	b.mu.Unlock()
	x.Client = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	x.cancel = cancel
	go func() { defer close(x.done); x.Run(ctx) }()
	b.wait(100 * time.Millisecond)
	return x
}

// close ends a tab, as its process ends: without a word.
func (x *tab) close() {
	x.cancel()
	<-x.done
	x.b.mu.Lock()
	defer x.b.mu.Unlock()
	x.b.tabs = slices.DeleteFunc(x.b.tabs, func(t *tab) bool { return t == x })
	close(x.inbox)
	had := len(x.b.queue) > 0 && x.b.queue[0] == x
	x.b.queue = slices.DeleteFunc(x.b.queue, func(t *tab) bool { return t == x })
	delete(x.b.changes, x)
	if had {
		x.b.grant()
	}
}

// grant is called with the lock held.
func (b *browser) grant() {
	if len(b.queue) > 0 {
		changed := b.changes[b.queue[0]]
		go changed(true)
	}
}

func (x *tab) Lead(take bool, changed func(bool)) {
	b := x.b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes[x] = changed
	queue := slices.DeleteFunc(slices.Clone(b.queue), func(t *tab) bool { return t == x })
	if take && len(b.queue) > 0 {
		loser := b.queue[0]
		go b.changes[loser](false)
		b.queue = append([]*tab{x}, queue...)
		b.grant()
		return
	}
	b.queue = append(queue, x)
	if b.queue[0] == x {
		b.grant()
	}
}

func (x *tab) Listen(receive func([]byte)) {
	go func() {
		for message := range x.inbox {
			receive(message)
		}
	}()
}

func (x *tab) Post(message []byte) {
	x.b.mu.Lock()
	defer x.b.mu.Unlock()
	if x.frozen {
		return
	}
	x.b.posts++
	for _, other := range x.b.tabs {
		if other != x && !other.frozen {
			other.inbox <- message
		}
	}
}

func (x *tab) freeze(on bool) {
	x.b.mu.Lock()
	defer x.b.mu.Unlock()
	x.frozen = on
}

func (b *browser) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// shows are the texts that a tab shows, those on their way in brackets.
func (x *tab) shows() (texts []string) {
	state := x.State()
	for _, i := range state.Timeline() {
		if i.Entry != nil {
			texts = append(texts, "("+i.Entry.Body+")")
			continue
		}
		texts = append(texts, i.Message.Body)
	}
	return texts
}

func (x *tab) want(texts ...string) {
	x.b.t.Helper()
	if got := x.shows(); !slices.Equal(got, texts) {
		x.b.t.Errorf("the tab shows %q, want %q", got, texts)
	}
}

func TestSendAndReload(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x := b.open(true)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		x.want("one")
		b.backend.shut(true)
		x.Do(session.Send{Text: "two"})
		b.wait(time.Second)
		x.want("one", "(two)")
		x.close()
		b.backend.shut(false)
		x = b.open(true)
		b.wait(time.Minute)
		x.want("one", "two")
		if keys := b.disk.Keys(); !slices.Equal(keys, []string{"conversation"}) {
			t.Errorf("kept: %q", keys)
		}
	})
}

// A message is in storage before anything else happens to it.
func TestKeptBeforeSent(t *testing.T) {
	inBrowser(t, func(b *browser) {
		b.backend.shut(true)
		x := b.open(true)
		x.Do(session.Send{Text: "one", ClientID: "k1"})
		b.wait(time.Millisecond)
		if _, ok := b.disk.Get("out.k1"); !ok {
			t.Error("not kept")
		}
	})
}

func TestStorageRefused(t *testing.T) {
	inBrowser(t, func(b *browser) {
		b.disk.refuses = true
		x := b.open(true)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		x.want("one")
		if !x.State().Unsaved {
			t.Error("the visitor is not told")
		}
	})
}

func TestDamagedStorage(t *testing.T) {
	inBrowser(t, func(b *browser) {
		b.disk.values["conversation"], b.disk.values["out.x"], b.disk.values["revoke.y"] = "{", "[1", "?"
		x := b.open(true)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		x.want("one")
	})
}

// Reset forgets everything, here and on the server; where that cannot be
// reached, later.
func TestResetRevokes(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x := b.open(true)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		b.backend.shut(true)
		x.Do(session.Reset{})
		b.wait(time.Minute)
		x.want()
		if keys := b.disk.Keys(); !slices.Equal(keys, []string{"revoke.c"}) {
			t.Errorf("kept: %q", keys)
		}
		x.close()
		b.backend.shut(false)
		b.open(true)
		b.wait(time.Second)
		if len(b.backend.revoked) != 1 || len(b.disk.Keys()) != 0 {
			t.Errorf("revoked %q, kept %q", b.backend.revoked, b.disk.Keys())
		}
	})
}

// A token that a busy server did not come to refuse is refused later.
func TestRevokedLater(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x := b.open(true)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		b.backend.limit("/token")
		x.Do(session.Reset{})
		b.wait(time.Second)
		if keys := b.disk.Keys(); !slices.Equal(keys, []string{"revoke.c"}) {
			t.Errorf("kept: %q", keys)
		}
		x.close()
		b.backend.limit("")
		b.open(true)
		b.wait(time.Second)
		if len(b.backend.revoked) != 1 || len(b.disk.Keys()) != 0 {
			t.Errorf("revoked %q, kept %q", b.backend.revoked, b.disk.Keys())
		}
	})
}

// Whoever signs in again has the same conversation again, which nothing ends that
// was to end the time before: it has ended already, or does not any more.
func TestSignedInAgain(t *testing.T) {
	ann := session.Identify{User: wire.User{ID: "ann", Hash: "signed"}}
	inBrowser(t, func(b *browser) {
		x := b.open(true)
		x.Do(ann)
		b.wait(time.Second)
		b.backend.shut(true)
		x.Do(session.Reset{})
		b.wait(time.Minute)
		b.backend.shut(false)
		x.Do(ann)
		b.wait(time.Second)
		x.close()
		b.open(true)
		b.wait(time.Second)
		if n := len(b.backend.revoked); n != 0 {
			t.Errorf("revoked %d times", n)
		}
	})
	inBrowser(t, func(b *browser) {
		b.disk.Set("revoke.c", `"secret"`)
		b.open(true).Do(ann)
		b.wait(time.Second)
		revoked := slices.IndexFunc(b.backend.answered, func(call string) bool { return strings.HasPrefix(call, "DELETE") })
		begun := slices.Index(b.backend.answered, "POST "+wire.PathConversations)
		if revoked < 0 || begun < revoked {
			t.Errorf("answered: %q", b.backend.answered)
		}
	})
}

// What the document has brought along is not asked for at first. To a tab that
// takes the lead long after it was opened it is no answer.
func TestKnownConfig(t *testing.T) {
	known := &wire.Config{Features: []string{"known"}, Polling: wire.PollingConfig{Interval: 2000, Wait: 25}}
	inBrowser(t, func(b *browser) {
		b.config = known
		x := b.open(true)
		if n := b.backend.calls["GET "+wire.PathConfig]; n != 0 || !slices.Equal(x.State().Config.Features, known.Features) {
			t.Errorf("asked for %d times; has %+v", n, x.State().Config)
		}
	})
	inBrowser(t, func(b *browser) {
		b.open(false).Do(session.Send{Text: "one"})
		b.wait(time.Second)
		b.config = known
		y := b.open(false) // follows, and asks nothing
		b.wait(time.Duration(configFresh+1) * time.Millisecond)
		if y.knownConfig() != nil {
			t.Error("what was said long ago counts")
		}
	})
}

// Several tabs show the same, and one alone speaks to the server.
func TestTabs(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x, y := b.open(false), b.open(false)
		x.Do(session.Send{Text: "from x"})
		b.wait(time.Second)
		y.Do(session.Send{Text: "from y"})
		b.wait(time.Second)
		b.backend.say(wire.Author{ID: "bot", Role: wire.RoleBot}, "", "answer")
		b.wait(time.Second)
		for _, tab := range []*tab{x, y} {
			tab.want("from x", "from y", "answer")
		}
		if !x.leading() || y.leading() {
			t.Error("the first tab does not lead")
		}
		if n := b.backend.calls["GET "+wire.PathConfig]; n != 1 {
			t.Errorf("the config was asked for %d times", n)
		}
		if n := b.backend.calls["POST /api/chatbot/conversations/c/messages"]; n != 2 {
			t.Errorf("%d messages were posted", n)
		}
		// A late tab has everything at once.
		z := b.open(false)
		z.want("from x", "from y", "answer")
	})
}

// Tabs in which nothing was written yet stay as they are: the first one leads.
func TestTabsWithoutConversation(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x, y := b.open(false), b.open(false)
		for range 600 {
			b.wait(100 * time.Millisecond)
			if !x.leading() || y.leading() {
				t.Fatal("the lead has changed")
			}
		}
		if n := b.backend.calls["GET "+wire.PathConfig]; n != 1 || !y.State().Loaded {
			t.Errorf("the config was asked for %d times; the second tab has it: %t", n, y.State().Loaded)
		}
	})
}

func TestTabThatLeadsIsClosed(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x, y := b.open(false), b.open(false)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		b.backend.shut(true)
		y.Do(session.Send{Text: "two"})
		b.wait(time.Millisecond)
		x.Do(session.Send{Text: "three"})
		b.wait(time.Second)
		x.close()
		b.backend.shut(false)
		b.wait(time.Minute)
		y.want("one", "two", "three")
		if !y.leading() {
			t.Error("nobody leads")
		}
		if got := b.backend.bodies(); !slices.Equal(got, []string{"one", "two", "three"}) {
			t.Errorf("the server has %q", got)
		}
	})
}

// A tab that was frozen while it led does what waited for it before it hears that
// another one leads. It may not undo what that one keeps, nor begin a conversation
// beside its.
func TestThawedTab(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x := b.open(false)
		b.disk.Set("leader", `"another tab"`)
		const others = `{"conversationId":"c","token":"t","self":"me","at":1}`
		b.disk.Set("conversation", others)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Millisecond)
		if kept, _ := b.disk.Get("conversation"); kept != others || x.leading() {
			t.Errorf("it leads: %v, kept is %s", x.leading(), kept)
		}
		if got := b.backend.bodies(); len(got) != 0 {
			t.Errorf("it sent %q", got)
		}
	})
}

// Who holds the lead leads again when somebody asks for a leader, or when there is
// none: the one that was taken for it had only heard late that it led once. One
// that asks because it has come into view takes the lead from a hidden one then.
func TestLeadIsTakenUpAgain(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x, y := b.open(false), b.open(false)
		for _, ask := range []func(){func() { y.Do(session.Shown{}) }, func() { b.wait(2 * leaderPatience) }} {
			y.Do(session.Hidden{})
			synctest.Wait()
			b.disk.Set("leader", `"one that is closed now"`)
			x.Do(session.Hidden{})
			synctest.Wait()
			if x.leading() {
				t.Fatal("it leads beside another")
			}
			ask()
			b.wait(100 * time.Millisecond)
			if x.leading() == y.leading() {
				t.Errorf("x leads: %v, y leads: %v", x.leading(), y.leading())
			}
			x.Do(session.Shown{})
			y.Do(session.Hidden{})
			x.Do(session.Hidden{})
			x.Do(session.Shown{}) // has the lead again
			b.wait(100 * time.Millisecond)
		}
		y.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		x.want("one")
	})
}

// A tab in the background may be frozen while it leads: another takes over, and
// the frozen one follows when it wakes.
func TestTabThatLeadsIsFrozen(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x, y := b.open(false), b.open(false)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		x.freeze(true)
		y.Do(session.Send{Text: "two"})
		b.wait(leaderPatience / 2)
		y.want("one", "(two)")
		b.wait(leaderPatience)
		y.want("one", "two")
		x.freeze(false)
		x.Do(session.Shown{})
		b.wait(time.Second)
		x.want("one", "two")
		if x.leading() || !y.leading() {
			t.Error("the wrong tab leads")
		}
	})
}

// The tab in view leads.
func TestTabInViewLeads(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x, y := b.open(false), b.open(false)
		y.Do(session.Hidden{})
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		x.Do(session.Hidden{})
		y.Do(session.Shown{})
		b.wait(time.Second)
		if x.leading() || !y.leading() {
			t.Error("the hidden tab leads")
		}
		x.Do(session.Send{Text: "two"})
		b.wait(time.Second)
		x.want("one", "two")
		y.want("one", "two")
	})
}

func TestReadMarkIsShared(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x, y := b.open(false), b.open(false)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		b.backend.say(wire.Author{ID: "bot", Role: wire.RoleBot}, "", "answer")
		b.wait(time.Second)
		if x.State().Unread != 1 || y.State().Unread != 1 {
			t.Fatalf("unread %d, %d", x.State().Unread, y.State().Unread)
		}
		y.Do(session.Open{})
		y.Do(session.Attention{Given: true})
		y.Do(session.Seen{Seq: 2})
		b.wait(time.Second)
		if x.State().Unread != 0 || y.State().Unread != 0 || b.backend.read != 2 {
			t.Errorf("unread %d, %d; the server knows %d", x.State().Unread, y.State().Unread, b.backend.read)
		}
	})
}

// A join goes on as the same one when its answer was lost: by itself, after a
// reload and in another tab.
func TestJoinOutlivesItsAnswer(t *testing.T) {
	lose := func(b *browser, on bool) {
		b.backend.mu.Lock()
		defer b.backend.mu.Unlock()
		b.backend.loseJoin = on
	}
	for name, next := range map[string]func(b *browser, x *tab) *tab{
		"by itself": func(_ *browser, x *tab) *tab { return x },
		"reload":    func(b *browser, x *tab) *tab { x.close(); return b.open(false) },
		"another tab": func(b *browser, x *tab) *tab {
			y := b.open(false)
			x.close()
			return y
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBrowser(t, func(b *browser) {
				x := b.open(false)
				lose(b, true)
				x.Do(session.Join{Code: "abc", Name: "Ben"})
				b.wait(time.Second)
				x = next(b, x)
				lose(b, false)
				b.wait(time.Minute)
				if got := x.State(); got.ConversationID != "c" || got.Notice.Code != "" {
					t.Errorf("in conversation %q, notice %+v", got.ConversationID, got.Notice)
				}
				joins := b.backend.joins
				if len(joins) < 2 {
					t.Fatalf("asked %d times", len(joins))
				}
				for _, j := range joins {
					if err := j.Validate(); err != nil || j != joins[0] || j.Code != "abc" || j.Name != "Ben" {
						t.Errorf("asked as %+v, at first as %+v: %v", j, joins[0], err)
					}
				}
				if kept, _ := b.disk.Get(keyConversation); strings.Contains(kept, joins[0].Nonce) {
					t.Errorf("the join is still kept: %s", kept)
				}
			})
		})
	}
}

// A flow of messages is written down once in ten seconds, and what was put off when the
// page is hidden. A tab that is alone tells nobody of them.
func TestFlowOfMessages(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x := b.open(false)
		x.Do(session.Send{Text: "one"})
		b.wait(2 * time.Second)
		written, posted := b.disk.written(keyConversation), b.posts
		for i := range 120 {
			b.backend.say(wire.Author{ID: "bot", Role: wire.RoleBot}, fmt.Sprint("b", i), fmt.Sprint("answer ", i))
			b.wait(100 * time.Millisecond)
		}
		if n := len(x.shows()); n != 121 {
			t.Fatalf("%d messages are shown", n)
		}
		if n := b.disk.written(keyConversation) - written; n < 1 || n > 2 {
			t.Errorf("written %d times in 12 seconds", n)
		}
		if n := b.posts - posted; n > 0 {
			t.Errorf("told nobody %d times", n)
		}
		x.Do(session.Hidden{})
		b.wait(0)
		if cursor := x.kept().Cursor; cursor != x.State().Cursor {
			t.Errorf("kept is %v, known %v", cursor, x.State().Cursor)
		}
		x.Do(session.Shown{})
		y := b.open(false)
		b.backend.say(wire.Author{ID: "bot", Role: wire.RoleBot}, "last", "the last")
		b.wait(time.Second)
		if shows := y.shows(); !slices.Equal(shows, x.shows()) || len(shows) != 122 {
			t.Errorf("the second tab shows %q", shows)
		}
	})
}

// A tab that was there before any led hears of all that comes after.
func TestFollowerFromBefore(t *testing.T) {
	inBrowser(t, func(b *browser) {
		x := b.open(false)
		y := b.open(false)
		x.Do(session.Send{Text: "one"})
		b.wait(time.Second)
		z := b.open(false)
		x.close() // y leads, and z has asked x alone
		b.wait(time.Second)
		for i := range 3 {
			b.backend.say(wire.Author{ID: "bot", Role: wire.RoleBot}, fmt.Sprint("b", i), fmt.Sprint("answer ", i))
			b.wait(time.Second)
		}
		y.want("one", "answer 0", "answer 1", "answer 2")
		z.want("one", "answer 0", "answer 1", "answer 2")
	})
}
