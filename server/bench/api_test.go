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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatbot/server/app"
	"chatbot/server/config"
	"chatbot/widget/wire"
)

// BenchmarkDurableMessages sends messages through the HTTP API from so many
// writers, each in a conversation of its own. A message counts when the server
// has said that it is stored, which is after the flush to the disk. The bot
// answers each one meanwhile; its answers are not counted. In the same run, raw
// SQLite takes as many rows by group commit from as many writers: the limit of
// this machine.
func BenchmarkDurableMessages(b *testing.B) {
	for _, writers := range []int{64, 512} {
		b.Run(fmt.Sprintf("%d-writers", writers), func(b *testing.B) {
			b.StopTimer()
			limit := rawMessages(b, writers)
			s := start(b)
			sessions := make([]wire.Session, writers)
			for i := range sessions {
				s.call(b, "POST", wire.PathConversations, "", struct{}{}, &sessions[i])
			}
			took, elapsed := write(b, writers, func(i, k int) {
				session := sessions[i]
				path := strings.Replace(wire.PathMessages, "{id}", session.Conversation.ID, 1)
				s.call(b, "POST", path, session.Token, wire.SendRequest{ClientID: fmt.Sprint("m", k), Body: text}, nil)
			})
			rate := float64(b.N) / elapsed.Seconds()
			b.ReportMetric(0, "ns/op") // one that overlaps others
			b.ReportMetric(rate, "messages/s")
			b.ReportMetric(limit, "raw/s")
			b.ReportMetric(rate/limit, "ratio")
			b.ReportMetric(quantile(took, .5), "p50-ms")
			b.ReportMetric(quantile(took, .99), "p99-ms")
		})
	}
}

// text is what is said: of the length of a common message.
const text = "Where can I see what has become of my order, and when will it be here?"

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

type server struct {
	url     string
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
	return &server{url: a.URL(), metrics: a.MetricsAddr(), key: "bench", client: client}, func() {
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
