// Command realtime loads a server of the Pusher protocol that runs already, this
// product's or another, and prints what a connection and a delivery cost it:
//
//	go run ./server/bench/realtime -server localhost:8000 -app ID -key KEY -secret SECRET -pid PID
//
// Wall time depends on what else the machine does; compare servers by the CPU
// time that they used, in runs side by side.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"chatbot/server/pusher/signature"
)

type bench struct {
	server, app, key, secret string
	pid                      int

	connections []*connection
	received    atomic.Int64
	mu          sync.Mutex
	latencies   []time.Duration
}

func main() {
	var b bench
	flag.StringVar(&b.server, "server", "localhost:8000", "host and port")
	flag.StringVar(&b.app, "app", "", "the application's id")
	flag.StringVar(&b.key, "key", "", "its key")
	flag.StringVar(&b.secret, "secret", "", "its secret")
	flag.IntVar(&b.pid, "pid", 0, "the server's process")
	idle := flag.Int("idle", 5000, "idle connections, each on a channel of its own")
	subscribers := flag.Int("subscribers", 1000, "subscribers of one channel")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx, *idle, *subscribers); err != nil {
		fmt.Fprintln(os.Stderr, "realtime:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, idle, subscribers int) error {
	if err := b.measureIdle(ctx, idle); err != nil {
		return err
	}
	b.hangUp()
	if err := b.connect(ctx, subscribers, func(int) string { return "news" }); err != nil {
		return err
	}
	defer b.hangUp()
	if err := b.measurePaced(ctx, 10*time.Second); err != nil {
		return err
	}
	for range 3 {
		if err := b.measureBurst(ctx, 150, 4); err != nil {
			return err
		}
	}
	return nil
}

// measureIdle tells what connections cost, opened and left alone.
func (b *bench) measureIdle(ctx context.Context, n int) error {
	before, err := b.usage()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.connect(ctx, n, func(i int) string { return fmt.Sprintf("own-%d", i) }); err != nil {
		return err
	}
	took := time.Since(began)
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	after, err := b.usage()
	if err != nil {
		return err
	}
	fmt.Printf("connect      %8.0f connections/s  %6.1f µs CPU each\n", float64(n)/took.Seconds(), micros(after.cpu-before.cpu, n))
	fmt.Printf("idle         %8.1f KB each at %d (%.0f MB before)\n", float64(after.resident-before.resident)/1024/float64(n), n, float64(before.resident)/1e6)
	return nil
}

// measurePaced tells how long events take at 10 a second.
func (b *bench) measurePaced(ctx context.Context, length time.Duration) error {
	b.mu.Lock()
	b.latencies = nil
	b.mu.Unlock()
	before, err := b.usage()
	if err != nil {
		return err
	}
	events := int(length / (100 * time.Millisecond))
	start, tick := b.received.Load(), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for range events {
		<-tick.C
		if err := b.trigger(ctx); err != nil {
			return err
		}
	}
	deliveries := events * len(b.connections)
	if err := b.await(ctx, start+int64(deliveries)); err != nil {
		return err
	}
	after, err := b.usage()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.latencies)
	at := func(q float64) float64 {
		return float64(b.latencies[int(q*float64(len(b.latencies)-1))].Microseconds()) / 1000
	}
	fmt.Printf("paced        p50 %.1f ms  p99 %.1f ms  %.2f µs CPU a delivery\n", at(0.5), at(0.99), micros(after.cpu-before.cpu, deliveries))
	return nil
}

