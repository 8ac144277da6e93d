//go:build !js

package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatbot/widget/wire"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pusherServer is a server of the Pusher protocol on a net.Pipe, as kind or as
// wrong as a test wants it.
type pusherServer struct {
	mu        sync.Mutex
	blackhole bool // packets to it vanish: dialling takes for ever
	refused   bool // nobody listens
	frozen    bool // packets of open connections vanish as well
	greeting  string
	closeWith int    // closes every new connection with this code
	deaf      bool   // answers no subscription
	reply     string // instead of subscription_succeeded
	conns     map[*websocket.Conn]bool
	got       []frame
	dials     []time.Time

	accept chan net.Conn
	server *http.Server
}

const hello = `{"event":"pusher:connection_established","data":"{\"socket_id\":\"12.34\",\"activity_timeout\":30}"}`

func newPusherServer() *pusherServer {
	s := &pusherServer{greeting: hello, conns: map[*websocket.Conn]bool{}, accept: make(chan net.Conn)}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve)}
	go s.server.Serve(pipeListener{s.accept})
	return s
}

// pipeListener hands out the far ends of pipes.
type pipeListener struct{ conns chan net.Conn }

func (l pipeListener) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l pipeListener) Close() error   { return nil }
func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (s *pusherServer) stop() {
	close(s.accept)
	s.set(func() {
		for c := range s.conns {
			c.CloseNow()
		}
	})
	s.server.Close()
}

func (s *pusherServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *pusherServer) serve(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer c.CloseNow()
	s.set(func() { s.conns[c] = true })
	defer s.set(func() { delete(s.conns, c) })
	s.mu.Lock()
	greeting, closeWith := s.greeting, s.closeWith
	s.mu.Unlock()
	if greeting != "" {
		c.Write(r.Context(), websocket.MessageText, []byte(greeting))
	}
	if closeWith != 0 {
		c.Close(websocket.StatusCode(closeWith), "go")
		return
	}
	for {
		_, b, err := c.Read(r.Context())
		if err != nil {
			return
		}
		var f frame
		if json.Unmarshal(b, &f) != nil {
			return
		}
		s.mu.Lock()
		s.got = append(s.got, f)
		deaf, reply := s.deaf, s.reply
		s.mu.Unlock()
		answer := ""
		switch f.Event {
		case eventPing:
			answer = `{"event":"pusher:pong"}`
		case eventSubscribe:
			var d struct{ Channel, Auth string }
			if json.Unmarshal(f.payload(), &d) != nil || d.Auth != "signed" {
				return
			}
			answer = fmt.Sprintf(`{"event":"pusher_internal:subscription_succeeded","channel":%q}`, d.Channel)
			if reply != "" {
				answer = reply
			}
			if deaf {
				answer = ""
			}
		}
		if answer != "" {
			c.Write(r.Context(), websocket.MessageText, []byte(answer))
		}
	}
}

// open are the connections now. Nothing may be sent with the lock held: the
// other end takes it to read.
func (s *pusherServer) open() []*websocket.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.conns))
}

// send writes a text to every connection.
func (s *pusherServer) send(text string) {
	for _, c := range s.open() {
		c.Write(context.Background(), websocket.MessageText, []byte(text))
	}
}

// hangUp ends every connection: with a close frame, or with 0 by dropping it.
func (s *pusherServer) hangUp(code int) {
	for _, c := range s.open() {
		if code == 0 {
			c.CloseNow()
		} else {
			go c.Close(websocket.StatusCode(code), "go")
		}
	}
}

func (s *pusherServer) frames(event string) (found []frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.got {
		if f.Event == event {
			found = append(found, f)
		}
	}
	return found
}

func (s *pusherServer) dialled() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

func (s *pusherServer) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// icyConn is the client's end of a connection; while frozen is true nothing
// comes through, and nobody is told.
type icyConn struct {
	net.Conn
	s    *pusherServer
	once *sync.Once
	gone chan struct{}
}

func (c icyConn) frozen() bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.s.frozen
}

func (c icyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.frozen() {
		<-c.gone
		return 0, net.ErrClosed
	}
	return n, err
}

func (c icyConn) Write(b []byte) (int, error) {
	if c.frozen() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c icyConn) Close() error {
	c.once.Do(func() { close(c.gone) })
	return c.Conn.Close()
}

// rig is a ladder between fake servers and a fake message API.
type rig struct {
	*Ladder
	t       *testing.T
	servers map[string]*pusherServer // by address
	begun   time.Time

	mu       sync.Mutex
	events   []string
	received []Received
	fetches  []fetchCall
	version  int // of what there is to fetch
	applied  int
	changed  chan struct{}
	fetchErr error
	noLong   bool // answers at once though asked to wait
	authErr  error
	sockets  map[string]bool
}

type fetchCall struct {
	at   time.Duration
	conv string
	wait int
}

