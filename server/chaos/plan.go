package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// options are what a run is.
type options struct {
	Messages, Kills, Episodes int
	Conversations, Clients    int
	Hold                      time.Duration
	Seed                      uint64
	Log                       io.Writer // tells how the run goes
}

func (o options) validate() error {
	switch {
	case o.Messages < 1 || o.Conversations < 1 || o.Clients < 1 || o.Episodes < 1:
		return errors.New("there is nothing to do: -messages, -episodes, -conversations and -clients are at least 1")
	case o.Kills < 0 || o.Kills > o.Episodes:
		return fmt.Errorf("-kills %d: at most one for each of the %d -episodes", o.Kills, o.Episodes)
	case o.Hold <= 0:
		return errors.New("-hold is longer than 0")
	}
	return nil
}

// people is how many participants there are.
func (o options) people() int { return o.Conversations*o.Clients + 1 }

// episode is one round of faults, and what is written during it.
type episode struct {
	writers  []int // who writes, once for each message
	faults   []fault
	kill     *kill
	restarts []int // participants that end without a word and come back
	hold     time.Duration
}

// kill is an end of the server without warning, after a while, and how long it
// stays away.
type kill struct{ after, away time.Duration }

// fault is something that a participant's link suffers from.
type fault struct {
	kind   string
	link   int
	toxics []toxic // none for a cut
}

// toxic is one of toxiproxy's, as its API takes it.
type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]any `json:"attributes"`
}

// kindCut is the fault that closes all connections and lets none in.
const kindCut = "cut"

// kinds draw the faults of a link. With those that end a connection it matters
// in which direction: on the way down the server has taken the message and its
// answer is lost.
var kinds = []struct {
	name string
	draw func(*rand.Rand) []toxic
}{
	{"latency", func(r *rand.Rand) []toxic {
		late := map[string]any{"latency": between(r, 30, 400), "jitter": between(r, 0, 200)}
		return []toxic{{"latency", up, late}, {"latency", down, late}}
	}},
	{"bandwidth", func(r *rand.Rand) []toxic {
		rate := map[string]any{"rate": between(r, 3, 30)} // KB/s
		return []toxic{{"bandwidth", up, rate}, {"bandwidth", down, rate}}
	}},
	{"slices", func(r *rand.Rand) []toxic {
		size := between(r, 40, 300)
		return []toxic{{"slicer", down, map[string]any{"average_size": size, "size_variation": size / 2, "delay": between(r, 500, 5000)}}} // µs
	}},
	{"reset", func(r *rand.Rand) []toxic {
		return []toxic{{"reset_peer", either(r), map[string]any{"timeout": between(r, 0, 300)}}}
	}},
	{"cut in an answer", func(r *rand.Rand) []toxic {
		return []toxic{{"limit_data", down, map[string]any{"bytes": between(r, 50, 3000)}}}
	}},
	{"silence", func(r *rand.Rand) []toxic { // open, and everything vanishes
		return []toxic{{"timeout", either(r), map[string]any{"timeout": 0}}}
	}},
	{kindCut, func(*rand.Rand) []toxic { return nil }},
}

const (
	up   = "upstream"
	down = "downstream"
)

func either(r *rand.Rand) string { return []string{up, down}[r.IntN(2)] }

func between(r *rand.Rand, low, high int) int { return low + r.IntN(high-low+1) }

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d)) + 1) }

// plan draws the whole run from its seed.
func plan(o options) []episode {
	r := rand.New(rand.NewPCG(o.Seed, 0))
	episodes := make([]episode, o.Episodes)
	for m := range o.Messages {
		e := &episodes[m*o.Episodes/o.Messages]
		e.writers = append(e.writers, r.IntN(o.people()))
	}
	deck := deck{r: r}
	for i := range episodes {
		e := &episodes[i]
		e.hold = o.Hold/10 + upTo(r, o.Hold*9/10)
		if i*o.Kills/o.Episodes != (i+1)*o.Kills/o.Episodes {
			e.kill = &kill{upTo(r, o.Hold/3), upTo(r, o.Hold/2)}
		}
		first, second := deck.next(), deck.next()
		e.faults = strike(r, nil, first, o.people())
		if r.IntN(2) == 0 {
			e.faults = strike(r, e.faults, second, o.people())
		}
		if r.IntN(3) == 0 {
			e.restarts = []int{r.IntN(o.people())}
		}
	}
	return episodes
}

// strike draws whom a kind of fault hits beside the faults there are. A link
// suffers from one kind at a time: not all of toxiproxy's toxics bear another
// one behind them.
func strike(r *rand.Rand, faults []fault, kind, people int) []fault {
	first := r.IntN(people)
	for link := range people {
		struck := slices.ContainsFunc(faults, func(f fault) bool { return f.link == link })
		if (link == first || r.IntN(3) == 0) && !struck {
			faults = append(faults, fault{kinds[kind].name, link, kinds[kind].draw(r)})
		}
	}
	return faults
}

// deck deals the kinds so that each comes about as often as the others.
type deck struct {
	r    *rand.Rand
	rest []int
}

func (d *deck) next() int {
	if len(d.rest) == 0 {
		d.rest = d.r.Perm(len(kinds))
	}
	kind := d.rest[0]
	d.rest = d.rest[1:]
	return kind
}
