package e2e

import (
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
)

// gate stands between the browser and the server as networks and proxies do: it
// can refuse WebSockets and cut those that are open, keep a file back, refuse it
// or give another one in its place.
type gate struct {
	url    string
	server *http.Server

	mu      sync.Mutex
	target  *url.URL
	refuse  bool
	down    bool
	sockets map[net.Conn]struct{}
	refused int
	held    map[string]chan struct{} // by the end of a path: closed to let it through
	denied  string                   // the end of a path that is refused
	limited string                   // what a path holds that is refused for a while, as by a limit
	noAPI   bool                     // files come through, calls and sockets do not
	before  string                   // JavaScript that is put before the frame's script
	swapped map[string][]byte        // by the end of a path
	files   []*delivery              // that came through
}

// delivery is a file on its way to the browser, as the wire carries it.
type delivery struct {
	http.ResponseWriter
	path   string
	status int
	bytes  int
}

func (d *delivery) Unwrap() http.ResponseWriter { return d.ResponseWriter }

func (d *delivery) WriteHeader(status int) {
	d.status = status
	d.ResponseWriter.WriteHeader(status)
}

func (d *delivery) Write(b []byte) (int, error) {
	n, err := d.ResponseWriter.Write(b)
	d.bytes += n
	return n, err
}

// delivered are the files that have come through since it was last asked.
func (g *gate) delivered() []*delivery {
	g.mu.Lock()
	defer g.mu.Unlock()
	files := g.files
	g.files = nil
	return files
}

func newGate(t testing.TB) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{sockets: map[net.Conn]struct{}{}, held: map[string]chan struct{}{}, swapped: map[string][]byte{}}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	g.url = "http://localhost:" + port
	g.server = &http.Server{Handler: g, ConnState: g.note}
	go g.server.Serve(icyListener{listener, g})
	t.Cleanup(func() { g.server.Close(); g.cut() })
	return g
}

func (g *gate) lead(target string) {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.target = u
}

// note remembers the connections that have become WebSockets.
func (g *gate) note(c net.Conn, state http.ConnState) {
	if state == http.StateHijacked {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.sockets[c] = struct{}{}
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	target, socket := g.target, strings.HasPrefix(r.URL.Path, "/app/")
	down := g.down
	api := strings.HasPrefix(r.URL.Path, "/api/") || socket
	refuse := g.refuse && socket || g.noAPI && api || g.denied != "" && strings.HasSuffix(r.URL.Path, g.denied)
	limited := g.limited != "" && strings.Contains(r.URL.Path, g.limited)
	var hold chan struct{}
	for end, c := range g.held {
		if strings.HasSuffix(r.URL.Path, end) {
			hold = c
		}
	}
	before := ""
	if strings.Contains(r.URL.Path, "/chatbot-frame.") && strings.HasSuffix(r.URL.Path, ".js") {
		before = g.before
	}
	for end, body := range g.swapped {
		if strings.HasSuffix(r.URL.Path, end) {
			g.mu.Unlock()
			w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(end)))
			w.Write(body)
			return
		}
	}
	if refuse {
		g.refused++
	}
	g.mu.Unlock()
	if refuse || down {
		if hijacker, ok := w.(http.Hijacker); ok {
			if c, _, err := hijacker.Hijack(); err == nil {
				c.Close()
			}
		}
		return
	}
	if limited {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"error":{"code":"rate_limited","message":"Too much at once. Please wait 2 seconds and try again."}}`)
		return
	}
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	proxy := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host
		if before != "" {
			p.Out.Header.Del("Accept-Encoding")
		}
	}, ModifyResponse: func(r *http.Response) error {
		if before != "" && r.StatusCode == http.StatusOK {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(strings.NewReader(before), r.Body), r.Body}
			r.ContentLength = -1
			r.Header.Del("Content-Length")
		}
		return nil
	}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }}
	if !api {
		d := &delivery{ResponseWriter: w, path: r.URL.Path, status: http.StatusOK}
		w = d
		defer func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.files = append(g.files, d)
		}()
	}
	proxy.ServeHTTP(w, r)
}

// block refuses new WebSockets and cuts the open ones; with false they pass.
func (g *gate) block(on bool) {
	g.mu.Lock()
	g.refuse = on
	g.mu.Unlock()
	if on {
		g.cut()
	}
}

// hold keeps back what is asked for by a path with this end, until release.
func (g *gate) hold(end string) (release func()) {
	held := make(chan struct{})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held[end] = held
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.held, end)
		close(held)
	})
}

// deny refuses what is asked for by a path with this end; an empty one nothing.
func (g *gate) deny(end string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.denied = end
}

// limit refuses what is asked for by a path that holds a part, as the server does
// when it is too much; an empty one refuses nothing.
func (g *gate) limit(part string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limited = part
}

// swap gives other content for a path with this end.
func (g *gate) swap(end string, body []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.swapped[end] = body
}

// closeAPI lets files through, but neither calls nor sockets.
func (g *gate) closeAPI(on bool) {
	g.mu.Lock()
	g.noAPI = on
	g.mu.Unlock()
	if on {
		g.cut()
	}
}

// runBefore puts JavaScript before the frame's script.
func (g *gate) runBefore(js string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.before = js
}

// freeze makes everything vanish that the open sockets carry, as on a network
// that has gone without a word. New connections are not affected.
func (g *gate) freeze() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.sockets {
		if icy, ok := c.(*icyConn); ok {
			icy.once.Do(func() { close(icy.frozen) })
		}
	}
	g.sockets = map[net.Conn]struct{}{}
}

// icyListener makes connections that can freeze.
type icyListener struct {
	net.Listener
	gate *gate
}

func (l icyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &icyConn{Conn: c, frozen: make(chan struct{}), gone: make(chan struct{})}, nil
}

type icyConn struct {
	net.Conn
	once, end    sync.Once
	frozen, gone chan struct{}
}

func (c *icyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	select {
	case <-c.frozen:
		<-c.gone
		return 0, net.ErrClosed
	default:
		return n, err
	}
}

func (c *icyConn) Write(b []byte) (int, error) {
	select {
	case <-c.frozen:
		return len(b), nil
	default:
		return c.Conn.Write(b)
	}
}

func (c *icyConn) Close() error {
	c.end.Do(func() { close(c.gone) })
	return c.Conn.Close()
}

// shut makes the whole server unreachable.
func (g *gate) shut(on bool) {
	g.mu.Lock()
	g.down = on
	g.mu.Unlock()
	if on {
		g.cut()
	}
}

func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.sockets {
		c.Close()
		delete(g.sockets, c)
	}
}

// open is how many WebSockets there are.
func (g *gate) open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sockets)
}

// attempts is how many WebSockets were refused.
func (g *gate) attempts() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}
