package sim

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"chatbot/widget/wire"
)

// story is all that decides one run: the world as it is set up, what people and
// machines do, and what goes wrong on the way. Without Faults those are drawn
// from the seed; with them nothing else goes wrong.
type story struct {
	Seed    uint64
	Setup   setup
	Actions []action
	Faults  map[moment]fault
}

// setup is how a world is.
type setup struct {
	Visitors  int
	Cold      bool // trouble begins before the first word, with one visitor
	Providers []wire.Provider
	Wait      int     // seconds of a long poll; 0 polls plainly
	PageSize  int     // messages in an answer
	PerMinute int     // messages that are taken in a minute
	Trouble   float64 // the part of all messages that meets a fault
}

// action is something that is done After the one before.
type action struct {
	After   time.Duration
	Do      verb
	Visitor int
	Tab     int           // of those that are open, counted round
	For     time.Duration // until it is undone, or a number where the verb needs one
}

type verb string

const (
	write   verb = "writes a message"
	burst   verb = "writes three messages at once"
	openTab verb = "opens a tab"
	closeIt verb = "closes a tab"
	reload  verb = "reloads a tab"
	leave   verb = "closes all tabs"
	freeze  verb = "has a tab frozen"
	hide    verb = "hides a tab"
	show    verb = "looks at a tab"
	remove  verb = "deletes what waits first"
	older   verb = "scrolls back"
	read    verb = "reads"
	correct verb = "corrects a message"
	unsay   verb = "deletes a message"
	react   verb = "reacts to a message"
	stop    verb = "stops an answer"
	forget  verb = "has a tab forget what is long ago"
	offline verb = "is offline"
	tunnel  verb = "drives through a tunnel"
	cut     verb = "loses every connection"
	halfCut verb = "loses every connection without being told"
	crash   verb = "the server is killed"
	outage  verb = "the server's machine loses power"
	restart verb = "the server is restarted in good order"
	relays  verb = "the provider's connections are cut"
	pass    verb = "time passes"
)

// verbs are how often each is done, of a hundred or so.
var verbs = []struct {
	verb
	often int
	most  time.Duration
}{
	{write, 30, 0}, {burst, 4, 0}, {openTab, 6, 0}, {closeIt, 3, 0}, {reload, 6, 0}, {leave, 1, 0},
	{freeze, 4, 40 * time.Second}, {hide, 3, 0}, {show, 4, 0}, {remove, 2, 0}, {older, 3, 0}, {read, 4, 0},
	{correct, 4, 0}, {unsay, 2, 0}, {react, 6, 0}, {stop, 3, 0}, {forget, 3, 0},
	{offline, 2, 20 * time.Second}, {tunnel, 3, 50 * time.Second}, {cut, 3, 0}, {halfCut, 3, 0},
	{crash, 4, 20 * time.Second}, {outage, 2, 60 * time.Second}, {restart, 2, 10 * time.Second}, {relays, 2, 0}, {pass, 6, 60 * time.Second},
}

// newStory draws one.
func newStory(seed uint64) story {
	r := rand.New(rand.NewPCG(seed, 1))
	s := story{Seed: seed, Setup: setup{
		Visitors:  1 + r.IntN(3),
		Cold:      r.IntN(4) == 0,
		Providers: [][]wire.Provider{{wire.ProviderReverb}, {wire.ProviderReverb}, {wire.ProviderPusher, wire.ProviderReverb}, {wire.ProviderPusher}, {}}[r.IntN(5)],
		Wait:      []int{25, 25, 0}[r.IntN(3)],
		PageSize:  []int{2, 5, 50}[r.IntN(3)],
		PerMinute: []int{6, 60, 1000}[r.IntN(3)],
		Trouble:   []float64{0.02, 0.08, 0.2}[r.IntN(3)],
	}}
	if s.Setup.Cold {
		s.Setup.Visitors = 1
	}
	total := 0
	for _, v := range verbs {
		total += v.often
	}
	for range 25 + r.IntN(25) {
		n, i := r.IntN(total), 0
		for n >= verbs[i].often {
			n -= verbs[i].often
			i++
		}
		a := action{After: pause(r), Do: verbs[i].verb, Visitor: r.IntN(s.Setup.Visitors), Tab: r.IntN(3)}
		if verbs[i].most > 0 {
			a.For = time.Second + time.Duration(r.Int64N(int64(verbs[i].most)))
		}
		s.Actions = append(s.Actions, a)
	}
	return s
}

// pause is short more often than long, so that things meet.
func pause(r *rand.Rand) time.Duration {
	return time.Duration(r.Int64N(int64([]time.Duration{10 * time.Millisecond, 200 * time.Millisecond, 3 * time.Second, 15 * time.Second}[r.IntN(4)])))
}

// moment is where something may go wrong: the n-th message on a link.
type moment struct {
	Link string
	N    int
}

