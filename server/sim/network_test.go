package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"chatbot/widget/api"
	"chatbot/widget/realtime"
)

const (
	chatHost  = "chat.test"
	relayHost = "relay.test"
)

// dialPatience is when an operating system gives a connection up that nobody
// answers.
const dialPatience = time.Minute

var (
	errRefused = errors.New("connection refused")
	errNetwork = errors.New("the network failed")
)

// line is the client's end of a connection. Once it is silent nothing comes
// through any more and nobody is told.
type line struct {
	net.Conn
	far    net.Conn
	gone   chan struct{} // closed when the client has closed it
	once   sync.Once
	forget func()

	mu     sync.Mutex
	silent bool
}

func (l *line) isSilent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if l.isSilent() {
		<-l.gone
		return 0, net.ErrClosed
	}
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	if l.isSilent() {
		return len(b), nil
	}
	return n, err
}

func (l *line) Close() error {
	l.once.Do(func() { close(l.gone); l.forget() })
	return l.Conn.Close()
}

// cut ends the connection for the server, and for the client unless silently.
func (l *line) cut(silently bool) {
	l.mu.Lock()
	l.silent = l.silent || silently
	l.mu.Unlock()
	l.far.Close()
}

// What may happen to a request.
const (
	refused        kind = "is refused"
	vanishes       kind = "vanishes"
	deliveredLate  kind = "fails, and is delivered later nonetheless"
	twice          kind = "is delivered twice"
	slow           kind = "is slow"
	answerLost     kind = "is carried out, its answer lost"
	answerVanishes kind = "is carried out, its answer never comes"
	answerHalf     kind = "is carried out, its answer comes by half"
	gatewayError   kind = "is carried out, and a proxy says 502"
	portal         kind = "is answered with 200 by a captive portal"
)

var requestFaults = menu{
	{refused, 3, 0}, {vanishes, 2, 0}, {deliveredLate, 4, 40 * time.Second}, {twice, 5, 15 * time.Second}, {slow, 3, 25 * time.Second},
	{answerLost, 5, 0}, {answerVanishes, 2, 0}, {answerHalf, 2, 0}, {gatewayError, 2, 0}, {portal, 1, 0},
	{killedArrival, 1, 5 * time.Second}, {killedAnswer, 1, 5 * time.Second},
}

// network is what a tab has of it: an api.Transport and a realtime.Dial.
type network struct {
	w       *world
	browser *browser
	name    string
	http    *http.Client

	mu      sync.Mutex
	sockets map[*socket]bool // open ones, as far as the client knows
}

func newNetwork(b *browser, name string) *network {
	n := &network{w: b.w, browser: b, name: name, sockets: map[*socket]bool{}}
	n.http = &http.Client{Transport: &http.Transport{DialContext: n.connect, DisableKeepAlives: true}}
	return n
}

// connect opens a line to a host.
func (n *network) connect(ctx context.Context, _, address string) (net.Conn, error) {
	switch n.browser.reach() {
	case inTunnel:
		sleep(ctx, dialPatience)
		return nil, errNetwork
	case offLine:
		return nil, errRefused
	}
	listener := n.w.host.relay.listener
	if !strings.HasPrefix(address, relayHost) {
		p := n.w.host.process()
		if p == nil {
			return nil, errRefused
		}
		listener = p.listener
	}
	l, err := listener.dial(ctx)
	if err != nil {
		return nil, err
	}
	n.browser.hold(l)
	return l, nil
}

type result struct {
	api.Response
	err error
}

// Do is the transport.
func (n *network) Do(ctx context.Context, r api.Request) (api.Response, error) {
	f, latency := n.w.choices.next(n.name+"'s request", requestFaults)
	switch f.Kind {
	case refused:
		sleep(ctx, latency)
		return api.Response{}, errNetwork
	case portal:
		sleep(ctx, latency)
		return api.Response{Status: 200, Body: []byte("<html>Please log in")}, nil
	case vanishes:
		<-ctx.Done()
		return api.Response{}, ctx.Err()
	case deliveredLate:
		n.w.background.Go(func() { n.carry(ctx, r, f.For) })
		sleep(ctx, latency)
		return api.Response{}, errNetwork
	case twice:
		n.w.background.Go(func() { n.carry(ctx, r, latency+f.For) })
	case slow:
		latency += f.For
	}
	answers := make(chan result, 1)
	n.w.background.Go(func() {
		time.Sleep(latency)
		if f.Kind == killedArrival {
			n.w.background.Go(func() { n.w.host.kill(false, f.For) })
		}
		answer := n.carry(ctx, r, 0)
		if f.Kind == killedAnswer && answer.err == nil {
			n.w.host.kill(false, f.For)
		}
		time.Sleep(latency / 2)
		answers <- answer
	})
	select {
	case answer := <-answers:
		return spoil(ctx, f.Kind, answer)
	case <-ctx.Done():
		return api.Response{}, ctx.Err()
	}
}

