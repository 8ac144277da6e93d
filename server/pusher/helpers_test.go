package pusher_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"chatbot/server/pusher"
	"chatbot/server/pusher/signature"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key, secret = "app-key", "app-secret"
	// patience bounds every wait; a wait ends the moment its condition holds.
	patience = 10 * time.Second
)

// endpoint is a server on a real socket.
type endpoint struct {
	*pusher.Server
	t         *testing.T
	url, http string
}

func start(t *testing.T, change ...options) *endpoint {
	t.Helper()
	o := pusher.Options{Apps: []pusher.App{{ID: "1", Key: key, Secret: secret}, {ID: "2", Key: "other-key", Secret: "other-secret"}}}
	for _, c := range change {
		c(&o)
	}
	e := &endpoint{Server: pusher.New(o), t: t}
	server := httptest.NewServer(e.Server)
	e.url = strings.Replace(server.URL, "http", "ws", 1)
	e.http = server.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
		e.until(func(s pusher.Stats) bool { return s.Connections == 0 && s.Channels == 0 })
	})
	return e
}

// until waits for the counters to be as wanted.
func (e *endpoint) until(holds func(pusher.Stats) bool) {
	e.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds(e.Stats()) {
		if time.Now().After(deadline) {
			e.t.Fatalf("waited in vain: %+v", e.Stats())
		}
		<-tick.C
	}
}

// options changes the Options that start uses.
type options = func(*pusher.Options)

// client is one connection.
type client struct {
	t        *testing.T
	ws       *websocket.Conn
	socketID string
}

type frame struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
	UserID  json.RawMessage `json:"user_id"`
}

// text is data that was encoded twice, decoded once.
func (f frame) text() string {
	var s string
	if json.Unmarshal(f.Data, &s) != nil {
		return string(f.Data)
	}
	return s
}

func (e *endpoint) dial(path string, header ...string) *client {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	h := http.Header{}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	ws, _, err := websocket.Dial(ctx, e.url+path, &websocket.DialOptions{
		HTTPHeader: h,
		// Only what a client says by itself shall count as a sign of life.
		OnPingReceived: func(context.Context, []byte) bool { return false },
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { ws.CloseNow() })
	return &client{t: e.t, ws: ws}
}

// connect dials and takes the greeting.
func (e *endpoint) connect() *client {
	e.t.Helper()
	return e.connectTo(key)
}

func (e *endpoint) connectTo(key string) *client {
	e.t.Helper()
	c := e.dial("/app/" + key + "?protocol=7")
	greeting := c.expect("pusher:connection_established")
	var data struct {
		SocketID        string `json:"socket_id"`
		ActivityTimeout int    `json:"activity_timeout"`
	}
	if err := json.Unmarshal([]byte(greeting.text()), &data); err != nil || data.SocketID == "" || data.ActivityTimeout <= 0 {
		e.t.Fatalf("greeting %s: %v", greeting.Data, err)
	}
	c.socketID = data.SocketID
	return c
}

func (c *client) read() (frame, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, b, err := c.ws.Read(ctx)
	if err != nil {
		return frame{}, err
	}
	var f frame
	return f, json.Unmarshal(b, &f)
}

func (c *client) expect(event string) frame {
	c.t.Helper()
	f, err := c.read()
	if err != nil {
		c.t.Fatalf("waited for %s: %v", event, err)
	}
	if f.Event != event {
		c.t.Fatalf("got %s %s, want %s", f.Event, f.Data, event)
	}
	return f
}

func (c *client) expectError(code int) frame {
	c.t.Helper()
	f := c.expect("pusher:error")
	var data struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Channel string `json:"channel"`
	}
	if err := json.Unmarshal(f.Data, &data); err != nil || data.Code != code || data.Message == "" {
		c.t.Fatalf("error %s, want code %d as an object", f.Data, code)
	}
	f.Channel = data.Channel
	return f
}

func (c *client) expectClose(code int) {
	c.t.Helper()
	_, err := c.read()
	var closed websocket.CloseError
	if !errors.As(err, &closed) || int(closed.Code) != code || closed.Reason == "" {
		c.t.Fatalf("ended with %v, want close code %d and a reason", err, code)
	}
}

// expectEnd is a pusher:error with the code, and then the end by the same.
func (c *client) expectEnd(code int) {
	c.t.Helper()
	c.expectError(code)
	c.expectClose(code)
}

func (c *client) send(text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// alive shows that the connection still serves.
func (c *client) alive() {
	c.t.Helper()
	c.send(`{"event":"pusher:ping"}`)
	c.expect("pusher:pong")
}

func (c *client) subscribe(channel, auth, data string) {
	c.t.Helper()
	encoded, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": map[string]string{"channel": channel, "auth": auth, "channel_data": data}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(string(encoded))
}

// join subscribes as it should be done, to a channel without members.
func (c *client) join(channel string) {
	c.t.Helper()
	c.subscribe(channel, signature.Channel(key, secret, c.socketID, channel, ""), "")
	if f := c.expect("pusher_internal:subscription_succeeded"); f.Channel != channel || f.text() != "{}" {
		c.t.Fatalf("subscribed to %q with %s", f.Channel, f.Data)
	}
}

func (e *endpoint) publish(channel, event, data, except string) {
	e.t.Helper()
	if err := e.Publish(context.Background(), channel, event, []byte(data), except); err != nil {
		e.t.Fatal(err)
	}
}

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