// fault is what goes wrong there.
type fault struct {
	Kind kind
	For  time.Duration
}

type kind string

// fine is the kind of most moments.
const fine kind = ""

// menu is what may go wrong on a link, with how often, and for how long at most.
type menu []struct {
	kind
	often int
	most  time.Duration
}

// choices decides what happens at each moment, and remembers what it decided.
// It may be used from any goroutine.
type choices struct {
	seed   uint64
	rate   float64
	replay map[moment]fault // nil: to be drawn

	mu    sync.Mutex
	count map[string]int
	made  map[moment]fault
	calm  bool
}

func newChoices(s story) *choices {
	return &choices{seed: s.Seed, rate: s.Setup.Trouble, replay: s.Faults, count: map[string]int{}, made: map[moment]fault{}, calm: true}
}

// next decides for the next message on a link: what goes wrong, and how long the
// message takes.
func (c *choices) next(link string, m menu) (fault, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := moment{link, c.count[link]}
	c.count[link]++
	r := rand.New(rand.NewPCG(c.seed, at.hash()))
	latency := time.Duration(1+r.IntN(80)) * time.Millisecond
	if c.calm {
		return fault{}, latency
	}
	f, drawn := c.replay[at], c.replay == nil && r.Float64() < c.rate
	if drawn {
		f = m.draw(r)
	}
	if f.Kind != fine {
		c.made[at] = f
	}
	return f, latency
}

func (at moment) hash() uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, at.Link, " ", at.N) // never fails
	return h.Sum64()
}

func (m menu) draw(r *rand.Rand) fault {
	total := 0
	for _, o := range m {
		total += o.often
	}
	n := r.IntN(total)
	for _, o := range m {
		if n < o.often {
			return fault{o.kind, time.Duration(r.Int64N(int64(max(o.most, 1))))}
		}
		n -= o.often
	}
	return fault{}
}

// setCalm ends, or lets begin, all that goes wrong on the links.
func (c *choices) setCalm(calm bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calm = calm
}

func (c *choices) faults() map[moment]fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.made)
}

// String tells the story in plain words.
func (s story) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "There are %d visitors; sockets by %v; polls wait %d s; %d messages a page; %d messages a minute.\n",
		s.Setup.Visitors, s.Setup.Providers, s.Setup.Wait, s.Setup.PageSize, s.Setup.PerMinute)
	if s.Setup.Cold {
		fmt.Fprintln(&b, "Trouble begins before the first word.")
	}
	at := time.Duration(0)
	for _, a := range s.Actions {
		at += a.After
		fmt.Fprintf(&b, "%8.3fs  %s\n", at.Seconds(), a)
	}
	moments := slices.SortedFunc(maps.Keys(s.Faults), func(a, b moment) int {
		return cmp.Or(strings.Compare(a.Link, b.Link), a.N-b.N)
	})
	for _, m := range moments {
		fmt.Fprintf(&b, "  %s no. %d: %s\n", m.Link, m.N+1, s.Faults[m])
	}
	return b.String()
}

func (a action) String() string {
	text := string(a.Do)
	switch a.Do {
	case crash, outage, restart, relays, pass:
	default:
		text = names[a.Visitor] + " " + text
	}
	switch a.Do {
	case openTab, closeIt, reload, freeze, hide, show, write, burst, remove, older, read, correct, unsay, react, stop, forget:
		text += fmt.Sprintf(" (tab %d)", a.Tab+1)
	}
	if a.For > 0 {
		text += fmt.Sprintf(" for %.1f s", a.For.Seconds())
	}
	return text
}

func (f fault) String() string {
	if f.For >= time.Millisecond {
		return fmt.Sprintf("%s (%.3f s)", f.Kind, f.For.Seconds())
	}
	return string(f.Kind)
}

// shorten makes the story as short as it can while it still fails.
func (s story) shorten(fails func(story) bool) story {
	s.Actions = reduce(s.Actions, func(rest []action) bool { t := s; t.Actions = rest; return fails(t) })
	at := slices.Collect(maps.Keys(s.Faults))
	at = reduce(at, func(rest []moment) bool { return fails(s.with(rest)) })
	s = s.with(at)
	s.Actions = reduce(s.Actions, func(rest []action) bool { t := s; t.Actions = rest; return fails(t) })
	return s
}

func (s story) with(at []moment) story {
	faults := map[moment]fault{}
	for _, m := range at {
		faults[m] = s.Faults[m]
	}
	s.Faults = faults
	return s
}

// reduce leaves out of list what it can, in ever smaller pieces.
func reduce[T any](list []T, fails func([]T) bool) []T {
	for size := len(list); size > 0; size /= 2 {
		for from := 0; from < len(list); {
			rest := slices.Delete(slices.Clone(list), from, min(from+size, len(list)))
			if fails(rest) {
				list = rest
			} else {
				from += size
			}
		}
	}
	return list
}
