package chat

import "sync"

// everything is the key under which a watch announces every change.
const everything = ""

// watch wakes those who wait for a change of a conversation. A waiter costs
// nothing beyond its own goroutine: all waiters of one conversation share a
// channel, which is closed by the next change.
type watch struct {
	mu     sync.Mutex
	topics map[string]*topic
}

type topic struct {
	changed chan struct{}
	waiters int
}

func newWatch() *watch { return &watch{topics: map[string]*topic{}} }

// on gives a channel that is closed by the next announcement for key. stop must
// be called when the caller no longer waits.
func (w *watch) on(key string) (changed <-chan struct{}, stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.topics[key]
	if t == nil {
		t = &topic{changed: make(chan struct{})}
		w.topics[key] = t
	}
	t.waiters++
	return t.changed, func() { w.leave(key, t) }
}

func (w *watch) leave(key string, t *topic) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t.waiters--
	if t.waiters == 0 && w.topics[key] == t {
		delete(w.topics, key)
	}
}

// announce wakes all who wait for key, and all who wait for everything.
func (w *watch) announce(key string) {
	w.wake(key)
	w.wake(everything)
}

// wake wakes all who wait for key, and nobody else: nothing is stored.
func (w *watch) wake(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.topics[key]; t != nil {
		close(t.changed)
		delete(w.topics, key)
	}
}
