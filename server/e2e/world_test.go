// Package e2e tests the whole product as people use it: the real server, a
// page of another origin with one script tag, and a real Chromium.
package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"chatbot/server/app"
	"chatbot/server/config"
)

// world is a running server and a site on another origin that carries the
// widget.
type world struct {
	t      testing.TB
	config config.Serve
	app    *app.App
	stop   func()
	logs   *logBuffer
	gate   *gate

	site *httptest.Server
	mu   sync.Mutex
	page string            // the site's page
	csp  string            // its Content-Security-Policy, if any
	more map[string]string // further paths of the site
}

// newWorld starts a server on localhost and a site on 127.0.0.1: two origins,
// and for the browser two sites.
func newWorld(t testing.TB, change ...func(*config.Serve)) *world {
	t.Helper()
	w := &world{t: t, logs: &logBuffer{}, more: map[string]string{}}
	w.config = config.DefaultServe()
	w.config.Addr = "localhost:0"
	w.config.DataDir = t.TempDir()
	w.gate = newGate(t)
	w.config.PublicURL = w.gate.url
	for _, c := range change {
		c(&w.config)
	}
	w.start()
	t.Cleanup(func() { w.stop() })
	w.site = httptest.NewServer(http.HandlerFunc(w.serveSite))
	t.Cleanup(w.site.Close)
	w.setPage(w.tag(""))
	return w
}

// start runs the server; after a stop it comes back at the same address.
func (w *world) start() {
	w.t.Helper()
	a, err := app.New(w.config, slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		w.t.Fatal(err)
	}
	w.app = a
	w.config.Addr = a.Addr()
	w.gate.lead("http://" + a.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the server ended with %v", err)
		}
	})
}

// url is an address on the server, as browsers reach it: through the gate.
func (w *world) url(path string) string { return w.gate.url + path }

// tag is the script tag with further attributes.
func (w *world) tag(attributes string) string {
	return fmt.Sprintf(`<script async src="%s" %s></script>`, w.url("/chatbot-widget.js"), attributes)
}

// setPage gives the site's page a body.
func (w *world) setPage(body string) {
	w.setDocument("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>A site</title><link rel=\"icon\" href=\"data:,\"></head><body><h1>A site</h1><p>Some text.</p><a id=\"before\" href=\"#x\">A link</a>" + body + "</body></html>")
}

func (w *world) setDocument(html string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.page = html
}

func (w *world) setCSP(csp string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.csp = csp
}

func (w *world) serveSite(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if script, ok := w.more[r.URL.Path]; ok {
		rw.Header().Set("Content-Type", "text/javascript")
		io.WriteString(rw, script)
		return
	}
	if r.URL.Path != "/" {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	if w.csp != "" {
		rw.Header().Set("Content-Security-Policy", w.csp)
	}
	io.WriteString(rw, w.page)
}

// logBuffer keeps what the server logs.
type logBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func withOrigins(origins ...string) func(*config.Serve) {
	return func(c *config.Serve) { c.AllowedOrigins = origins }
}