var (
	reverbConfig = wire.Config{
		Providers: []wire.Provider{wire.ProviderReverb},
		Reverb:    wire.ReverbConfig{Enabled: true, Key: "key", Host: "reverb.test", Port: 8080, Scheme: "http"},
		Polling:   wire.PollingConfig{Interval: 2000, Wait: 25},
	}
	bothConfig = wire.Config{
		Providers: []wire.Provider{wire.ProviderPusher, wire.ProviderReverb},
		Reverb:    reverbConfig.Reverb,
		Pusher:    wire.PusherConfig{Enabled: true, Key: "key", Host: "pusher.test", Port: 80, Scheme: "http"},
		Polling:   reverbConfig.Polling,
	}
)

// ladder runs test in a bubble with a ladder that nobody has configured yet.
func ladder(t *testing.T, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, begun: time.Now(), changed: make(chan struct{}), sockets: map[string]bool{}, servers: map[string]*pusherServer{
			"reverb.test:8080": newPusherServer(), "pusher.test:80": newPusherServer(),
		}}
		client := &http.Client{Transport: &http.Transport{DialContext: r.dialPipe, DisableKeepAlives: true}}
		r.Ladder = New(Options{
			Dial: Dialer(client), Authorize: r.allow, Fetch: r.answer, Emit: r.note,
			Jitter: func(d time.Duration) time.Duration { return d },
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		test(r)
		cancel()
		<-done
		for _, s := range r.servers {
			s.stop()
		}
		client.CloseIdleConnections()
		synctest.Wait()
	})
}

func (r *rig) reverb() *pusherServer { return r.servers["reverb.test:8080"] }
func (r *rig) pusher() *pusherServer { return r.servers["pusher.test:80"] }

func (r *rig) dialPipe(ctx context.Context, _, address string) (net.Conn, error) {
	s := r.servers[address]
	if s == nil {
		return nil, errors.New("no such host")
	}
	s.mu.Lock()
	s.dials = append(s.dials, time.Now())
	blackhole, refused := s.blackhole, s.refused
	s.mu.Unlock()
	switch {
	case blackhole:
		<-ctx.Done()
		return nil, ctx.Err()
	case refused:
		return nil, errors.New("connection refused")
	}
	near, far := net.Pipe()
	s.accept <- far
	return icyConn{near, s, new(sync.Once), make(chan struct{})}, nil
}

func (r *rig) allow(_ context.Context, id, endpoint string, q wire.ChannelAuthRequest) (wire.ChannelAuth, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.ChannelName != wire.Channel(id) || q.SocketID != "12.34" || q.Provider == "" {
		return wire.ChannelAuth{}, fmt.Errorf("asked for %+v", q)
	}
	return wire.ChannelAuth{Auth: "signed"}, r.authErr
}

// answer is the message API: it answers when there is something new.
func (r *rig) answer(ctx context.Context, conversation string, wait int) (Fetched, error) {
	r.mu.Lock()
	r.fetches = append(r.fetches, fetchCall{time.Since(r.begun), conversation, wait})
	r.mu.Unlock()
	timer := time.NewTimer(time.Duration(wait)*time.Second + 10*time.Millisecond)
	defer timer.Stop()
	for {
		r.mu.Lock()
		news, changed, err, noLong := r.version > r.applied, r.changed, r.fetchErr, r.noLong
		r.applied = r.version
		r.mu.Unlock()
		if err != nil {
			return Fetched{}, err
		}
		if news || noLong {
			return Fetched{Changed: news}, nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return Fetched{}, nil
		case <-ctx.Done():
			return Fetched{}, ctx.Err()
		}
	}
}

// say makes something new to fetch.
func (r *rig) say() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *rig) note(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := ""
	switch e := e.(type) {
	case Up:
		line = fmt.Sprintf("up %s %s", e.Provider, e.Address)
	case Down:
		line = fmt.Sprintf("down %s: %s", e.Provider, e.Reason)
	case Subscribed:
		line = fmt.Sprintf("subscribed %s %s", e.Provider, e.ConversationID)
	case Received:
		r.received = append(r.received, e)
		return
	case Failed:
		line = fmt.Sprintf("failed %s: %s", e.Provider, e.Reason)
	case ConfigWanted:
		line = "config wanted"
	}
	r.events = append(r.events, line)
}

// wait lets time pass until everything has come to rest.
func (r *rig) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// told are the reports since the last call.
func (r *rig) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}

func (r *rig) want(events ...string) {
	r.t.Helper()
	if got := r.told(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", events) {
		r.t.Errorf("told %q, want %q", got, events)
	}
}

// asked are the fetches since the last call.
func (r *rig) asked() []fetchCall {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.fetches
	r.fetches = nil
	return calls
}

// idle checks that nothing is fetched for a minute, but for a check whose time
// may have come.
func (r *rig) idle() {
	r.t.Helper()
	r.asked()
	r.wait(time.Minute)
	if calls := r.asked(); len(calls) > 1 {
		r.t.Errorf("still polling: %v", calls)
	}
}
