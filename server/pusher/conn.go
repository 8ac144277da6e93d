package pusher

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"golang.org/x/time/rate"
)

const (
	// writeTimeout is how long one batch of frames may take to be written; a
	// second time as long may pass before that is noticed.
	writeTimeout = 10 * time.Second
	// closeTimeout is how long the other side has to say goodbye.
	closeTimeout = 5 * time.Second
	// burst is how soon after a batch the next one makes a burst, in which
	// fewer and longer writes count for more than the latency of each.
	burst = 10 * time.Millisecond
)

// conn is one client's connection.
type conn struct {
	server   *Server
	app      *application
	address  string
	socketID string
	reader   wsutil.Reader

	// These belong to whoever reads.
	subscriptions []subscription
	user          string
	events        *rate.Limiter // of the client's own events; made with the first

	holders []string // for whom it was let into channels; under the server's lock

	refused   bool
	began     time.Duration
	heartbeat *heartbeat
	writeBy   time.Duration // the deadline set; of the goroutine that writes
	wrote     time.Duration // when it last did
	lastRead  atomic.Int64  // as of Server.now
	used      atomic.Bool   // has subscribed or signed in

	mu      sync.Mutex
	net     net.Conn // nil until the handshake is done
	queue   []*frame
	queued  int // bytes
	writing bool
	ending  bool // a close frame is queued or sent
	sentBye bool
	gotBye  bool
}

// subscription is a channel, and as whom it was joined where it has members.
type subscription struct {
	*channel
	member string
}

// use takes the socket, from which early bytes have been read already.
func (c *conn) use(socket net.Conn, early []byte) {
	c.reader = wsutil.Reader{Source: socket, State: ws.StateServerSide, MaxFrameSize: int64(c.server.Limits.MessageBytes), OnIntermediate: c.control}
	if len(early) > 0 {
		c.reader.Source = io.MultiReader(bytes.NewReader(early), socket)
	}
	c.mu.Lock()
	c.net = socket
	c.writing = len(c.queue) > 0
	start := c.writing
	if c.ending {
		socket.SetReadDeadline(time.Now().Add(closeTimeout))
	}
	c.mu.Unlock()
	if start {
		go c.write()
	}
}

// serve greets, or refuses, and begins to read.
func (c *conn) serve(refusal *protocolError) {
	c.refused = refusal != nil
	if c.refused {
		c.finish("", closeFrame(refusal.Code, refusal.Message), encodeError(*refusal))
		go c.read()
		return
	}
	c.began = c.server.now()
	c.heard()
	c.send(encodeTwice("pusher:connection_established", "", map[string]any{
		"socket_id":        c.socketID,
		"activity_timeout": int(c.server.ActivityTimeout.Seconds()),
	}))
	c.heartbeat = c.watch()
	go c.read()
}

func (c *conn) heard() { c.lastRead.Store(int64(c.server.now())) }

// read waits for a message, handles it and goes on in a goroutine of its own.
// To handle takes a deep stack and to wait a small one, and a goroutine would
// keep the deepest that it has had: 8 KB instead of 2 for each idle connection.
// After a goodbye of ours it only waits for the client's.
func (c *conn) read() {
	message, err := c.next()
	if err != nil {
		c.goodbye(err)
		c.gone()
		return
	}
	if !c.isEnding() {
		c.server.received.Add(1)
		c.handle(message)
	}
	go c.read()
}

// gone is the end of a connection.
func (c *conn) gone() {
	defer c.server.leave(c, c.refused)
	c.net.Close()
	if c.refused {
		return
	}
	c.heartbeat.stop()
	c.leaveAll()
}

var (
	errTooBig  = errors.New("message too big")
	errNotText = errors.New("not UTF-8")
	errClosed  = errors.New("closed by the client")
)

// next reads one message and answers control frames. Binary messages are taken
// as text, as other servers do.
func (c *conn) next() ([]byte, error) {
	for {
		header, err := c.reader.NextFrame()
		c.heard()
		switch {
		case err != nil:
			return nil, err
		case header.OpCode.IsControl():
			if err := c.control(header, &c.reader); err != nil {
				return nil, err
			}
			continue
		}
		limit := int64(c.server.Limits.MessageBytes)
		message, err := io.ReadAll(io.LimitReader(&c.reader, limit+1))
		switch {
		case err != nil:
			return nil, err
		case int64(len(message)) > limit:
			return nil, errTooBig
		case !utf8.Valid(message): // it may be passed on, and a browser would hang up on it
			return nil, errNotText
		}
		return message, nil
	}
}

// control handles a control frame, which may come between the fragments of a
// message.
func (c *conn) control(header ws.Header, payload io.Reader) error {
	var buffer [ws.MaxControlFramePayloadSize]byte
	body := buffer[:header.Length]
	if len(body) > 0 {
		if _, err := io.ReadFull(payload, body); err != nil {
			return err
		}
	}
	switch header.OpCode {
	case ws.OpPing:
		c.send(controlFrame(ws.NewPongFrame(body)))
	case ws.OpClose:
		code, _ := ws.ParseCloseFrameData(body)
		if code.Empty() || code.IsNotUsed() {
			code = ws.StatusNormalClosure
		}
		c.mu.Lock()
		c.gotBye = true
		answered := c.sentBye
		c.mu.Unlock()
		if !answered {
			c.finish("", closeFrame(int(code), ""))
		}
		return errClosed
	}
	return nil
}

