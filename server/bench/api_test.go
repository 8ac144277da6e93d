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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatbot/server/app"
	"chatbot/server/config"
	"chatbot/widget/wire"
)

// BenchmarkDurableMessages sends messages through the HTTP API from 64 writers,
// each in a conversation of its own. A message counts when the server has said
// that it is stored, which is after the flush to the disk. The bot answers each
// one meanwhile; its answers are not counted.
func BenchmarkDurableMessages(b *testing.B) {
	const writers = 64
	s := start(b)
	sessions := make([]wire.Session, writers)
	for i := range sessions {
		s.call(b, "POST", wire.PathConversations, "", struct{}{}, &sessions[i])
	}
	var next atomic.Int64
	took := make([][]time.Duration, writers)
	b.ResetTimer()
	began := time.Now()
	var group sync.WaitGroup
	for i, session := range sessions {
		group.Go(func() {
			path := strings.Replace(wire.PathMessages, "{id}", session.Conversation.ID, 1)
			for next.Add(1) <= int64(b.N) {
				sent := time.Now()
				id := fmt.Sprintf("m%d", len(took[i]))
				s.call(b, "POST", path, session.Token, wire.SendRequest{ClientID: id, Body: "Hello"}, nil)
				took[i] = append(took[i], time.Since(sent))
			}
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	b.StopTimer()
	var all []time.Duration
	for _, t := range took {
		all = append(all, t...)
	}
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "messages/s")
	b.ReportMetric(quantile(all, .5), "p50-ms")
	b.ReportMetric(quantile(all, .99), "p99-ms")
}

type server struct {
	url    string
	client *http.Client
}

func start(b *testing.B) *server {
	b.Helper()
	c := config.DefaultServe()
	c.Addr, c.DataDir = "localhost:0", b.TempDir()
	c.RateConversations, c.RateMessages = 1_000_000, 1_000_000
	a, err := app.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return &server{url: a.URL(), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}}
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
