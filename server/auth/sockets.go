package auth

import (
	"slices"
	"sync"

	"chatbot/widget/wire"
)

const (
	// socketsPerVisitor is how many connections of one visitor are remembered,
	// the latest ones: a tab each, and a few that have come back.
	socketsPerVisitor = 8
	// maxVisitors bounds for how many visitors they are. One that is forgotten
	// hears an echo of its own messages, which the widget recognises.
	maxVisitors = 50_000
)

// Sockets remembers which realtime connections each visitor has authorized, and
// at which provider, so that nobody can have somebody else left out of an event.
type Sockets struct {
	mu       sync.Mutex
	visitors *recent[[]socket]
}

// socket is a connection; its id means something to its provider alone.
type socket struct {
	provider wire.Provider
	id       string
}

// NewSockets makes an empty memory.
func NewSockets() *Sockets { return &Sockets{visitors: newRecent[[]socket](maxVisitors)} }

// Authorize notes that a visitor has authorized a connection to a provider.
func (s *Sockets) Authorize(participant string, provider wire.Provider, socketID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, _ := s.visitors.get(participant)
	if slices.Contains(known, socket{provider, socketID}) {
		return
	}
	if len(known) == socketsPerVisitor {
		known = slices.Delete(known, 0, 1)
	}
	s.visitors.put(participant, append(known, socket{provider, socketID}))
}

// Forget drops the visitor's connections.
func (s *Sockets) Forget(participant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visitors.put(participant, nil)
}

// Provider is the one to which the visitor has authorized the connection, of
// several the latest; ok is false if the visitor has not.
func (s *Sockets) Provider(participant, socketID string) (provider wire.Provider, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, _ := s.visitors.get(participant)
	for _, k := range slices.Backward(known) {
		if k.id == socketID {
			return k.provider, true
		}
	}
	return "", false
}