// goodbye ends what has failed to read. What broke the rules of WebSocket is
// told so by its code.
func (c *conn) goodbye(err error) {
	var broken ws.ProtocolError
	switch {
	case errors.Is(err, wsutil.ErrFrameTooLarge), errors.Is(err, errTooBig):
		c.finish("message too big", closeFrame(int(ws.StatusMessageTooBig), "The message is larger than this server takes."))
	case errors.Is(err, errNotText):
		c.finish("not UTF-8", closeFrame(int(ws.StatusInvalidFramePayloadData), "The message is not UTF-8."))
	case errors.As(err, &broken):
		c.finish("WebSocket protocol", closeFrame(int(ws.StatusProtocolError), broken.Error()))
	case !errors.Is(err, errClosed) || c.saidAll():
		return
	}
	// Bytes left unread would make the kernel reset the connection, and the
	// goodbye be lost. The writer, the client or the deadline ends this.
	io.Copy(io.Discard, c.reader.Source)
}

var tooSlow = protocolError{Code: 4100, Message: "The connection did not keep up with what was sent to it."}

// send queues a frame. It never waits: a client that does not read is dropped.
func (c *conn) send(f *frame) {
	c.mu.Lock()
	limits := &c.server.Limits
	if c.ending {
		c.mu.Unlock()
		return
	}
	if len(c.queue) >= limits.QueueFrames || c.queued+len(f.bytes) > limits.QueueBytes {
		c.queue, c.queued = nil, 0
		c.mu.Unlock()
		c.end("slow reader", tooSlow)
		return
	}
	start := c.push(f)
	c.mu.Unlock()
	if start {
		go c.write()
	}
}

// push is called with the lock held, and tells whether a writer is needed.
func (c *conn) push(f *frame) (start bool) {
	c.queue = append(c.queue, f)
	c.queued += len(f.bytes)
	start = !c.writing && c.net != nil
	c.writing = c.writing || start
	return start
}

// end closes for a reason that is counted, telling the client why in both the
// ways that clients look for it. What was queued is still sent, if the client
// reads it in time. It does not wait.
func (c *conn) end(reason string, e protocolError) {
	c.finish(reason, closeFrame(e.Code, e.Message), encodeError(e))
}

// finish queues the last frames and gives the client closeTimeout to say
// goodbye. Only the first time counts, under its reason if it has one.
func (c *conn) finish(reason string, last *frame, before ...*frame) {
	c.mu.Lock()
	if c.ending {
		c.mu.Unlock()
		return
	}
	if reason != "" {
		c.server.countDrop(reason)
	}
	start := false
	for _, f := range append(before, last) {
		start = c.push(f) || start
	}
	c.ending = true
	if c.net != nil {
		c.net.SetReadDeadline(time.Now().Add(closeTimeout))
	}
	c.mu.Unlock()
	if start {
		go c.write()
	}
}

// saidAll reports whether both sides have said goodbye.
func (c *conn) saidAll() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sentBye && c.gotBye
}

func (c *conn) isEnding() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// kill ends the connection without a word.
func (c *conn) kill() {
	c.mu.Lock()
	socket := c.net
	c.mu.Unlock()
	if socket != nil {
		socket.Close() // may take its time with TLS
	}
}

// buffers are reused: a burst would otherwise make one for every batch.
var buffers = sync.Pool{New: func() any { return new(net.Buffers) }}

// write empties the queue and ends. It exists only while there is something to
// write, so an idle connection costs no goroutine for it; and it writes all
// that waits at once, so a burst costs one system call and wakes the client
// once.
func (c *conn) write() {
	if c.server.now()-c.wrote < burst {
		runtime.Gosched() // let those go first who have more to be written
	}
	for {
		batch := c.take()
		if len(batch) == 0 {
			return
		}
		if err := c.writeBatch(batch); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.end("slow reader", tooSlow)
			}
			c.kill()
			return
		}
		c.wrote = c.server.now()
		c.observe(batch)
		if batch[len(batch)-1].last {
			c.saidBye()
			return
		}
	}
}

func (c *conn) take() []*frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := c.queue
	c.queue, c.queued = nil, 0
	c.writing = len(batch) > 0
	return batch
}

func (c *conn) writeBatch(batch []*frame) error {
	if now := c.server.now(); c.writeBy < now+writeTimeout { // setting it is not cheap
		c.writeBy = now + 2*writeTimeout
		c.net.SetWriteDeadline(time.Now().Add(2 * writeTimeout))
	}
	if len(batch) == 1 {
		_, err := c.net.Write(batch[0].bytes)
		return err
	}
	if _, plain := c.net.(*net.TCPConn); !plain { // TLS would make a record and a system call of each
		_, err := c.net.Write(join(batch))
		return err
	}
	list := buffers.Get().(*net.Buffers)
	kept := (*list)[:0]
	for _, f := range batch {
		kept = append(kept, f.bytes)
	}
	*list = kept
	_, err := list.WriteTo(c.net) // uses the list up
	clear(kept)
	*list = kept
	buffers.Put(list)
	return err
}

func join(batch []*frame) []byte {
	var all []byte
	for _, f := range batch {
		all = append(all, f.bytes...)
	}
	return all
}

// observe counts what was written, and how long the oldest event of the batch
// has taken.
func (c *conn) observe(batch []*frame) {
	c.server.sent.Add(int64(len(batch)))
	for _, f := range batch {
		if f.born != 0 {
			c.server.histograms.delivery.Observe((c.wrote - f.born).Seconds())
			return
		}
	}
}

// saidBye ends the connection where the client has said goodbye too, and tells
// it otherwise that nothing more comes.
func (c *conn) saidBye() {
	c.mu.Lock()
	c.sentBye = true
	done := c.gotBye
	c.mu.Unlock()
	if half, ok := c.net.(interface{ CloseWrite() error }); ok && !done {
		half.CloseWrite()
		return
	}
	c.kill()
}
