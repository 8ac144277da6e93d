// Package bench holds the benchmarks that go through the whole server.
package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatbot/server/app"
	"chatbot/server/config"
)

// write has writers do b.N things together, and measures each.
func write(b *testing.B, writers int, do func(writer, k int)) (all []time.Duration, elapsed time.Duration) {
	var next atomic.Int64
	took := make([][]time.Duration, writers)
	b.StartTimer()
	began := time.Now()
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			for next.Add(1) <= int64(b.N) {
				sent := time.Now()
				do(i, len(took[i]))
				took[i] = append(took[i], time.Since(sent))
			}
		})
	}
	group.Wait()
	elapsed = time.Since(began)
	b.StopTimer()
	return slices.Concat(took...), elapsed
}

const serverKey = "the-key-of-the-benchmark"

type server struct {
	url     string
	dir     string
	metrics string // host and port
	key     string // of the realtime application
	client  *http.Client
}

// start runs a server until the benchmark ends.
func start(b *testing.B) *server {
	b.Helper()
	s, stop := startAt(b, "localhost:0", b.TempDir())
	b.Cleanup(stop)
	return s
}

// startAt runs a server until stop is called.
func startAt(b *testing.B, addr, dir string) (s *server, stop func()) {
	b.Helper()
	b.Setenv("REVERB_APP_ID", "7")
	b.Setenv("REVERB_APP_KEY", "bench")
	b.Setenv("REVERB_APP_SECRET", "the-secret-of-the-benchmark")
	b.Setenv("CHATBOT_SERVER_KEY", serverKey)
	c := config.DefaultServe()
	c.Addr, c.DataDir, c.MetricsAddr = addr, dir, "localhost:0"
	c.RateConversations, c.RateMessages = 1_000_000, 1_000_000
	c.TrustedProxies = []string{"127.0.0.1", "::1"} // clients may name addresses of their own
	a, err := app.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}
	return &server{url: a.URL(), dir: dir, metrics: a.MetricsAddr(), key: "bench", client: client}, func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
}

func (s *server) call(b *testing.B, method, path, token string, body, answer any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		b.Error(err)
		return
	}
	r, err := http.NewRequest(method, s.url+path, bytes.NewReader(encoded))
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := s.client.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s %s: %s %s", method, path, res.Status, content)
	}
	if err == nil && answer != nil {
		err = json.Unmarshal(content, answer)
	}
	if err != nil {
		b.Error(err)
	}
}
