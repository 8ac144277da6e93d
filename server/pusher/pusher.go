// Package pusher is a realtime endpoint that speaks version 7 of the Pusher
// Channels protocol, as Pusher documents it and as Laravel Reverb serves it:
// WebSockets at /app/{key}, public and private channels.
//
// A Server may be used concurrently. Each connection has one goroutine that
// reads and, while there is something to write, one that writes; what waits to
// be written is bounded, and a connection that cannot keep up is dropped with a
// named reason. Nothing is sent while a lock is held, and an event is encoded
// once for all who receive it.
package pusher

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Limits of the endpoint where Options do not say otherwise.
const (
	// DefaultActivityTimeout is the silence after which a connection is asked
	// whether it lives.
	DefaultActivityTimeout = 30 * time.Second
	// PongTimeout is how long it then has to answer.
	PongTimeout = 30 * time.Second
	// MaxMessageBytes is the size of a frame from a client.
	MaxMessageBytes = 10_000
	// MaxChannelName is the length of a channel's name.
	MaxChannelName = 164
	// MaxChannels is how many channels one connection may subscribe to.
	MaxChannels = 100
	// MaxConnections is how many connections there may be.
	MaxConnections = 20_000
	// MaxConnectionsPerAddress is how many may come from one address.
	MaxConnectionsPerAddress = 500
)

// App is one application: clients connect by its key, and its secret signs.
type App struct{ ID, Key, Secret string }

// Options are what a Server is made of.
type Options struct {
	Apps []App
	// AllowedOrigins reports whether pages of an origin may connect; it is
	// asked with "" for clients that are no browser. Nil allows all.
	AllowedOrigins  func(origin string) bool
	ActivityTimeout time.Duration
	// RemoteIP names the client's address for the limits; nil takes the peer's.
	RemoteIP func(*http.Request) string
	Logger   *slog.Logger
}

// Server is the endpoint: an http.Handler for /app/{key}.
type Server struct {
	Options
	apps map[string]*application

	mu        sync.Mutex
	all       map[*conn]struct{}
	byAddress map[string]int
	closing   bool
	drops     map[string]int64
}

// application is an App and who is subscribed to its channels.
type application struct {
	App
	mu       sync.RWMutex
	channels map[string]map[*conn]struct{}
}

// New makes a Server.
func New(o Options) *Server {
	if o.ActivityTimeout == 0 {
		o.ActivityTimeout = DefaultActivityTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RemoteIP == nil {
		o.RemoteIP = func(r *http.Request) string { return r.RemoteAddr[:max(0, strings.LastIndexByte(r.RemoteAddr, ':'))] }
	}
	s := &Server{Options: o, apps: map[string]*application{}, all: map[*conn]struct{}{}, byAddress: map[string]int{}, drops: map[string]int64{}}
	for _, a := range o.Apps {
		s.apps[a.Key] = &application{App: a, channels: map[string]map[*conn]struct{}{}}
	}
	return s
}

// ServeHTTP accepts a connection. Every refusal that a protocol client should
// understand is made inside the WebSocket: browsers hide HTTP errors from it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // origins are checked below, where they can be told of it
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(MaxMessageBytes)
	c := &conn{server: s, ws: ws, address: s.RemoteIP(r), socketID: newSocketID(), channels: map[string]struct{}{}}
	if refusal := s.admit(c, r); refusal != nil {
		// In a goroutine of its own: closing waits for the other side.
		go c.refuse(*refusal)
		return
	}
	go c.serve()
}

