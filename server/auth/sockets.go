package auth

import "sync"

const (
	// socketsPerVisitor is how many connections of one visitor are remembered,
	// the latest ones.
	socketsPerVisitor = 8
	// maxVisitors bounds for how many visitors they are.
	maxVisitors = 50_000
)

// Sockets remembers which realtime connections each visitor has authorized, so
// that nobody can have somebody else left out of an event.
type Sockets struct {
	mu        sync.Mutex
	byVisitor map[string][]string
}

// NewSockets makes an empty memory.
func NewSockets() *Sockets { return &Sockets{byVisitor: map[string][]string{}} }

// Authorize notes that a visitor has authorized a connection.
func (s *Sockets) Authorize(participant, socketID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byVisitor[participant]
	for _, id := range known {
		if id == socketID {
			return
		}
	}
	if known == nil && len(s.byVisitor) >= maxVisitors {
		for forgotten := range s.byVisitor { // any: the cost is an echo
			delete(s.byVisitor, forgotten)
			break
		}
	}
	known = append(known, socketID)
	s.byVisitor[participant] = known[max(0, len(known)-socketsPerVisitor):]
}

// Owns reports whether the visitor has authorized the connection.
func (s *Sockets) Owns(participant, socketID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.byVisitor[participant] {
		if id == socketID {
			return true
		}
	}
	return false
}
