package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"chatbot/widget/api"
	"chatbot/widget/client"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// names are the visitors'.
var names = []string{"Ann", "Ben", "Cleo"}

// disk is the storage that all tabs of a browser share.
type disk struct {
	mu     sync.Mutex
	values map[string]string
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
	d.values[key] = value
	return true
}

func (d *disk) Remove(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.values, key)
	return true
}

// reach is what a browser's network does.
type reach int

const (
	onLine   reach = iota
	offLine        // everything is refused, and the browser says so
	inTunnel       // everything vanishes
)

// browser is a visitor's: one storage, one lock and one channel for its tabs.
type browser struct {
	w       *world
	name    string
	disk    *disk
	written int
	opened  int

	mu      sync.Mutex
	network reach
	lines   map[*line]bool
	tabs    []*tab
	queue   []*tab // who waits for the lock; the first has it
}

func newBrowser(w *world, name string) *browser {
	return &browser{w: w, name: name, disk: &disk{values: map[string]string{}}, lines: map[*line]bool{}}
}

func (b *browser) reach() reach {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.network
}

// goes changes what the network does.
func (b *browser) goes(r reach) {
	b.mu.Lock()
	b.network = r
	b.mu.Unlock()
	switch r {
	case offLine:
		b.cut(false)
	case inTunnel:
		b.cut(true)
	}
}

func (b *browser) hold(l *line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines[l] = true
	forget := l.forget
	l.forget = func() {
		forget()
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.lines, l)
	}
}

// cut ends all connections.
func (b *browser) cut(silently bool) {
	b.mu.Lock()
	lines := slices.Collect(maps.Keys(b.lines))
	b.mu.Unlock()
	for _, l := range lines {
		l.cut(silently)
	}
}

// open are the tabs.
func (b *browser) open() []*tab {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.tabs)
}

// tab is one of a browser's, with its chat.
type tab struct {
	*client.Client
	b      *browser
	name   string
	net    *network
	inbox  chan []byte // messages of other tabs, in their order
	lock   chan bool   // whether it was got or lost, in that order
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
	texts  []*text // written here, in this order

	mu     sync.Mutex
	thawed chan struct{} // closed unless the tab is frozen
}

// openTab opens a tab.
func (b *browser) openTab() *tab {
	b.opened++
	x := &tab{b: b, name: fmt.Sprintf("%s's tab %d", b.name, b.opened), inbox: make(chan []byte, 10_000), lock: make(chan bool, 10_000), thawed: make(chan struct{})}
	close(x.thawed)
	x.net = newNetwork(b, x.name)
	x.ctx, x.cancel = context.WithCancel(context.Background())
	b.mu.Lock()
	b.tabs = append(b.tabs, x)
	b.mu.Unlock()
	x.Client = client.New(client.Options{
		API: api.New(x.net, "http://"+chatHost, ""), Storage: b.disk, Tabs: x, Dial: x.net.dial,
		Show: x.show, Notify: func(session.Notify) {},
		Now:   func() wire.Time { return wire.TimeOf(time.Now()) },
		NewID: b.w.newID,
	})
	x.done.Go(func() { x.Run(x.ctx) })
	return x
}

// show is called with every state; in a frozen tab nothing goes on.
func (x *tab) show(s session.State) {
	x.b.w.look(x, s)
	x.mu.Lock()
	thawed := x.thawed
	x.mu.Unlock()
	select {
	case <-thawed:
	case <-x.ctx.Done():
	}
}

// close ends a tab as its process ends: without a word.
func (x *tab) close() {
	x.cancel()
	x.done.Wait()
	b := x.b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tabs = slices.DeleteFunc(b.tabs, func(t *tab) bool { return t == x })
	close(x.inbox)
	close(x.lock)
	had := len(b.queue) > 0 && b.queue[0] == x
	b.queue = slices.DeleteFunc(b.queue, func(t *tab) bool { return t == x })
	if had {
		b.grant()
	}
}

func (x *tab) freeze() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.isFrozen() {
		x.thawed = make(chan struct{})
	}
}

func (x *tab) thaw() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.isFrozen() {
		close(x.thawed)
	}
}

// isFrozen is called with the lock held.
func (x *tab) isFrozen() bool {
	select {
	case <-x.thawed:
		return false
	default:
		return true
	}
}

func (x *tab) frozen() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.isFrozen()
}

// grant gives the lock to the first who waits; it is called with the lock held.
func (b *browser) grant() {
	if len(b.queue) > 0 {
		b.queue[0].lock <- true
	}
}

// Lead is a Web Lock. One that was stolen is asked for again.
func (x *tab) Lead(take bool, changed func(bool)) {
	b := x.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.tabs, x) {
		return
	}
	if !take {
		b.w.background.Go(func() {
			for leads := range x.lock {
				changed(leads)
			}
		})
	}
	queue := slices.DeleteFunc(slices.Clone(b.queue), func(t *tab) bool { return t == x })
	if take && len(b.queue) > 0 {
		b.queue[0].lock <- false
		b.queue = append([]*tab{x}, queue...)
		b.grant()
		return
	}
	b.queue = append(queue, x)
	if b.queue[0] == x {
		b.grant()
	}
}

// Listen and Post are a BroadcastChannel.
func (x *tab) Listen(receive func([]byte)) {
	x.b.w.background.Go(func() {
		for message := range x.inbox {
			receive(message)
		}
	})
}

func (x *tab) Post(message []byte) {
	x.b.mu.Lock()
	defer x.b.mu.Unlock()
	for _, other := range x.b.tabs {
		if other != x {
			other.inbox <- message
		}
	}
}
