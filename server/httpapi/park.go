package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"chatbot/server/chat"
)

// answerTime is how long a client may take to receive the answer to a poll that
// waited aside.
const answerTime = time.Minute

// Parking is where polls wait without the handler they came by: its goroutine
// with a grown stack, its buffers and the second goroutine that watches the
// connection are most of what a waiting poll costs. The connection is taken from
// the server and stands here with a goroutine that does nothing but read from
// it, until the poll is answered and the client says something again. It is then
// served anew: Parking is the net.Listener that hands it back, to be given to
// Serve beside the one the connections came by.
//
// Only connections of HTTP/1 without TLS are parked. Browsers speak HTTP/2 over
// TLS, where the polls of one page share a connection.
type Parking struct {
	idle     time.Duration
	returned chan net.Conn
	closed   chan struct{}

	mu     sync.Mutex
	places map[*place]struct{}
	taken  sync.WaitGroup
}

// NewParking makes a Parking. A connection whose poll was answered is closed if
// the client says nothing for as long as idle.
func NewParking(idle time.Duration) *Parking {
	return &Parking{idle: idle, returned: make(chan net.Conn), closed: make(chan struct{}), places: map[*place]struct{}{}}
}

// Accept implements net.Listener: it is the next connection with a request.
func (k *Parking) Accept() (net.Conn, error) {
	select {
	case conn := <-k.returned:
		return conn, nil
	case <-k.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Polls that wait are answered at once, and
// their connections closed; nothing is parked from then on. It waits for none.
func (k *Parking) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.isClosed() {
		return nil
	}
	close(k.closed)
	for p := range k.places {
		p.wake()
	}
	return nil
}

func (k *Parking) isClosed() bool {
	select {
	case <-k.closed:
		return true
	default:
		return false
	}
}

// Shutdown closes and waits until every poll has been answered and nothing is
// left of it, or ctx ends, whose error is then returned.
func (k *Parking) Shutdown(ctx context.Context) error {
	k.Close()
	left := make(chan struct{})
	go func() { k.taken.Wait(); close(left) }()
	select {
	case <-left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type parkingAddr struct{}

func (parkingAddr) Network() string { return "parking" }
func (parkingAddr) String() string  { return "parking" }

// Addr implements net.Listener. There is no address to connect to.
func (k *Parking) Addr() net.Addr { return parkingAddr{} }

// take gives p a place, unless it is closed.
func (k *Parking) take(p *place) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.isClosed() {
		return false
	}
	k.places[p] = struct{}{}
	k.taken.Add(1)
	return true
}

func (k *Parking) leave(p *place) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.places, p)
	k.taken.Done()
}

// keep stands by until the client says something again, and has it served.
func (k *Parking) keep(conn *parkedConn) {
	p := new(place)
	if !k.take(p) {
		conn.Close()
		return
	}
	go func() {
		defer k.leave(p)
		if !p.stay(conn, k.idle) || len(conn.ahead) == 0 || !k.giveBack(conn) {
			conn.Close()
		}
	}()
}

func (k *Parking) giveBack(conn *parkedConn) bool {
	if conn.SetDeadline(time.Time{}) != nil {
		return false
	}
	select {
	case k.returned <- conn:
		return true
	case <-k.closed:
		return false
	}
}

// place is where a connection stands until it is woken.
type place struct {
	mu    sync.Mutex
	conn  *parkedConn // nil before and after it stands here
	woken bool
}

// wake ends the stay, or what would have been one. It does not touch a
// connection that has left.
func (p *place) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken = true
	if p.conn != nil {
		p.conn.SetReadDeadline(time.Unix(1, 0)) // fails where the read has ended anyway
	}
}

// stay has conn stand here until it is woken, the time is over or the client
// says something; false if it has gone.
func (p *place) stay(conn *parkedConn, most time.Duration) bool {
	p.enter(conn, most)
	defer p.enter(nil, 0)
	return conn.listen()
}

func (p *place) enter(conn *parkedConn, most time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn = conn
	switch {
	case conn == nil:
	case p.woken:
		conn.SetReadDeadline(time.Unix(1, 0))
	default:
		conn.SetReadDeadline(time.Now().Add(most)) // where it fails, so does the read
	}
}

// parkedConn is a connection of which the beginning of the next request may have
// been read already.
type parkedConn struct {
	net.Conn
	ahead []byte
}

