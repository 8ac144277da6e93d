package auth

import (
	"slices"
	"sync"
)

const (
	// socketsPerVisitor is how many connections of one visitor are remembered,
	// the latest ones: a tab each, and a few that have come back.
	socketsPerVisitor = 8
	// maxVisitors bounds for how many visitors they are. One that is forgotten
	// hears an echo of its own messages, which the widget recognises.
	maxVisitors = 50_000
)

// Sockets remembers which realtime connections each visitor has authorized, so
// that nobody can have somebody else left out of an event.
type Sockets struct {
	mu       sync.Mutex
	visitors *recent[[]string]
}

// NewSockets makes an empty memory.
func NewSockets() *Sockets { return &Sockets{visitors: newRecent[[]string](maxVisitors)} }

// Authorize notes that a visitor has authorized a connection.
func (s *Sockets) Authorize(participant, socketID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, _ := s.visitors.get(participant)
	if slices.Contains(known, socketID) {
		return
	}
	if len(known) == socketsPerVisitor {
		known = slices.Delete(known, 0, 1)
	}
	s.visitors.put(participant, append(known, socketID))
}

// Forget drops the visitor's connections and says which they were.
func (s *Sockets) Forget(participant string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, _ := s.visitors.get(participant)
	s.visitors.put(participant, nil)
	return known
}

// Owns reports whether the visitor has authorized the connection.
func (s *Sockets) Owns(participant, socketID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, _ := s.visitors.get(participant)
	return slices.Contains(known, socketID)
}
