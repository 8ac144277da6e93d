package pusher_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"chatbot/server/pusher"
)

// raw is a connection whose frames the test writes itself.
type raw struct {
	t *testing.T
	net.Conn
}

// raw connects; early is sent in the same packet as the handshake.
func (e *endpoint) raw(early ...ws.Frame) raw {
	e.t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(e.url, "ws://"), patience)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET /app/%s?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", key)
	for _, f := range early {
		b.Write(ws.MustCompileFrame(f))
	}
	if _, err := c.Write(b.Bytes()); err != nil {
		e.t.Fatal(err)
	}
	for line := ""; line != "\r\n"; { // one byte at a time: frames follow
		line = ""
		for !strings.HasSuffix(line, "\n") {
			var one [1]byte
			if _, err := io.ReadFull(c, one[:]); err != nil {
				e.t.Fatal(err)
			}
			line += string(one[:])
		}
	}
	r := raw{e.t, c}
	r.expect(ws.OpText, "pusher:connection_established")
	return r
}

func (r raw) write(frames ...ws.Frame) {
	r.t.Helper()
	for _, f := range frames {
		if err := ws.WriteFrame(r, f); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r raw) expect(op ws.OpCode, within string) ws.Frame {
	r.t.Helper()
	f, err := ws.ReadFrame(r)
	if err != nil {
		r.t.Fatalf("waited for %q: %v", within, err)
	}
	if f.Header.OpCode != op || f.Header.Masked || !strings.Contains(string(f.Payload), within) {
		r.t.Fatalf("got %+v %q, want %q", f.Header, f.Payload, within)
	}
	return f
}

// expectClosed is a close frame with the code, and then the end of the stream.
func (r raw) expectClosed(code ws.StatusCode) {
	r.t.Helper()
	f := r.expect(ws.OpClose, "")
	if got, reason := ws.ParseCloseFrameData(f.Payload); got != code {
		r.t.Fatalf("closed with %d %q, want %d", got, reason, code)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		r.t.Fatalf("after the goodbye: %v", err)
	}
}

func masked(f ws.Frame) ws.Frame  { return ws.MaskFrameInPlace(f) }
func textFrame(s string) ws.Frame { return masked(ws.NewTextFrame([]byte(s))) }

const ping = `{"event":"pusher:ping"}`

func TestFrames(t *testing.T) {
	e := start(t)
	part := func(op ws.OpCode, fin bool, s string) ws.Frame { return masked(ws.NewFrame(op, fin, []byte(s))) }
	r := e.raw(textFrame(ping))
	r.expect(ws.OpText, "pusher:pong") // sent with the handshake
	r.write(part(ws.OpText, false, ping[:5]), masked(ws.NewPingFrame([]byte("hi"))), part(ws.OpContinuation, false, ""), part(ws.OpContinuation, true, ping[5:]))
	r.expect(ws.OpPong, "hi") // between the parts of a message
	r.expect(ws.OpText, "pusher:pong")
	r.write(part(ws.OpBinary, true, ping), masked(ws.NewPongFrame(nil)))
	r.expect(ws.OpText, "pusher:pong")
	r.write(masked(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusGoingAway, "bye"))))
	r.expectClosed(ws.StatusGoingAway)

	bare := e.raw()
	bare.write(masked(ws.NewCloseFrame(nil)))
	bare.expectClosed(ws.StatusNormalClosure)
}

func TestBrokenFrames(t *testing.T) {
	e := start(t)
	big := strings.Repeat("x", 6000)
	for name, c := range map[string]struct {
		code   ws.StatusCode
		frames []ws.Frame
	}{
		"not masked":         {1002, []ws.Frame{ws.NewTextFrame([]byte(ping))}},
		"reserved bit":       {1002, []ws.Frame{masked(ws.Frame{Header: ws.Header{Fin: true, Rsv: 4, OpCode: ws.OpText, Length: 2}, Payload: []byte("{}")})}},
		"unknown opcode":     {1002, []ws.Frame{masked(ws.NewFrame(0xb, true, nil))}},
		"nothing continued":  {1002, []ws.Frame{masked(ws.NewFrame(ws.OpContinuation, true, nil))}},
		"a ping in parts":    {1002, []ws.Frame{masked(ws.NewFrame(ws.OpPing, false, nil))}},
		"not UTF-8":          {1007, []ws.Frame{masked(ws.NewTextFrame([]byte("\"\xff\"")))}},
		"binary, not UTF-8":  {1007, []ws.Frame{masked(ws.NewBinaryFrame([]byte("\"\xff\"")))}},
		"too long":           {1009, []ws.Frame{textFrame(big + big)}},
		"too long in pieces": {1009, []ws.Frame{masked(ws.NewFrame(ws.OpText, false, []byte(big))), masked(ws.NewFrame(ws.OpContinuation, true, []byte(big)))}},
	} {
		t.Run(name, func(t *testing.T) {
			r := e.raw()
			r.t = t
			r.write(c.frames...)
			r.expectClosed(c.code)
		})
	}
}

