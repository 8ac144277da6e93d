package auth

import (
	"fmt"
	"testing"
	"time"

	"chatbot/widget/wire"
)

func TestRecentForgetsWhatWasUnusedForLongest(t *testing.T) {
	r := newRecent[int](3)
	for i, key := range []string{"a", "b", "c"} {
		r.put(key, i)
	}
	r.get("a")
	r.put("b", 7)
	r.put("d", 4) // c was unused for longest
	for key, want := range map[string]int{"a": 0, "b": 7, "d": 4} {
		if got, ok := r.get(key); !ok || got != want {
			t.Errorf("%s is %d, %v", key, got, ok)
		}
	}
	if _, ok := r.get("c"); ok || len(r.entries) != 3 || r.order.Len() != 3 {
		t.Errorf("c is there: %v; %d entries", ok, len(r.entries))
	}
}

// A flood from ever new addresses takes no more memory than allowed, and does
// not free an address that is being refused.
func TestRateLimiterIsBounded(t *testing.T) {
	l, now := NewRateLimiter(1), time.Unix(1767366245, 0)
	l.Allow("busy", now)
	for i := range maxKeys + 1000 {
		if i%1000 == 0 {
			if _, ok := l.Allow("busy", now); ok {
				t.Fatalf("the busy address was forgotten after %d others", i)
			}
		}
		l.Allow(fmt.Sprint(i), now)
	}
	if n := len(l.keys.entries); n != maxKeys {
		t.Errorf("%d addresses are remembered, want %d", n, maxKeys)
	}
}

func TestSocketsAreBounded(t *testing.T) {
	s := NewSockets()
	owns := func(participant, socketID string) bool {
		_, ok := s.Provider(participant, socketID)
		return ok
	}
	s.Authorize("first", wire.ProviderReverb, "1.1")
	s.Authorize("kept", wire.ProviderReverb, "2.2")
	for i := range maxVisitors - 1 {
		if i == 100 && !owns("kept", "2.2") {
			t.Fatal("forgotten too early")
		}
		s.Authorize(fmt.Sprint(i), wire.ProviderReverb, "3.3")
	}
	if n := len(s.visitors.entries); n != maxVisitors {
		t.Errorf("%d visitors are remembered, want %d", n, maxVisitors)
	}
	if owns("first", "1.1") || !owns("kept", "2.2") {
		t.Error("not the one that was quiet for longest was forgotten")
	}
}
