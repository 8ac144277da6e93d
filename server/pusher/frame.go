package pusher

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gobwas/ws"
)

// frame is a WebSocket frame, header and all, shared by everybody it is sent to.
type frame struct {
	bytes []byte
	// born is when its event was published, for the latency; 0 for the
	// protocol's own replies.
	born time.Duration
	last bool // a close frame: nothing follows
}

// outgoing is a message to a client. Data is a string that holds JSON, for the
// protocol encodes it twice, but for errors and clients' events.
type outgoing struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel,omitempty"`
	Data    any             `json:"data,omitempty"`
	UserID  json.RawMessage `json:"user_id,omitempty"`
}

// protocolError is the data of pusher:error, an object as Pusher sends it.
type protocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Channel string `json:"channel,omitempty"`
}

func encode(o outgoing) (*frame, error) {
	text, err := marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encode the event %s: %w", o.Event, err)
	}
	return &frame{bytes: compile(ws.NewTextFrame(text))}, nil
}

// encodeTwice is for the protocol's own events, whose data is ours and so can
// be encoded.
func encodeTwice(event, channel string, data any) *frame {
	return must(encode(outgoing{Event: event, Channel: channel, Data: string(must(marshal(data)))}))
}

func encodeError(e protocolError) *frame {
	return must(encode(outgoing{Event: "pusher:error", Data: e}))
}

// closeFrame says goodbye. A reason may be 123 bytes (RFC 6455, 5.5).
func closeFrame(code int, reason string) *frame {
	body := ws.NewCloseFrameBody(ws.StatusCode(code), reason[:min(len(reason), 123)])
	return &frame{bytes: compile(ws.NewCloseFrame(body)), last: true}
}

func controlFrame(f ws.Frame) *frame { return &frame{bytes: compile(f)} }

func compile(f ws.Frame) []byte { return must(ws.CompileFrame(f)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // what is encoded here is made here
	}
	return v
}

// marshal is json.Marshal without the escapes for HTML, which only cost bytes.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
