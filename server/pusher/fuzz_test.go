package pusher

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"chatbot/server/pusher/signature"
)

func fuzzServer() *Server {
	return New(Options{Apps: []App{{ID: "1", Key: "key", Secret: "secret"}}})
}

// FuzzMessage lets a client say anything: it gets sound answers, and is
// subscribed to nothing that needs a signature.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"event":"pusher:ping","data":{}}`,
		`{"event":"pusher:subscribe","data":{"channel":"news"}}`,
		`{"event":"pusher:subscribe","data":"{\"channel\":\"cache-news\"}"}`,
		`{"event":"pusher:subscribe","data":{"channel":"private-x","auth":"key:00"}}`,
		`{"event":"pusher:subscribe","data":{"channel":"presence-x","auth":"key:00","channel_data":"{\"user_id\":7}"}}`,
		`{"event":"pusher:unsubscribe","data":{"channel":"joined"}}`,
		`{"event":"pusher:signin","data":{"auth":"key:00","user_data":"{\"id\":\"1\"}"}}`,
		`{"event":"client-x","channel":"private-joined","data":{"a":[1,"é",null]}}`,
		`{"event":"client-x","channel":"private-joined","data":"\ud800"}`,
		`{"event":"pusher:subscribe","data":null}`, `{"event":null}`, `{}`, `[]`, `null`, `"`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if !utf8.Valid(message) {
			return // refused before it comes here
		}
		s := fuzzServer()
		c, other := fuzzConn(s, "1.1"), fuzzConn(s, "2.2")
		for _, c := range []*conn{c, other} {
			if refusal := c.join("private-joined", nil, ""); refusal != nil {
				t.Fatal(refusal)
			}
		}
		c.handle(message)
		for _, c := range []*conn{c, other} {
			for _, f := range c.queue {
				checkFrame(t, f)
			}
		}
		for _, joined := range c.subscriptions {
			if joined.name != "private-joined" && (joined.signed() || !validChannel(joined.name, 164)) {
				t.Errorf("subscribed to %q", joined.name)
			}
		}
		c.leaveAll()
		other.leaveAll()
		if n := s.Stats().Channels; n != 0 || c.user != "" {
			t.Errorf("%d channels are left, signed in as %q", n, c.user)
		}
	})
}

// fuzzConn is a connection whose frames stay in its queue.
func fuzzConn(s *Server, socketID string) *conn {
	return &conn{server: s, app: s.apps[0], socketID: socketID}
}

func checkFrame(t *testing.T, f *frame) {
	t.Helper()
	read, err := ws.ReadFrame(bytes.NewReader(f.bytes))
	if err != nil {
		t.Fatal(err)
	}
	if read.Header.OpCode == ws.OpText && (!json.Valid(read.Payload) || !utf8.Valid(read.Payload)) {
		t.Errorf("sent %q", read.Payload)
	}
}

// memory is a socket that has received all it ever will.
type memory struct {
	io.Reader
	net.Conn
}

func (m memory) Read(p []byte) (int, error)     { return m.Reader.Read(p) }
func (memory) Write(p []byte) (int, error)      { return len(p), nil }
func (memory) Close() error                     { return nil }
func (memory) SetReadDeadline(time.Time) error  { return nil }
func (memory) SetWriteDeadline(time.Time) error { return nil }

// FuzzFrames sends any bytes where frames should be.
func FuzzFrames(f *testing.F) {
	seed := func(frames ...ws.Frame) {
		var b bytes.Buffer
		for _, frame := range frames {
			b.Write(ws.MustCompileFrame(ws.MaskFrame(frame)))
		}
		f.Add(b.Bytes())
	}
	seed(ws.NewTextFrame([]byte(`{"event":"pusher:ping"}`)))
	seed(ws.NewFrame(ws.OpText, false, []byte("a")), ws.NewPingFrame([]byte("x")), ws.NewFrame(ws.OpContinuation, true, []byte("b")))
	seed(ws.NewFrame(ws.OpText, true, nil), ws.NewPongFrame(nil), ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "bye")))
	seed(ws.NewCloseFrame([]byte{1}), ws.NewBinaryFrame([]byte("\xff")))
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4})
	f.Add([]byte{0x81, 0xfe, 0, 1})
	f.Fuzz(func(t *testing.T, received []byte) {
		s := fuzzServer()
		c := fuzzConn(s, "1.1")
		c.use(memory{Reader: bytes.NewReader(received)}, nil)
		c.net, c.writing = nil, true // frames stay in the queue
		for {
			message, err := c.next()
			if err != nil {
				if errors.Is(err, wsutil.ErrNoFrameAdvance) {
					t.Error(err)
				}
				break
			}
			if !utf8.Valid(message) || len(message) > s.Limits.MessageBytes {
				t.Errorf("took %q", message)
			}
		}
		for _, f := range c.queue {
			checkFrame(t, f)
		}
	})
}

