package chat

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"chatbot/widget/wire"
)

// signals keeps what is passing in each conversation until it has passed, so
// that a reader who polls learns of it too.
type signals struct {
	mu             sync.Mutex
	byConversation map[string][]lease
}

type lease struct {
	signal wire.Signal
	until  time.Time
}

func newSignals() *signals { return &signals{byConversation: map[string][]lease{}} }

// set replaces the author's signal of the same type; SignalIdle ends them all.
func (s *signals) set(conversationID string, signal wire.Signal, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(conversationID, func(l lease) bool {
		same := l.signal.Author.ID == signal.Author.ID && (l.signal.Type == signal.Type || signal.Type == wire.SignalIdle)
		return !same && l.until.After(now)
	})
	if signal.Type == wire.SignalIdle {
		return
	}
	until := now.Add(time.Duration(signal.TTL) * time.Millisecond)
	s.byConversation[conversationID] = append(s.byConversation[conversationID], lease{signal, until})
}

// end drops all signals of an author.
func (s *signals) end(conversationID, authorID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(conversationID, func(l lease) bool { return l.signal.Author.ID != authorID })
}

// active are the signals that hold now, with the time they have left.
func (s *signals) active(conversationID string, now time.Time) []wire.Signal {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(conversationID, func(l lease) bool { return l.until.After(now) })
	out := []wire.Signal{}
	for _, l := range s.byConversation[conversationID] {
		signal := l.signal
		signal.TTL = int(l.until.Sub(now).Milliseconds())
		out = append(out, signal)
	}
	return out
}

// signalTag names a set of signals by who sends what, and is empty for none. A
// reader that polls gives it back, so that it is not left waiting beside
// signals that it has not seen.
func signalTag(signals []wire.Signal) string {
	if len(signals) == 0 {
		return ""
	}
	names := make([]string, len(signals))
	for i, s := range signals {
		names[i] = s.Author.ID + " " + string(s.Type)
	}
	slices.Sort(names)
	sum := fnv.New64a()
	sum.Write([]byte(strings.Join(names, "\n"))) // never fails
	return strconv.FormatUint(sum.Sum64(), 36)
}

func (s *signals) keep(conversationID string, wanted func(lease) bool) {
	var kept []lease
	for _, l := range s.byConversation[conversationID] {
		if wanted(l) {
			kept = append(kept, l)
		}
	}
	if len(kept) == 0 {
		delete(s.byConversation, conversationID)
		return
	}
	s.byConversation[conversationID] = kept
}
