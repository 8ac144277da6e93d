package pusher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"chatbot/server/pusher/signature"
)

const (
	// maxQueueBytes and maxQueueFrames bound what waits to be written to one
	// connection.
	maxQueueBytes  = 1 << 20
	maxQueueFrames = 1024
	// writeTimeout is how long one frame may take to be written.
	writeTimeout = 10 * time.Second
)

// conn is one client's connection.
type conn struct {
	server   *Server
	app      *application
	ws       *websocket.Conn
	address  string
	socketID string

	// channels is guarded by app.mu.
	channels map[string]struct{}

	// lastRead is when the client was last heard of, in Unix nanoseconds.
	lastRead atomic.Int64

	mu      sync.Mutex
	queue   [][]byte
	queued  int // bytes
	writing bool
	closed  bool
}

// refuse tells a client why it may not stay, in both the ways that clients
// look for it, and closes.
func (c *conn) refuse(e protocolError) {
	frame, err := encode(outgoing{Event: "pusher:error", Data: e})
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
		defer cancel()
		err = c.ws.Write(ctx, websocket.MessageText, frame)
	}
	if err != nil {
		c.ws.CloseNow()
		return
	}
	c.ws.Close(websocket.StatusCode(e.Code), e.Message)
}

// serve reads until the connection ends.
func (c *conn) serve() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer c.server.remove(c)
	defer c.ws.CloseNow()
	c.heard()
	go c.watchActivity(ctx)
	c.reply("pusher:connection_established", "", map[string]any{
		"socket_id":        c.socketID,
		"activity_timeout": int(c.server.ActivityTimeout.Seconds()),
	})
	for {
		_, frame, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		c.heard()
		c.handle(frame)
	}
}

func (c *conn) heard() { c.lastRead.Store(time.Now().UnixNano()) }

// watchActivity asks a silent client whether it lives, and closes if it does
// not answer. Any frame counts as an answer.
func (c *conn) watchActivity(ctx context.Context) {
	asked := false
	for {
		silent := time.Since(time.Unix(0, c.lastRead.Load()))
		limit := c.server.ActivityTimeout
		if asked {
			limit += PongTimeout
		}
		switch {
		case silent < c.server.ActivityTimeout:
			asked, limit = false, c.server.ActivityTimeout
		case silent >= c.server.ActivityTimeout+PongTimeout:
			c.drop("silent", 4201, "No answer to the ping in time.")
			return
		case !asked:
			asked, limit = true, c.server.ActivityTimeout+PongTimeout
			c.reply("pusher:ping", "", struct{}{})
		}
		timer := time.NewTimer(max(limit-silent, time.Millisecond))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// incoming is a frame from a client. Data may be an object or a string that
// holds one.
type incoming struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
}

func (c *conn) handle(frame []byte) {
	var in incoming
	if err := json.Unmarshal(frame, &in); err != nil || in.Event == "" {
		c.complain(protocolError{Code: 4200, Message: "A frame must be a JSON object with an event."})
		return
	}
	switch in.Event {
	case "pusher:ping":
		c.reply("pusher:pong", "", struct{}{})
	case "pusher:pong":
	case "pusher:subscribe":
		c.subscribe(in.Data)
	case "pusher:unsubscribe":
		c.unsubscribe(in.Data)
	default:
		c.complain(protocolError{Code: 4200, Message: fmt.Sprintf("The event %.80q is not served here.", in.Event)})
	}
}

type subscription struct {
	Channel     string `json:"channel"`
	Auth        string `json:"auth"`
	ChannelData string `json:"channel_data"`
}

// decode reads data as an object, also where a client has sent it as a string.
func decode(data json.RawMessage, v any) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		data = []byte(text)
	}
	return json.Unmarshal(data, v)
}

func (c *conn) subscribe(data json.RawMessage) {
	var s subscription
	if err := decode(data, &s); err != nil {
		c.complain(protocolError{Code: 4200, Message: "pusher:subscribe needs data with a channel."})
		return
	}
	if refusal := c.mayJoin(s); refusal != nil {
		refusal.Channel = s.Channel
		c.complain(*refusal)
		c.reply("pusher:subscription_error", s.Channel, map[string]any{"type": "AuthError", "error": refusal.Message, "status": 401})
		return
	}
	if !c.join(s.Channel) {
		c.complain(protocolError{Code: 4301, Message: fmt.Sprintf("A connection may subscribe to %d channels.", MaxChannels), Channel: s.Channel})
		return
	}
	c.reply("pusher_internal:subscription_succeeded", s.Channel, struct{}{})
}

