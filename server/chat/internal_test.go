package chat

import (
	"context"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatbot/widget/wire"
)

func TestWatchWakesEveryoneWhoWaits(t *testing.T) {
	w := newWatch()
	woken := map[string]int{}
	var stops []func()
	for name, key := range map[string]string{"a": "c1", "b": "c1", "all": everything, "other": "c2", "left": "c1"} {
		stops = append(stops, w.on(key, func() { woken[name]++ }))
		if name == "left" {
			stops[len(stops)-1]()
		}
	}
	w.announce("c1")
	w.announce("c1") // wakes nobody a second time
	if want := map[string]int{"a": 1, "b": 1, "all": 1}; !maps.Equal(woken, want) {
		t.Errorf("woken were %v, want %v", woken, want)
	}
	for _, stop := range stops {
		stop()
	}
	if len(w.watchers) != 0 {
		t.Errorf("%d keys are kept with nobody waiting", len(w.watchers))
	}
}

// A waiter that leaves after an announcement must not take away a later one
// under the same name.
func TestWatchLeaveAfterAnnouncement(t *testing.T) {
	w := newWatch()
	stopOld := w.on("c1", func() {})
	w.announce("c1")
	woken := false
	stop := w.on("c1", func() { woken = true })
	defer stop()
	stopOld()
	w.announce("c1")
	if !woken {
		t.Error("the later waiter was forgotten")
	}
}

func TestSignalsPass(t *testing.T) {
	s := newSignals()
	now := time.Unix(1000, 0)
	bot := wire.Author{ID: "bot", Role: wire.RoleBot}
	ann := wire.Author{ID: "ann", Role: wire.RoleVisitor}
	s.set("c1", wire.Signal{Type: wire.SignalThinking, Author: bot, TTL: 6000}, now)
	s.set("c1", wire.Signal{Type: wire.SignalThinking, Author: bot, TTL: 9000}, now)
	s.set("c1", wire.Signal{Type: wire.SignalTyping, Author: ann, TTL: 1000}, now)
	if got := s.active("c1", "", now); len(got) != 2 || got[0].TTL != 9000 {
		t.Fatalf("active = %+v", got)
	}
	if got := s.active("c1", "", now.Add(time.Second)); len(got) != 1 || got[0].Author != bot || got[0].TTL != 8000 {
		t.Fatalf("after a second: %+v", got)
	}
	s.set("c1", wire.Signal{Type: wire.SignalIdle, Author: bot}, now)
	if got := s.active("c1", "", now.Add(time.Second)); len(got) != 0 {
		t.Fatalf("after idle: %+v", got)
	}
	if len(s.byConversation) != 0 {
		t.Error("a conversation without signals is kept")
	}
}

// What has passed is forgotten also where nobody asks any more.
func TestSignalsAreSwept(t *testing.T) {
	s := newSignals()
	now := time.Unix(1000, 0)
	ann := wire.Author{ID: "ann", Role: wire.RoleVisitor}
	for _, c := range []string{"c1", "c2", "c3"} {
		s.set(c, wire.Signal{Type: wire.SignalTyping, Author: ann, TTL: 1000}, now)
		s.due(c, "ann", time.Second, now)
	}
	s.set("c4", wire.Signal{Type: wire.SignalTyping, Author: ann, TTL: 1000}, now.Add(sweepEvery))
	if len(s.byConversation) != 1 || len(s.told) != 0 {
		t.Errorf("%d conversations and %d announcements are kept", len(s.byConversation), len(s.told))
	}
}

// A reader is not told what they do themselves.
func TestSignalsOfOthers(t *testing.T) {
	s := newSignals()
	now := time.Unix(1000, 0)
	s.set("c1", wire.Signal{Type: wire.SignalTyping, Author: wire.Author{ID: "ann"}, TTL: 1000}, now)
	if mine, others := s.active("c1", "ann", now), s.active("c1", "bob", now); len(mine) != 0 || len(others) != 1 {
		t.Errorf("ann is told %v, bob %v", mine, others)
	}
}

// Debts of one conversation are handed out one after the other, those of
// different ones side by side, and each once.
func TestAnswerQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newAnswerQueue()
		ctx, cancel := context.WithCancel(t.Context())
		for _, d := range []Debt{{"a", "1", "", 0}, {"a", "2", "", 0}, {"b", "3", "", 0}, {"a", "1", "", 0}} {
			q.add(d)
		}
		first, _ := q.next(ctx)
		second, _ := q.next(ctx)
		if first.MessageID != "1" || second.MessageID != "3" {
			t.Fatalf("got %s and %s at once", first.MessageID, second.MessageID)
		}
		var got []string
		var workers sync.WaitGroup
		workers.Go(func() {
			for {
				d, ok := q.next(ctx)
				if !ok {
					return
				}
				got = append(got, d.MessageID)
				q.done(d)
			}
		})
		synctest.Wait()
		if len(got) != 0 {
			t.Fatalf("%v was handed out while its conversation was busy", got)
		}
		q.done(first)
		q.done(second)
		synctest.Wait()
		if len(got) != 1 || got[0] != "2" {
			t.Fatalf("then got %v", got)
		}
		cancel()
		workers.Wait()
		if len(q.busy) != 0 || len(q.known) != 0 {
			t.Errorf("the queue keeps %v %v", q.busy, q.known)
		}
	})
}

func TestBackOffGrowsToItsCap(t *testing.T) {
	for try, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 60: 30 * time.Second} {
		for range 50 {
			if d := backOff(try); d < want/2 || d > want {
				t.Errorf("backOff(%d) = %s, want %s to %s", try, d, want/2, want)
			}
		}
	}
}

func TestWhole(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  int
	}{{"", 5, 0}, {"abc", 5, 3}, {"abcdef", 5, 5}, {"aé", 2, 1}, {"aé", 3, 3}, {"a\xc3", 5, 1}, {"\xf0\x9f\x91", 5, 0}, {"👍", 4, 4}, {"👍👍", 7, 4}, {"\xff\xff", 5, 2}} {
		if got := whole(c.text, c.limit); got != c.want {
			t.Errorf("whole(%q, %d) = %d, want %d", c.text, c.limit, got, c.want)
		}
	}
}
