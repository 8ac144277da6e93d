package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatbot/widget/wire"
)

// waiters is how many polls wait at once.
const waiters = 5000

// BenchmarkWaitingPolls holds 5,000 polls open, each in a conversation of its
// own, and reports what one of them costs in memory beside a WebSocket that is
// subscribed to nothing, and how long after a change it is answered. The clients
// are bare connections, which are counted in both.
func BenchmarkWaitingPolls(b *testing.B) {
	s := start(b)
	sessions := make([]wire.Session, waiters)
	for i := range sessions {
		s.call(b, "POST", wire.PathConversations, "", struct{}{}, &sessions[i])
	}
	s.client.CloseIdleConnections()
	for b.Loop() {
		before, goroutines := memory(), runtime.NumGoroutine()
		sockets := connect(b, s)
		for i, c := range sockets {
			upgrade(b, s, c, i)
		}
		perSocket := float64(memory()-before) / waiters
		closeAll(sockets)
		until(b, func() bool { return runtime.NumGoroutine() <= goroutines+10 })

		before = memory()
		polls := connect(b, s)
		for i, c := range polls {
			ask(b, s, c, sessions[i], i)
		}
		until(b, func() bool { return pollsWaiting(b, s) == waiters })
		perPoll := float64(memory()-before) / waiters
		b.ReportMetric(perPoll, "bytes/poll")
		b.ReportMetric(perSocket, "bytes/socket")
		b.ReportMetric(perPoll/perSocket, "polls/socket")
		b.ReportMetric(quantile(wake(b, s, polls, sessions), .99), "p99-wake-ms")
		closeAll(polls)
	}
}

func closeAll(connections []net.Conn) {
	for _, c := range connections {
		c.Close()
	}
}

// upgrade makes a WebSocket of a connection and waits for the greeting.
func upgrade(b *testing.B, s *server, c net.Conn, i int) {
	b.Helper()
	_, err := fmt.Fprintf(c, "GET /app/%s?protocol=7 HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: 10.0.%d.%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		s.key, strings.TrimPrefix(s.url, "http://"), i/250, i%250)
	if err != nil {
		b.Fatal(err)
	}
	buffer, got := make([]byte, 1024), ""
	for !strings.Contains(got, "connection_established") {
		n, err := c.Read(buffer)
		if err != nil {
			b.Fatalf("%q: %v", got, err)
		}
		got += string(buffer[:n])
	}
}

// connect opens the connections.
func connect(b *testing.B, s *server) []net.Conn {
	b.Helper()
	connections := make([]net.Conn, waiters)
	for i := range connections {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			b.Fatal(err)
		}
		connections[i] = c
	}
	return connections
}

// ask begins a poll that waits, as a client with an address of its own.
func ask(b *testing.B, s *server, c net.Conn, session wire.Session, i int) {
	b.Helper()
	_, err := fmt.Fprintf(c, "GET %s?wait=25&since=%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-Forwarded-For: 10.0.%d.%d\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n",
		strings.Replace(wire.PathMessages, "{id}", session.Conversation.ID, 1), session.Cursor, strings.TrimPrefix(s.url, "http://"), session.Token, i/250, i%250)
	if err != nil {
		b.Fatal(err)
	}
}

// pollsWaiting is how many polls the server holds open.
func pollsWaiting(b *testing.B, s *server) int {
	b.Helper()
	answer, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if n, ok := strings.CutPrefix(lines.Text(), "chatbot_polls_waiting "); ok {
			count, err := strconv.Atoi(n)
			if err != nil {
				b.Fatal(err)
			}
			return count
		}
	}
	b.Fatalf("the metrics tell nothing of polls (%v)", lines.Err())
	return 0
}

// wake says something in some of the conversations and measures until the poll
// is answered with it.
func wake(b *testing.B, s *server, connections []net.Conn, sessions []wire.Session) []time.Duration {
	b.Helper()
	var took []time.Duration
	for i := 0; i < waiters; i += waiters / 100 {
		began := make(chan time.Time, 1)
		go func() {
			s.call(b, "POST", strings.Replace(wire.PathMessages, "{id}", sessions[i].Conversation.ID, 1), sessions[i].Token, wire.SendRequest{ClientID: "k", Body: "Hello"}, nil)
			began <- time.Now() // stored, and told so
		}()
		answer, err := http.ReadResponse(bufio.NewReader(connections[i]), nil)
		if err != nil {
			b.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"body":"Hello"`) {
			b.Fatalf("%s %s %v", answer.Status, body, err)
		}
		answered := time.Now()
		took = append(took, max(0, answered.Sub(<-began)))
	}
	return took
}

// memory is what the process uses for its heap and its stacks.
func memory() int64 {
	for range 4 { // stacks shrink by half each time
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// until waits for holds, for a minute at most.
func until(b *testing.B, holds func() bool) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.Fatal("waited in vain")
		}
	}
}
