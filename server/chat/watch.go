package chat

import (
	"slices"
	"sync"
)

// everything is the key under which a watch announces every change.
const everything = ""

// watch wakes those who wait for a change of a conversation. Who waits is a
// function to call and nothing more.
type watch struct {
	mu       sync.Mutex
	watchers map[string][]*watcher
}

type watcher struct{ wake func() }

func newWatch() *watch { return &watch{watchers: map[string][]*watcher{}} }

// on has wake called by the next announcement for key, once, unless stop was
// called before; a call that is under way is not waited for. wake must return
// promptly.
func (w *watch) on(key string, wake func()) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := &watcher{wake}
	w.watchers[key] = append(w.watchers[key], one)
	return func() { w.leave(key, one) }
}

func (w *watch) leave(key string, one *watcher) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.watchers[key]
	i := slices.Index(all, one)
	switch {
	case i < 0: // woken
	case len(all) == 1:
		delete(w.watchers, key)
	default:
		w.watchers[key] = slices.Delete(all, i, i+1)
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
	all := w.watchers[key]
	delete(w.watchers, key)
	w.mu.Unlock()
	for _, one := range all {
		one.wake()
	}
}