// listen waits for a byte until the deadline; false if the client has gone.
func (c *parkedConn) listen() bool {
	if len(c.ahead) > 0 {
		return true
	}
	c.ahead = make([]byte, 1)
	n, err := c.Conn.Read(c.ahead)
	c.ahead = c.ahead[:n]
	return n > 0 || errors.Is(err, os.ErrDeadlineExceeded)
}

// Read gives what was read ahead, and then goes on.
func (c *parkedConn) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.ahead)
	c.ahead = c.ahead[n:]
	return n, nil
}

// CloseWrite ends the sending side alone where that can be done, as net/http
// does before it closes on a client that is still sending.
func (c *parkedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// mayPark reports whether a poll can wait without its handler.
func (a *API) mayPark(w http.ResponseWriter, r *http.Request) bool {
	status, ok := w.(*statusWriter)
	if !ok || a.Parking == nil {
		return false
	}
	_, ok = status.ResponseWriter.(http.Hijacker)
	return ok && r.ProtoMajor == 1 && r.TLS == nil && r.Method == http.MethodGet && r.ContentLength == 0
}

// park has a poll wait aside, unless there is something to tell already. release
// is called when it no longer waits. A client that has gone is noticed; one that
// sends its next request early is answered at once, so that nothing of it need
// be kept.
func (a *API) park(w http.ResponseWriter, r *http.Request, id string, read *chat.Read, release func()) error {
	p := new(place)
	stop, news, err := a.Chat.Watch(r.Context(), id, read, p.wake)
	free := func() { stop(); release() }
	if err != nil {
		free()
		return err
	}
	if news || !a.Parking.take(p) {
		free()
		return a.answerWaited(w, r, id, read)
	}
	conn, err := takeConn(w)
	if err != nil {
		a.Parking.leave(p)
		free()
		return err
	}
	header, r := w.Header(), slim(r) // w itself would keep the server's buffers
	go func() {
		defer a.Parking.leave(p)
		here := p.stay(conn, read.Wait)
		free()
		if here && a.answerParked(conn, header, r, id, read) {
			a.Parking.keep(conn)
		} else {
			conn.Close()
		}
	}()
	return nil
}

// slim is r with what it takes to answer it and not more, for as long as that
// takes: its own context ends with the handler.
func slim(r *http.Request) *http.Request {
	r = r.WithContext(context.WithValue(context.Background(), requestKey{}, requestName(r)))
	r.Header = http.Header{"Authorization": r.Header["Authorization"]}
	return r
}

// takeConn takes the connection from the server, with what it has read ahead.
func takeConn(w http.ResponseWriter) (*parkedConn, error) {
	taken, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	conn, ok := taken.(*parkedConn) // was here before
	if !ok {
		conn = &parkedConn{Conn: taken}
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, err := buffered.Reader.Peek(n) // is there
		if err != nil {
			conn.Close()
			return nil, err
		}
		conn.ahead = append(bytes.Clone(early), conn.ahead...)
	}
	return conn, nil
}

// answerParked answers as the handler would have, and reports whether the
// connection can be used again.
func (a *API) answerParked(conn net.Conn, header http.Header, r *http.Request, id string, read *chat.Read) bool {
	w := &parkedAnswer{header: header}
	a.withRequestLog(a.answer(func(w http.ResponseWriter, r *http.Request) error {
		return a.answerWaited(w, r, id, read)
	})).ServeHTTP(w, r)
	last := r.Close || !r.ProtoAtLeast(1, 1) || a.Parking.isClosed()
	if conn.SetWriteDeadline(time.Now().Add(answerTime)) != nil {
		return false
	}
	return w.send(conn, r, last) == nil && !last
}

// parkedAnswer collects an answer for a connection that the server has let go.
type parkedAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *parkedAnswer) Header() http.Header         { return w.header }
func (w *parkedAnswer) WriteHeader(status int)      { w.status = status }
func (w *parkedAnswer) Write(p []byte) (int, error) { return w.body.Write(p) }

func (w *parkedAnswer) send(conn net.Conn, r *http.Request, last bool) error {
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	answer := http.Response{
		StatusCode: w.status, ProtoMajor: 1, ProtoMinor: r.ProtoMinor,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Close: last,
	}
	var encoded bytes.Buffer
	if err := answer.Write(&encoded); err != nil {
		return err
	}
	_, err := conn.Write(encoded.Bytes())
	return err
}