// Refusals are explained to so many at a time, and to others again once these
// are gone.
func TestManyRefusals(t *testing.T) {
	e := start(t)
	refused := make([]net.Conn, 0, 256)
	ask := func() (net.Conn, string) {
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(e.url, "ws://"), patience)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(patience))
		fmt.Fprint(c, "GET /app/nope?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		status := make([]byte, len("HTTP/1.1 000"))
		if _, err := io.ReadFull(c, status); err != nil {
			t.Fatal(err)
		}
		return c, string(status)
	}
	for range cap(refused) {
		c, status := ask()
		if status != "HTTP/1.1 101" {
			t.Fatal(status)
		}
		refused = append(refused, c)
	}
	c, status := ask()
	c.Close()
	if status != "HTTP/1.1 503" {
		t.Errorf("one more: %s", status)
	}
	for _, c := range refused {
		c.Close()
	}
	deadline := time.Now().Add(patience)
	for status != "HTTP/1.1 101" && time.Now().Before(deadline) {
		c, status = ask()
		c.Close()
	}
	if status != "HTTP/1.1 101" {
		t.Errorf("afterwards: %s", status)
	}
}

// A page that is no WebSocket client is told so by HTTP.
func TestNoWebSocket(t *testing.T) {
	e := start(t)
	if got := e.do("GET", "/app/"+key+"?protocol=7", ""); !strings.HasPrefix(got, "400 ") {
		t.Error(got)
	}
	e.until(func(s pusher.Stats) bool { return s.Connections == 0 })
}

// A client that does not say goodbye in turn does not hold up a shutdown that
// has a limit.
func TestShutdownLimit(t *testing.T) {
	e := start(t)
	e.raw()
	ctx, cancel := contextWithTimeout(t, 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := e.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 4*time.Second { // otherwise a client has five
		t.Errorf("it took %s", took)
	}
	if n := e.Stats().Connections; n != 0 {
		t.Errorf("%d are left", n)
	}
}

// A client that does not read is dropped by name, and nobody waits for it.
func TestSlowReader(t *testing.T) {
	e := start(t)
	slow, quick := e.connect(), e.connect()
	slow.join("news")
	quick.join("news")
	quick.ws.SetReadLimit(1 << 20)
	noise := make([]byte, 30_000)
	rand.Read(noise)
	big := fmt.Sprintf("\"%x\"", noise)
	for sent := 1; e.Stats().Drops["slow reader"] == 0; sent++ {
		if sent > 2000 {
			t.Fatal("a client that does not read was never dropped")
		}
		e.publish("news", "big", big, "")
		quick.expect("big") // whoever reads gets everything
	}
	e.publish("news", "last", "1", "")
	quick.expect("last")
	quick.alive()
}

// Many events count as much as big ones, and the client is told why it was
// dropped if it reads on after all.
func TestQueueLimit(t *testing.T) {
	e := start(t, func(o *pusher.Options) { o.Limits.QueueFrames = 1 })
	r := e.raw()
	r.write(textFrame(`{"event":"pusher:subscribe","data":{"channel":"news"}}`))
	r.expect(ws.OpText, "subscription_succeeded")
	for e.Stats().Drops["slow reader"] == 0 {
		e.publish("news", "x", `"`+strings.Repeat("x", 100_000)+`"`, "")
	}
	reader := wsutil.NewReader(r, ws.StateClientSide)
	for {
		h, err := reader.NextFrame()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		if h.OpCode == ws.OpClose {
			if code, reason := ws.ParseCloseFrameData(body); code != 4100 || reason == "" {
				t.Errorf("closed with %d %q", code, reason)
			}
			break
		}
	}
}

func TestMetrics(t *testing.T) {
	e := start(t)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(e.Server)
	c := e.connect()
	c.join("news")
	e.publish("news", "x", "{}", "")
	c.expect("x")
	e.dial("/app/nope?protocol=7").expectEnd(4001)
	e.get("/apps/1/channels")
	e.until(func(s pusher.Stats) bool { return s.Sent >= 5 })
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		"chatbot_realtime_connections 1",
		"chatbot_realtime_channels 1",
		`chatbot_realtime_messages_total{direction="in"} 1`,
		`chatbot_realtime_messages_total{direction="out"} 5`,
		`chatbot_realtime_drops_total{reason="unknown key"} 1`,
		"chatbot_realtime_delivery_seconds_count 1",
		`chatbot_realtime_api_seconds_count{route="GET /apps/{id}/channels"} 1`,
	} {
		if !strings.Contains(answer.Body.String(), line+"\n") {
			t.Errorf("%s is missing in\n%s", line, answer.Body)
		}
	}
}
