// Package pusher is a realtime endpoint that speaks version 7 of the Pusher
// Channels protocol, as Pusher documents it and as Laravel Reverb serves it:
// WebSockets at /app/{key} and the signed HTTP API at /apps/{id}.
//
// A Server may be used concurrently. Each connection has one goroutine that
// reads and, while there is something to write, one that writes; what waits to
// be written is bounded, and a connection that cannot keep up is dropped with a
// named reason. An event is encoded once for all who receive it, down to its
// WebSocket frame. Locks guard memory only: a frame is queued under its
// channel's lock, so that everybody sees events in one order, and written under
// none.
package pusher

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Timeouts of the endpoint where Options do not say otherwise.
const (
	// DefaultActivityTimeout is the silence after which a connection is asked
	// whether it lives.
	DefaultActivityTimeout = 30 * time.Second
	// DefaultPongTimeout is how long it then has to answer.
	DefaultPongTimeout = 30 * time.Second
)

// App is one application: clients connect by its key, servers call the HTTP API
// by its id, and its secret signs.
type App struct {
	ID, Key, Secret string

	// Disabled refuses every connection (4003).
	Disabled bool
	// ForceTLS refuses connections without TLS (4000).
	ForceTLS bool
	// MaxConnections is how many connections this application may have (4004);
	// 0 is as many as the server takes.
	MaxConnections int
	// NoClientEvents refuses events from clients (4301).
	NoClientEvents bool
	// Webhooks are told of what happens on the application's channels.
	Webhooks []Webhook
}

// Options are what a Server is made of.
type Options struct {
	// Apps are the applications served. The first is the one that Publish
	// speaks for.
	Apps   []App
	Limits Limits
	// AllowedOrigins reports whether pages of an origin may connect (4009); it
	// is asked with "" for clients that are no browser. Nil allows all.
	AllowedOrigins func(origin string) bool
	// ActivityTimeout is the silence after which a connection is pinged, and
	// what clients are told to do likewise; the protocol counts it in seconds.
	ActivityTimeout time.Duration
	// PongTimeout is how long a pinged connection has to answer (4201).
	PongTimeout time.Duration
	// UnusedTimeout is how long a connection may stay that subscribes to nothing
	// and signs nobody in (4202); 0 is for ever.
	UnusedTimeout time.Duration
	// RemoteIP names the client's address for the limits; nil takes the peer's.
	RemoteIP func(*http.Request) string
	// Secure reports whether the client speaks TLS; nil looks at the connection.
	Secure func(*http.Request) bool
	// LocalAPI lets only this machine call the HTTP API, and not through a proxy.
	LocalAPI bool
	// PrivateWebhooks lets webhooks go to private addresses.
	PrivateWebhooks bool
	Logger          *slog.Logger
}

// Server is the endpoint: an http.Handler for /app/, /apps/ and /up.
type Server struct {
	Options
	handler http.Handler
	apps    []*application
	byKey   map[string]*application
	byID    map[string]*application
	began   time.Time

	received, sent atomic.Int64
	refusing       atomic.Int64
	histograms     histograms

	mu        sync.Mutex
	all       map[string]*conn // by socket id
	byAddress map[string]int
	closing   bool
	drops     map[string]int64

	// open counts connections, webhooks their senders; live ends with Shutdown.
	open, webhooks sync.WaitGroup
	live           context.Context
	kill           context.CancelFunc
}

// New makes a Server.
func New(o Options) *Server {
	o.Limits = o.Limits.orDefaults()
	o.ActivityTimeout = cmp.Or(o.ActivityTimeout, DefaultActivityTimeout)
	o.PongTimeout = cmp.Or(o.PongTimeout, DefaultPongTimeout)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RemoteIP == nil {
		o.RemoteIP = peer
	}
	if o.Secure == nil {
		o.Secure = func(r *http.Request) bool { return r.TLS != nil }
	}
	s := &Server{
		Options:    o,
		byKey:      map[string]*application{},
		byID:       map[string]*application{},
		began:      time.Now(),
		histograms: newHistograms(),
		all:        map[string]*conn{},
		byAddress:  map[string]int{},
		drops:      map[string]int64{},
	}
	s.live, s.kill = context.WithCancel(context.Background())
	for _, app := range o.Apps {
		a := newApplication(s, app)
		s.apps = append(s.apps, a)
		s.byKey[app.Key], s.byID[app.ID] = a, a
	}
	s.handler = s.routes()
	return s
}

func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/app/", s.connect)
	mux.HandleFunc("/app/{key}", s.connect)
	s.routeAPI(mux)
	return mux
}

// ServeHTTP serves connections and the HTTP API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// now is monotonic time since the server began.
func (s *Server) now() time.Duration { return time.Since(s.began) }

// Publish sends an event with data (JSON text) to the channel's subscribers in
// the first application, but for the connection exceptSocket. It does not wait
// for any of them.
func (s *Server) Publish(_ context.Context, channel, event string, data []byte, exceptSocket string) error {
	if len(s.apps) == 0 {
		return fmt.Errorf("publish %s: there is no application", event)
	}
	return s.apps[0].publish(channel, event, string(data), exceptSocket)
}

// Claim notes for whom the connection with that socket id was let into a channel,
// so that Terminate finds it; one that has gone is passed over. It refuses the
// holder where the connection has as many as it may have channels.
func (s *Server) Claim(socketID, holder string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, open := s.all[socketID]
	if !open || slices.Contains(c.holders, holder) {
		return true
	}
	if len(c.holders) >= s.Limits.Channels {
		return false
	}
	c.holders = append(c.holders, holder)
	return true
}

// Terminate ends every connection that was claimed for the holder, for good, as
// Pusher does with those that the application terminates (4009).
func (s *Server) Terminate(holder string) {
	for _, c := range s.heldBy(holder) {
		c.end("terminated", terminated)
	}
}

func (s *Server) heldBy(holder string) (held []*conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all {
		if slices.Contains(c.holders, holder) {
			held = append(held, c)
		}
	}
	return held
}

// Stats is what the endpoint does now, and what it has done since it started.
type Stats struct {
	Connections, Channels int
	// Received and Sent count messages from and to clients.
	Received, Sent int64
	// Drops counts the connections that were closed or refused, by reason.
	Drops map[string]int64
}

// Stats reads the counters.
func (s *Server) Stats() Stats {
	stats := Stats{Received: s.received.Load(), Sent: s.sent.Load()}
	for _, a := range s.apps {
		stats.Channels += int(a.occupied.Load())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.Connections = len(s.all)
	stats.Drops = maps.Clone(s.drops)
	return stats
}

// countDrop counts a connection that was closed or refused.
func (s *Server) countDrop(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops[reason]++
}

// Shutdown tells every connection to come back at once (4200) and takes no new
// ones. It returns when all have gone and the webhooks are delivered, or when
// ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	connections := slices.Collect(maps.Values(s.all))
	s.mu.Unlock()
	for _, c := range connections {
		c.end("shutdown", restarting)
	}
	stop := context.AfterFunc(ctx, func() {
		s.kill()
		for _, c := range connections {
			c.kill()
		}
	})
	defer stop()
	s.open.Wait()
	s.webhooks.Wait()
	s.kill()
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