// mayJoin checks name and signature.
func (c *conn) mayJoin(s subscription) *protocolError {
	if !validChannel(s.Channel) {
		return &protocolError{Code: 4009, Message: fmt.Sprintf("A channel's name is 1 to %d of A-Z a-z 0-9 _ - = @ , . ;", MaxChannelName)}
	}
	if strings.HasPrefix(s.Channel, "presence-") || strings.HasPrefix(s.Channel, "private-encrypted-") {
		return &protocolError{Code: 4009, Message: "This kind of channel is not served here."}
	}
	if !strings.HasPrefix(s.Channel, "private-") {
		return nil
	}
	if !signature.Equal(s.Auth, signature.Channel(c.app.Key, c.app.Secret, c.socketID, s.Channel, s.ChannelData)) {
		return &protocolError{Code: 4009, Message: "The subscription's signature is wrong."}
	}
	return nil
}

func validChannel(name string) bool {
	if name == "" || len(name) > MaxChannelName {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("_-=@,.;", r)
	}) < 0
}

// join subscribes; false if the connection has too many channels.
func (c *conn) join(channel string) bool {
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	if _, already := c.channels[channel]; already {
		return true
	}
	if len(c.channels) >= MaxChannels {
		return false
	}
	c.channels[channel] = struct{}{}
	if c.app.channels[channel] == nil {
		c.app.channels[channel] = map[*conn]struct{}{}
	}
	c.app.channels[channel][c] = struct{}{}
	return true
}

func (c *conn) unsubscribe(data json.RawMessage) {
	var s subscription
	if err := decode(data, &s); err != nil || s.Channel == "" {
		c.complain(protocolError{Code: 4200, Message: "pusher:unsubscribe needs data with a channel."})
		return
	}
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	delete(c.channels, s.Channel)
	c.app.leave(s.Channel, c)
}

// complain tells the client what was wrong; the connection stays.
func (c *conn) complain(e protocolError) {
	frame, err := encode(outgoing{Event: "pusher:error", Data: e})
	if err != nil {
		c.server.Logger.Error("encode pusher:error", "error", err)
		return
	}
	c.send(frame)
}

// reply sends one of the protocol's own events, its data encoded twice.
func (c *conn) reply(event, channel string, data any) {
	text, err := json.Marshal(data)
	if err == nil {
		var frame []byte
		if frame, err = encode(outgoing{Event: event, Channel: channel, Data: string(text)}); err == nil {
			c.send(frame)
			return
		}
	}
	c.server.Logger.Error("encode an event", "event", event, "error", err)
}

// send queues a frame. It never waits: a client that does not read is dropped.
func (c *conn) send(frame []byte) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	if len(c.queue) >= maxQueueFrames || c.queued+len(frame) > maxQueueBytes {
		c.mu.Unlock()
		c.drop("slow reader", 4100, "The connection did not keep up with what was sent to it.")
		return
	}
	c.queue = append(c.queue, frame)
	c.queued += len(frame)
	start := !c.writing
	c.writing = true
	c.mu.Unlock()
	if start {
		go c.write()
	}
}

// write empties the queue and ends. It exists only while there is something to
// write, so an idle connection costs no goroutine for it.
func (c *conn) write() {
	for {
		c.mu.Lock()
		frames := c.queue
		c.queue, c.queued = nil, 0
		if len(frames) == 0 || c.closed {
			c.writing = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		for _, frame := range frames {
			ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
			err := c.ws.Write(ctx, websocket.MessageText, frame)
			cancel()
			if err != nil {
				if errors.Is(err, context.DeadlineExceeded) {
					c.drop("slow reader", 4100, "The connection did not keep up with what was sent to it.")
				}
				c.stop()
				return
			}
		}
	}
}

// stop makes further frames go nowhere and ends the reader.
func (c *conn) stop() {
	c.mu.Lock()
	c.closed, c.queue, c.queued, c.writing = true, nil, 0, false
	c.mu.Unlock()
	c.ws.CloseNow()
}

// drop closes for a reason that is counted; it does not wait.
func (c *conn) drop(reason string, code int, message string) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed, c.queue, c.queued = true, nil, 0
	c.mu.Unlock()
	c.server.countDrop(reason)
	c.server.Logger.Info("connection dropped", "reason", reason)
	go c.ws.Close(websocket.StatusCode(code), message)
}

// close ends the connection with a code and waits for the client's goodbye.
func (c *conn) close(code int, message string) {
	c.mu.Lock()
	c.closed, c.queue, c.queued = true, nil, 0
	c.mu.Unlock()
	c.ws.Close(websocket.StatusCode(code), message)
}
