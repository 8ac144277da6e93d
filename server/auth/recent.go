package auth

import "container/list"

// recent is a map that never holds more than limit entries: a new one beyond
// that takes the place of the one that was not used for longest. Every call
// takes constant time. It is not safe for concurrent use.
type recent[V any] struct {
	limit   int
	order   *list.List // of entry[V], the latest used in front
	entries map[string]*list.Element
}

type entry[V any] struct {
	key   string
	value V
}

func newRecent[V any](limit int) *recent[V] {
	return &recent[V]{limit: limit, order: list.New(), entries: map[string]*list.Element{}}
}

// get is the value of key, which counts as used.
func (r *recent[V]) get(key string) (value V, ok bool) {
	element, ok := r.entries[key]
	if !ok {
		return value, false
	}
	r.order.MoveToFront(element)
	return element.Value.(entry[V]).value, true
}

// put sets the value of key, which counts as used.
func (r *recent[V]) put(key string, value V) {
	if element, ok := r.entries[key]; ok {
		element.Value = entry[V]{key, value}
		r.order.MoveToFront(element)
		return
	}
	if len(r.entries) >= r.limit {
		oldest := r.order.Remove(r.order.Back()).(entry[V])
		delete(r.entries, oldest.key)
	}
	r.entries[key] = r.order.PushFront(entry[V]{key, value})
}