// measureBurst tells what deliveries cost when there are as many as possible.
func (b *bench) measureBurst(ctx context.Context, events, inFlight int) error {
	before, err := b.usage()
	if err != nil {
		return err
	}
	start, began := b.received.Load(), time.Now()
	var wait sync.WaitGroup
	failed := make(chan error, inFlight)
	var next atomic.Int64
	for range inFlight {
		wait.Go(func() {
			for next.Add(1) <= int64(events) {
				if err := b.trigger(ctx); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wait.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	deliveries := events * len(b.connections)
	if err := b.await(ctx, start+int64(deliveries)); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := b.usage()
	if err != nil {
		return err
	}
	fmt.Printf("burst        %8.0f deliveries/s  %.2f µs CPU a delivery\n", float64(deliveries)/took.Seconds(), micros(after.cpu-before.cpu, deliveries))
	return nil
}

// await waits for deliveries.
func (b *bench) await(ctx context.Context, total int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for b.received.Load() < total {
		if err := pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("%d deliveries are missing: %w", total-b.received.Load(), err)
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func micros(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / 1000 / float64(n) }

// trigger publishes an event of some 200 bytes that carries the time.
func (b *bench) trigger(ctx context.Context) error {
	const path = "/events"
	data := fmt.Sprintf(`{\"at\":%d,\"text\":\"%s\"}`, time.Now().UnixNano(), strings.Repeat("x", 150))
	body := []byte(`{"name":"news","channels":["news"],"data":"` + data + `"}`)
	full := "/apps/" + b.app + path
	query := signature.SignRequest(b.key, b.secret, http.MethodPost, full, url.Values{}, body, time.Now())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+b.server+full+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || bytes.Contains(text, []byte("error"))) {
		err = fmt.Errorf("the trigger was answered %d %s", answer.StatusCode, text)
	}
	return err
}

// connection is a client that counts what it gets.
type connection struct {
	socket io.ReadWriteCloser
	reader *bufio.Reader
}

// connect opens n connections and waits until each is subscribed.
func (b *bench) connect(ctx context.Context, n int, channel func(int) string) error {
	jobs, failed := make(chan int), make(chan error, 8)
	var dialers sync.WaitGroup
	for range cap(failed) {
		dialers.Go(func() {
			for i := range jobs {
				if err := b.dial(ctx, channel(i)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for i := 0; i < n && err == nil; i++ {
		select {
		case jobs <- i:
		case err = <-failed:
		}
	}
	close(jobs)
	dialers.Wait()
	select {
	case err = <-failed:
	default:
	}
	return err
}

func (b *bench) dial(ctx context.Context, channel string) error {
	dialer := ws.Dialer{ReadBufferSize: 512, WriteBufferSize: 512, Timeout: 10 * time.Second}
	socket, early, _, err := dialer.Dial(ctx, "ws://"+b.server+"/app/"+b.key+"?protocol=7&client=bench&version=1")
	if err != nil {
		return err
	}
	c := &connection{socket: socket, reader: bufio.NewReaderSize(socket, 2048)}
	if early != nil {
		c.reader = bufio.NewReaderSize(io.MultiReader(early, socket), 2048)
	}
	if _, err := c.expect("connection_established"); err != nil {
		return err
	}
	subscribe := ws.MaskFrameInPlace(ws.NewTextFrame([]byte(`{"event":"pusher:subscribe","data":{"channel":"` + channel + `"}}`)))
	if err := ws.WriteFrame(socket, subscribe); err != nil {
		return err
	}
	if _, err := c.expect("subscription_succeeded"); err != nil {
		return err
	}
	b.mu.Lock()
	b.connections = append(b.connections, c)
	b.mu.Unlock()
	go b.count(c)
	return nil
}

func (c *connection) expect(event string) ([]byte, error) {
	f, err := ws.ReadFrame(c.reader)
	if err == nil && !bytes.Contains(f.Payload, []byte(event)) {
		err = fmt.Errorf("got %s, not %s", f.Payload, event)
	}
	return f.Payload, err
}

// count reads until the end. One delivery in ten is timed, for the generator
// shares the processors with the server.
func (b *bench) count(c *connection) {
	for n := 0; ; n++ {
		f, err := ws.ReadFrame(c.reader)
		if err != nil {
			return
		}
		if f.Header.OpCode == ws.OpPing {
			ws.WriteFrame(c.socket, ws.MaskFrameInPlace(ws.NewPongFrame(f.Payload)))
		}
		_, rest, ok := bytes.Cut(f.Payload, []byte(`{\"at\":`))
		if !ok {
			continue
		}
		b.received.Add(1)
		if digits, _, ok := bytes.Cut(rest, []byte(",")); ok && n%10 == 0 {
			if at, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
				b.mu.Lock()
				b.latencies = append(b.latencies, time.Since(time.Unix(0, at)))
				b.mu.Unlock()
			}
		}
	}
}

func (b *bench) hangUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.connections {
		c.socket.Close()
	}
	b.connections = nil
}

// usage is what the server's process has used.
type usage struct {
	cpu      time.Duration
	resident int64
}

// usage reads /proc; clock ticks are hundredths of a second on Linux.
func (b *bench) usage() (u usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.pid))
	if err != nil {
		return u, fmt.Errorf("name the server's process with -pid: %w", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name, which may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return u, errors.New("/proc is not as expected")
	}
	number := func(i int) int64 {
		n, wrong := strconv.ParseInt(fields[i], 10, 64)
		err = errors.Join(err, wrong)
		return n
	}
	u.cpu = time.Duration(number(11)+number(12)) * 10 * time.Millisecond
	u.resident = number(21) * int64(os.Getpagesize())
	return u, err
}