// spoil is what a client gets of an answer.
func spoil(ctx context.Context, k kind, answer result) (api.Response, error) {
	switch k {
	case answerLost:
		return api.Response{}, errNetwork
	case answerVanishes:
		<-ctx.Done()
		return api.Response{}, ctx.Err()
	case answerHalf:
		answer.Body = answer.Body[:len(answer.Body)/2]
	case gatewayError:
		return api.Response{Status: 502, Body: []byte("<html>Bad gateway")}, nil
	}
	return answer.Response, answer.err
}

// carry brings a request to the server after a while. What is posted is on its
// way also when the page has gone.
func (n *network) carry(ctx context.Context, r api.Request, after time.Duration) result {
	time.Sleep(after)
	if r.Method != "GET" {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if strings.Contains(r.URL, "/messages?") {
		r.URL += fmt.Sprint("&limit=", n.w.story.Setup.PageSize)
	}
	response, err := api.HTTP{Client: n.http}.Do(ctx, r)
	return result{response, err}
}

// sleep ends early with ctx.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// What may happen to a socket and its frames.
const (
	frameLost  kind = "is lost"
	frameTwice kind = "comes twice"
	frameSwap  kind = "comes after the next one"
	frameSlow  kind = "is slow"
	frameCut   kind = "is the last one: the connection is cut"
	frameHalf  kind = "is the last one: the connection is dead and nobody is told"
)

var (
	dialFaults  = menu{{refused, 2, 0}, {vanishes, 2, 0}, {slow, 1, 12 * time.Second}}
	frameFaults = menu{{frameLost, 4, 0}, {frameTwice, 2, 0}, {frameSwap, 2, 0}, {frameSlow, 3, 12 * time.Second}, {frameCut, 3, 0}, {frameHalf, 2, 0}}
)

// socket is a realtime connection over a bad network.
type socket struct {
	realtime.Conn
	n      *network
	frames chan []byte
	failed chan error
	closed chan struct{}
	once   sync.Once

	mu         sync.Mutex
	dead       bool            // and nobody was told
	subscribed map[string]bool // what the server has confirmed to the client
}

// dial opens one.
func (n *network) dial(ctx context.Context, url string) (realtime.Conn, error) {
	f, latency := n.w.choices.next(n.name+"'s try of a socket", dialFaults)
	switch f.Kind {
	case refused:
		sleep(ctx, latency)
		return nil, errRefused
	case vanishes:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	sleep(ctx, latency+f.For)
	inner, err := realtime.Dialer(n.http)(ctx, url)
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: inner, n: n, frames: make(chan []byte), failed: make(chan error, 1), closed: make(chan struct{}), subscribed: map[string]bool{}}
	n.watch(s, true)
	n.w.background.Go(s.pump)
	return s, nil
}

func (n *network) watch(s *socket, open bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if open {
		n.sockets[s] = true
	} else {
		delete(n.sockets, s)
	}
}

// carries reports whether an open socket has a confirmed subscription.
func (n *network) carries(channel string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for s := range n.sockets {
		if s.carries(channel) {
			return true
		}
	}
	return false
}

// pump brings the server's frames, as far as they come.
func (s *socket) pump() {
	var swapped []byte
	for {
		frame, err := s.Conn.Read()
		if err != nil {
			if !s.isDead() {
				s.failed <- err
			}
			return
		}
		f, latency := s.n.w.choices.next(s.n.name+"'s frame", frameFaults)
		switch f.Kind {
		case frameLost:
			continue
		case frameSwap:
			swapped = frame
			continue
		case frameCut:
			s.failed <- errNetwork
			s.Conn.Close()
			return
		case frameHalf:
			s.die()
			return
		}
		time.Sleep(latency/4 + f.For)
		s.deliver(frame)
		if f.Kind == frameTwice {
			s.deliver(frame)
		}
		if swapped != nil {
			s.deliver(swapped)
			swapped = nil
		}
	}
}

func (s *socket) deliver(frame []byte) {
	select {
	case s.frames <- frame:
	case <-s.closed:
	}
}

func (s *socket) isDead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// die lets nothing through any more.
func (s *socket) die() {
	s.mu.Lock()
	s.dead = true
	s.mu.Unlock()
	s.Conn.Close()
}

func (s *socket) Read() ([]byte, error) {
	select {
	case frame := <-s.frames:
		s.note(frame, "pusher_internal:subscription_succeeded", true)
		return frame, nil
	case err := <-s.failed:
		s.n.watch(s, false)
		return nil, err
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *socket) Write(ctx context.Context, frame []byte) error {
	s.note(frame, "pusher:unsubscribe", false)
	if s.isDead() {
		return nil
	}
	return s.Conn.Write(ctx, frame)
}

func (s *socket) Close() {
	s.once.Do(func() { close(s.closed) })
	s.n.watch(s, false)
	s.Conn.Close()
}

// note takes down what the client was told of its subscriptions.
func (s *socket) note(frame []byte, event string, on bool) {
	var f struct {
		Event, Channel string
		Data           any
	}
	if json.Unmarshal(frame, &f) != nil || f.Event != event {
		return
	}
	if data, ok := f.Data.(map[string]any); ok && f.Channel == "" {
		f.Channel, _ = data["channel"].(string)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribed[f.Channel] = on
}

func (s *socket) carries(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subscribed[channel]
}
