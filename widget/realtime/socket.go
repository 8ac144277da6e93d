package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"chatbot/widget/wire"
)

// Time limits of a socket.
const (
	// TryLimit is how long one try may take, from dialling to a confirmed
	// subscription.
	TryLimit = 10 * time.Second
	// MaxActivity is after how much silence the peer is asked whether it is
	// still there, where it does not ask for less. A browser cannot see
	// WebSocket pings, so the question is a pusher:ping event.
	MaxActivity = 30 * time.Second
	// PongLimit is how long it may take to answer.
	PongLimit = 10 * time.Second
)

// The events of the protocol itself.
const (
	eventEstablished         = "pusher:connection_established"
	eventError               = "pusher:error"
	eventPing                = "pusher:ping"
	eventPong                = "pusher:pong"
	eventSubscribe           = "pusher:subscribe"
	eventUnsubscribe         = "pusher:unsubscribe"
	eventSubscribed          = "pusher_internal:subscription_succeeded"
	eventSubscriptionError   = "pusher:subscription_error"
	eventSubscriptionRefused = "pusher_internal:subscription_error"
)

// protocolError is a pusher:error.
type protocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e protocolError) Error() string { return fmt.Sprintf("refused with code %d", e.Code) }

// Reasons for the end of a socket to which no peer gave a number.
var (
	errSilent  = errors.New("no sign of life")
	errDropped = errors.New("connection dropped")
	errClosed  = errors.New("closed by the widget")
	errRefused = errors.New("the subscription was refused")
)

// frame is a message of the protocol. Data is a string that holds JSON, as the
// protocol has it, or the JSON itself, as several servers send it.
type frame struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// payload is the JSON in Data, however it was sent.
func (f frame) payload() []byte {
	data := bytes.TrimSpace(f.Data)
	if len(data) == 0 || data[0] != '"' {
		return data
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return nil
	}
	return []byte(text)
}

// refusal is the pusher:error that f is. Servers leave out the code, or send
// null.
func (f frame) refusal() protocolError {
	var e protocolError
	if err := json.Unmarshal(f.payload(), &e); err != nil {
		return protocolError{}
	}
	return e
}

// socket is one connection of the Pusher protocol. Its goroutine reads, keeps
// it alive and hands out events in their order; the methods may be called from
// any goroutine.
type socket struct {
	endpoint endpoint
	id       string
	conn     Conn
	activity time.Duration
	opened   time.Time
	received func(*socket, frame)

	probes chan struct{}
	done   chan struct{} // closed when the socket has ended, for the reason in err
	err    error
	end    sync.Once

	mu      sync.Mutex
	waiting map[string]chan error // subscriptions not confirmed yet
	last    int                   // the code of a pusher:error that was the last frame, or 0
}

// open connects to e. Everything that comes later is handed to received, and
// ended is called once when the socket has come to its end.
func open(ctx context.Context, dial Dial, e endpoint, received func(*socket, frame), ended func(*socket)) (*socket, error) {
	conn, err := dial(ctx, e.url)
	if err != nil {
		return nil, err
	}
	s := &socket{
		endpoint: e, conn: conn, received: received,
		probes: make(chan struct{}, 1), done: make(chan struct{}), waiting: map[string]chan error{},
	}
	frames, failed := make(chan frame), make(chan error, 1)
	go s.read(frames, failed)
	if err := s.establish(ctx, frames, failed); err != nil {
		s.close(err)
		return nil, err
	}
	s.opened = time.Now()
	go func() {
		s.close(s.live(frames, failed))
		ended(s)
	}()
	return s, nil
}

// close ends the socket for a reason; the first one counts.
func (s *socket) close(reason error) {
	s.end.Do(func() {
		s.err = reason
		close(s.done)
		s.conn.Close()
	})
}

// read hands over what comes until the connection or the socket ends.
func (s *socket) read(frames chan<- frame, failed chan<- error) {
	for {
		message, err := s.conn.Read()
		if err != nil {
			failed <- err
			return
		}
		var f frame
		if json.Unmarshal(message, &f) != nil {
			f = frame{} // not of the protocol, but a sign of life
		}
		select {
		case frames <- f:
		case <-s.done:
			return
		}
	}
}

