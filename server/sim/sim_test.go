// Package sim lives through the product in a world where everything goes wrong:
// the real widget/client of several visitors with several tabs, against the real
// domain, store, API and realtime endpoint, in one process and in time that
// passes by itself (testing/synctest), over connections that delay, drop,
// repeat, reorder, cut, fall silent and lie.
//
// What happens is decided by a seed: what people do, and what goes wrong at
// which message of which link. A run that breaks a promise is made shorter for
// as long as it still does, and told in words.
package sim

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatbot/server/auth"
	"chatbot/server/store"
)

var (
	seeds   = flag.Int("sim.seeds", 0, "how many runs; 300 unless told otherwise, or 15 with the race detector, which is slow here")
	first   = flag.Uint64("sim.first", 1, "the seed of the first run")
	shorten = flag.Duration("sim.shorten", 2*time.Minute, "for how long a failing run is made shorter")
)

// raced is set in a build with the race detector.
var raced bool

// howMany runs are to be made.
func howMany() uint64 {
	switch {
	case *seeds > 0:
		return uint64(*seeds)
	case raced:
		return 15
	}
	return 300
}

// newFixture makes the keys and an empty database.
func newFixture(t *testing.T) (f fixture) {
	t.Helper()
	dir := t.TempDir()
	var err error
	if f.keys, err = auth.LoadKeys(dir, func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, databaseName)
	db, err := store.Open(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if f.database, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	return f
}

// tally is what all runs came to.
type tally struct {
	mu               sync.Mutex
	runs, messages   int
	kills            int
	faults           map[kind]int
	longest          time.Duration
	longestSeed      uint64
	failed           *story
	failedAs         *failure
	stopAtFirstError atomic.Bool
}

func (c *tally) add(s story, o outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs++
	c.messages += o.messages
	c.kills += o.kills
	for _, f := range o.faults {
		c.faults[f.Kind]++
	}
	if o.healed > c.longest {
		c.longest, c.longestSeed = o.healed, s.Seed
	}
	if o.failure != nil && (c.failed == nil || s.Seed < c.failed.Seed) {
		s.Faults = o.faults
		c.failed, c.failedAs = &s, o.failure
		c.stopAtFirstError.Store(true)
	}
}

// Nothing is lost, nothing comes twice, everything is in order.
func TestSimulation(t *testing.T) {
	fixed := newFixture(t)
	all := &tally{faults: map[kind]int{}}
	begun := time.Now()
	next := atomic.Uint64{}
	t.Run("runs", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				for !all.stopAtFirstError.Load() {
					n := next.Add(1) - 1
					if n >= howMany() {
						return
					}
					s := newStory(*first + n)
					all.add(s, run(t, s, fixed))
				}
			})
		}
	})
	t.Logf("%d runs with %d messages in %v: %d kills, the longest time to heal %v (seed %d)",
		all.runs, all.messages, time.Since(begun).Round(time.Second), all.kills, all.longest, all.longestSeed)
	for _, k := range slices.SortedFunc(maps.Keys(all.faults), func(a, b kind) int { return cmp.Compare(all.faults[b], all.faults[a]) }) {
		t.Logf("%6d × %s", all.faults[k], k)
	}
	if all.failed != nil {
		explain(t, *all.failed, all.failedAs, fixed)
	}
}

// explain tells the shortest story that ends as s did.
func explain(t *testing.T, s story, end *failure, fixed fixture) {
	until := time.Now().Add(*shorten)
	same := func(s story) bool {
		if time.Now().After(until) {
			return false
		}
		for range 2 { // so that it is short by necessity and not by luck
			if o := run(t, s, fixed); o.failure == nil || o.failure.Promise != end.Promise {
				return false
			}
		}
		return true
	}
	short := s.shorten(same)
	again, text := 0, end.Text
	for range 10 {
		if o := run(t, short, fixed); o.failure != nil && o.failure.Promise == end.Promise {
			again++
			text = o.failure.Text
		}
	}
	t.Errorf("seed %d breaks the promise %q: %s\n\nThe shortest story of it, which ends so in %d of 10 runs:\n%s\nIn it, %s.",
		s.Seed, end.Promise, end.Text, again, short, text)
}
