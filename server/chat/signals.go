package chat

import (
	"hash/fnv"
	"maps"
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
	told           map[string]time.Time // by conversation and author
	swept          time.Time
}

type lease struct {
	signal wire.Signal
	until  time.Time
}

// sweepEvery is how long what has passed may be kept where nobody asks for it.
const sweepEvery = time.Minute

func newSignals() *signals {
	return &signals{byConversation: map[string][]lease{}, told: map[string]time.Time{}}
}

// set replaces the author's signal of the same type, where all states of presence
// count as one. SignalIdle ends what is no presence, and SignalOffline what is.
func (s *signals) set(conversationID string, signal wire.Signal, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(conversationID, signal, now)
}

// follow sets an author's presence; with only, if it still is what it was before.
func (s *signals) follow(conversationID string, signal wire.Signal, before wire.SignalType, only bool, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if only && s.present(conversationID, signal.Author.ID, now) != before {
		return false
	}
	s.put(conversationID, signal, now)
	return true
}

// put does so with the lock held.
func (s *signals) put(conversationID string, signal wire.Signal, now time.Time) {
	s.sweep(now)
	s.keep(conversationID, func(l lease) bool {
		return !(l.signal.Author.ID == signal.Author.ID && replaces(signal.Type, l.signal.Type)) && l.until.After(now)
	})
	if signal.Type == wire.SignalIdle || signal.Type == wire.SignalOffline {
		return
	}
	until := now.Add(time.Duration(signal.TTL) * time.Millisecond)
	s.byConversation[conversationID] = append(s.byConversation[conversationID], lease{signal, until})
}

// drop forgets what is passing in a conversation.
func (s *signals) drop(conversationID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byConversation, conversationID)
}

// replaces reports whether a signal of the one type ends one of the other.
func replaces(now, before wire.SignalType) bool {
	if now.Presence() || before.Presence() {
		return now.Presence() && before.Presence()
	}
	return now == before || now == wire.SignalIdle
}

// presence is whether an author is here, and holds for its whole time again.
func (s *signals) presence(conversationID, authorID string, now time.Time) wire.SignalType {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.present(conversationID, authorID, now)
}

func (s *signals) present(conversationID, authorID string, now time.Time) wire.SignalType {
	for i, l := range s.byConversation[conversationID] {
		if l.signal.Author.ID == authorID && l.signal.Type.Presence() && l.until.After(now) {
			s.byConversation[conversationID][i].until = now.Add(wire.PresenceTTL * time.Millisecond)
			return l.signal.Type
		}
	}
	return wire.SignalOffline
}

// due reports whether an author has not been announced for so long, and takes
// it that they are now.
func (s *signals) due(conversationID, authorID string, every time.Duration, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := conversationID + " " + authorID
	if told, ok := s.told[key]; ok && now.Sub(told) < every {
		return false
	}
	s.told[key] = now
	return true
}

// sweep forgets what has passed in conversations that nobody reads.
func (s *signals) sweep(now time.Time) {
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	for id := range s.byConversation {
		s.keep(id, func(l lease) bool { return l.until.After(now) })
	}
	maps.DeleteFunc(s.told, func(_ string, told time.Time) bool { return now.Sub(told) >= sweepEvery })
}

// end drops what an author does at the moment.
func (s *signals) end(conversationID, authorID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(conversationID, func(l lease) bool { return l.signal.Author.ID != authorID || l.signal.Type.Presence() })
}

// active are the signals of others than the reader that hold now, with the time
// they have left.
func (s *signals) active(conversationID, reader string, now time.Time) []wire.Signal {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(conversationID, func(l lease) bool { return l.until.After(now) })
	out := []wire.Signal{}
	for _, l := range s.byConversation[conversationID] {
		signal := l.signal
		if signal.Author.ID == reader {
			continue
		}
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