// establish waits for the server's first word.
func (s *socket) establish(ctx context.Context, frames <-chan frame, failed <-chan error) error {
	for {
		select {
		case f := <-frames:
			switch f.Event {
			case eventEstablished:
				return s.established(f)
			case eventError:
				return f.refusal()
			}
		case err := <-failed:
			return s.reason(err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *socket) established(f frame) error {
	var hello struct {
		SocketID        string  `json:"socket_id"`
		ActivityTimeout float64 `json:"activity_timeout"` // seconds
	}
	if err := json.Unmarshal(f.payload(), &hello); err != nil || !wire.ValidSocketID(hello.SocketID) {
		return errors.New("the server's greeting cannot be read")
	}
	s.id = hello.SocketID
	s.activity = MaxActivity
	if asked := time.Duration(hello.ActivityTimeout * float64(time.Second)); asked >= time.Second {
		s.activity = min(s.activity, asked)
	}
	return nil
}

// live is the life of an established socket; it returns the reason of its end.
func (s *socket) live(frames <-chan frame, failed <-chan error) error {
	timer := time.NewTimer(s.activity)
	defer timer.Stop()
	asked := false
	ask := func() error {
		if asked {
			return nil
		}
		asked = true
		timer.Reset(PongLimit)
		return s.send(frame{Event: eventPing, Data: json.RawMessage("{}")})
	}
	for {
		select {
		case f := <-frames:
			asked = false
			timer.Reset(s.activity)
			if err := s.handle(f); err != nil {
				return err
			}
		case err := <-failed:
			return s.reason(err)
		case <-s.probes:
			if err := ask(); err != nil {
				return err
			}
		case <-timer.C:
			if asked {
				return errSilent
			}
			if err := ask(); err != nil {
				return err
			}
		case <-s.done:
			return errClosed
		}
	}
}

// reason is why a connection ended whose Read failed. Servers that drop the
// connection right after a pusher:error mean its code.
func (s *socket) reason(err error) error {
	var closed CloseError
	if errors.As(err, &closed) {
		return closed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != 0 {
		return protocolError{Code: s.last}
	}
	return errDropped
}

func (s *socket) handle(f frame) error {
	s.mu.Lock()
	s.last = 0
	s.mu.Unlock()
	switch f.Event {
	case "", eventPong, eventEstablished:
	case eventPing:
		return s.send(frame{Event: eventPong, Data: json.RawMessage("{}")})
	case eventSubscribed:
		s.answer(f.Channel, nil)
	case eventSubscriptionError, eventSubscriptionRefused:
		s.answer(f.Channel, errRefused)
	case eventError:
		refusal := f.refusal()
		s.mu.Lock()
		s.last = refusal.Code
		s.mu.Unlock()
		s.answer("", refusal)
	default:
		if !strings.HasPrefix(f.Event, "client-") && !strings.HasPrefix(f.Event, "pusher") {
			s.received(s, f)
		}
	}
	return nil
}

// answer ends the waiting for a channel's subscription, or for all of them
// where the server names no channel.
func (s *socket) answer(channel string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, waiting := range s.waiting {
		if channel == "" || name == channel {
			waiting <- err
			delete(s.waiting, name)
		}
	}
}

// authorize asks for the leave to subscribe.
type authorize func(context.Context, wire.ChannelAuthRequest) (wire.ChannelAuth, error)

// subscribe asks for a private channel and waits until the server confirms it.
func (s *socket) subscribe(ctx context.Context, channel string, authorize authorize) error {
	auth, err := authorize(ctx, wire.ChannelAuthRequest{SocketID: s.id, ChannelName: channel, Provider: s.endpoint.provider})
	if err != nil {
		return err
	}
	waiting := make(chan error, 1)
	s.mu.Lock()
	s.waiting[channel] = waiting
	s.mu.Unlock()
	data, err := json.Marshal(struct {
		Channel     string `json:"channel"`
		Auth        string `json:"auth"`
		ChannelData string `json:"channel_data,omitempty"`
	}{channel, auth.Auth, auth.ChannelData})
	if err != nil {
		return err
	}
	if err := s.send(frame{Event: eventSubscribe, Data: data}); err != nil {
		return err
	}
	select {
	case err := <-waiting:
		return err
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *socket) unsubscribe(channel string) error {
	data, err := json.Marshal(map[string]string{"channel": channel})
	if err != nil {
		return err
	}
	return s.send(frame{Event: eventUnsubscribe, Data: data})
}

// send writes one frame. One that cannot be written within PongLimit means a
// dead connection.
func (s *socket) send(f frame) error {
	message, err := json.Marshal(f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), PongLimit)
	defer cancel()
	if err := s.conn.Write(ctx, message); err != nil {
		return errDropped
	}
	return nil
}

// probe asks the peer for a sign of life now.
func (s *socket) probe() {
	select {
	case s.probes <- struct{}{}:
	default:
	}
}

// alive reports whether the socket has not ended.
func (s *socket) alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}
