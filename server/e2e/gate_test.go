package e2e

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// gate stands between the browser and the server as networks and proxies do: it
// can refuse WebSockets, and cut those that are open.
type gate struct {
	url    string
	server *http.Server

	mu      sync.Mutex
	target  *url.URL
	refuse  bool
	down    bool
	sockets map[net.Conn]struct{}
	refused int
}

func newGate(t testing.TB) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{sockets: map[net.Conn]struct{}{}}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	g.url = "http://localhost:" + port
	g.server = &http.Server{Handler: g, ConnState: g.note}
	go g.server.Serve(listener)
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
	refuse := g.refuse && socket
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
	proxy := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host
	}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }}
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

// attempts is how many WebSockets were refused.
func (g *gate) attempts() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}