// FuzzEvents gives the HTTP API any body.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","data":"{}","channels":["news","private-x"],"socket_id":"1.2","info":"user_count,subscription_count"}`,
		`{"name":"x","data":"{}","channel":"presence-cache-x","info":"cache"}`,
		`{"batch":[{"name":"x","data":"x","channel":"news"},{"name":"x","data":null,"channel":""}]}`,
		`{"name":1,"data":{},"channels":"news"}`, `{"batch":{}}`, `[]`, `null`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := fuzzServer()
		for _, serve := range []func(call) (any, error){s.postEvents, s.postBatch} {
			answer, err := serve(call{httptest.NewRequest(http.MethodPost, "/", nil), s.apps[0], body})
			var refusal *apiError
			if err != nil && !errors.As(err, &refusal) {
				t.Errorf("failed: %v", err)
			}
			if err == nil && !json.Valid(must(marshal(answer))) {
				t.Errorf("answered %v", answer)
			}
		}
	})
}

// FuzzMember reads any channel_data.
func FuzzMember(f *testing.F) {
	for _, seed := range []string{`{"user_id":"a","user_info":{"name":"A"}}`, `{"user_id":7}`, `{"user_id":1e400}`, `{"user_id":null}`, `{"user_id":{}}`, `{"user_id":""}`, `[]`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		m, id, refusal := decodeMember(data)
		if refusal != nil {
			return
		}
		if id == "" || len(id) > maxUserID {
			t.Errorf("is %q", id)
		}
		ch := newChannel("presence-x")
		ch.members[id] = m
		checkFrame(t, ch.greeting())
	})
}

// FuzzOrigins reads any list, and allows no origin that is not in it.
func FuzzOrigins(f *testing.F) {
	f.Add("*.shop.example", "https://a.shop.example")
	f.Add("https://shop.example:8080", "null")
	f.Add("[::1]", "http://[::1]:80")
	f.Fuzz(func(t *testing.T, pattern, origin string) {
		o, err := ParseOrigins([]string{pattern})
		if err != nil || strings.Contains(pattern, "*") {
			return
		}
		if o.Allowed(origin) && !strings.Contains(strings.ToLower(origin), strings.ToLower(strings.Trim(pattern, "[]"))) {
			t.Errorf("%q allows %q", pattern, origin)
		}
	})
}

// FuzzSignedPath asks any path and query, signed by another secret.
func FuzzSignedPath(f *testing.F) {
	f.Add("/apps/1/channels", "auth_key=key&auth_timestamp=1&auth_signature=00", "")
	f.Add("/apps/1/channels/a%2Fb", "auth_key=key&auth_key=key&info=x%3b", "{}")
	f.Fuzz(func(t *testing.T, path, query, body string) {
		r, err := http.NewRequest(http.MethodPost, "http://localhost/?"+query, nil)
		if err != nil {
			return // no server would be asked
		}
		r.URL.Path = path
		signed := signature.SignRequest("key", "another", r.Method, path, r.URL.Query(), []byte(body), time.Now())
		r.URL.RawQuery = signed.Encode()
		if verify(fuzzServer().apps[0], r, []byte(body)) == nil {
			t.Error("taken")
		}
		signed = signature.SignRequest("key", "secret", r.Method, path, r.URL.Query(), []byte(body), time.Now())
		r.URL.RawQuery = signed.Encode()
		if err := verify(fuzzServer().apps[0], r, []byte(body)); err != nil {
			t.Error(err)
		}
	})
}