// admit checks what the connection asks for and takes it in.
func (s *Server) admit(c *conn, r *http.Request) *protocolError {
	key := r.PathValue("key")
	if key == "" {
		_, key, _ = strings.Cut(r.URL.Path, "/app/")
	}
	if c.app = s.apps[key]; c.app == nil {
		return &protocolError{Code: 4001, Message: "There is no application with this key."}
	}
	if refusal := checkProtocol(r.URL.Query().Get("protocol")); refusal != nil {
		return refusal
	}
	if s.AllowedOrigins != nil && !s.AllowedOrigins(r.Header.Get("Origin")) {
		return &protocolError{Code: 4009, Message: "Pages of this origin may not connect."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return &protocolError{Code: 4200, Message: "The server is restarting. Connect again."}
	case len(s.all) >= MaxConnections:
		return &protocolError{Code: 4100, Message: "The server has as many connections as it can hold."}
	case s.byAddress[c.address] >= MaxConnectionsPerAddress:
		return &protocolError{Code: 4100, Message: "There are too many connections from this address."}
	}
	s.all[c] = struct{}{}
	s.byAddress[c.address]++
	return nil
}

// checkProtocol takes versions 5 to 7; a client that names none is refused with
// the code that the protocol has for it.
func checkProtocol(version string) *protocolError {
	switch version {
	case "5", "6", "7":
		return nil
	case "":
		return &protocolError{Code: 4008, Message: "Name a protocol version: ?protocol=7."}
	}
	return &protocolError{Code: 4007, Message: "This protocol version is not spoken here. Use 7."}
}

// remove forgets a connection and all its subscriptions.
func (s *Server) remove(c *conn) {
	s.mu.Lock()
	if _, known := s.all[c]; known {
		delete(s.all, c)
		if s.byAddress[c.address]--; s.byAddress[c.address] == 0 {
			delete(s.byAddress, c.address)
		}
	}
	s.mu.Unlock()
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	for name := range c.channels {
		c.app.leave(name, c)
	}
}

// leave is called with the lock held.
func (a *application) leave(name string, c *conn) {
	delete(a.channels[name], c)
	if len(a.channels[name]) == 0 {
		delete(a.channels, name)
	}
}

// Publish sends an event with data (JSON text) to the channel's subscribers in
// every application, but for the connection exceptSocket. It does not wait for
// any of them.
func (s *Server) Publish(_ context.Context, channel, event string, data []byte, exceptSocket string) error {
	frame, err := encode(outgoing{Event: event, Channel: channel, Data: string(data)})
	if err != nil {
		return fmt.Errorf("encode the event %s: %w", event, err)
	}
	for _, a := range s.apps {
		for _, c := range a.subscribers(channel) {
			if c.socketID != exceptSocket {
				c.send(frame)
			}
		}
	}
	return nil
}

func (a *application) subscribers(channel string) []*conn {
	a.mu.RLock()
	defer a.mu.RUnlock()
	out := make([]*conn, 0, len(a.channels[channel]))
	for c := range a.channels[channel] {
		out = append(out, c)
	}
	return out
}

// Stats is what the endpoint does now, and how many connections it has dropped
// since it started, by reason.
type Stats struct {
	Connections, Channels int
	Drops                 map[string]int64
}

// Stats reads the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Connections: len(s.all), Drops: map[string]int64{}}
	for reason, n := range s.drops {
		stats.Drops[reason] = n
	}
	for _, a := range s.apps {
		a.mu.RLock()
		stats.Channels += len(a.channels)
		a.mu.RUnlock()
	}
	return stats
}

func (s *Server) countDrop(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops[reason]++
}

// Shutdown tells every connection to come back at once (4200) and takes no new
// ones. It returns when all have gone or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	connections := make([]*conn, 0, len(s.all))
	for c := range s.all {
		connections = append(connections, c)
	}
	s.mu.Unlock()
	var closing sync.WaitGroup
	for _, c := range connections {
		closing.Go(func() { c.close(4200, "The server is restarting. Connect again.") })
	}
	done := make(chan struct{})
	go func() { closing.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		for _, c := range connections {
			c.ws.CloseNow()
		}
		<-done
	}
	return nil
}

// newSocketID is an id that cannot be guessed: knowing it, and a secret, is
// what a signature is made of.
func newSocketID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	const digits = 10_000_000_000
	return fmt.Sprintf("%d.%d", binary.BigEndian.Uint64(b[:8])%digits, binary.BigEndian.Uint64(b[8:])%digits)
}

// outgoing is a frame to a client. Data is a string that holds JSON: the
// protocol encodes it twice.
type outgoing struct {
	Event   string `json:"event"`
	Channel string `json:"channel,omitempty"`
	Data    any    `json:"data"`
}

// protocolError is the data of pusher:error, an object as Pusher sends it.
type protocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Channel string `json:"channel,omitempty"`
}

func encode(o outgoing) ([]byte, error) { return json.Marshal(o) }
