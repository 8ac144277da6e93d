package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"chatbot/server/pusher/signature"
)

// A burst is so many events, of which so many are on their way at a time.
const (
	burstEvents   = 150
	burstInFlight = 4
)

// target is a server and its application.
type target struct {
	address, app, key, secret string
	pid                       int
}

// load is the generator.
type load struct {
	target
	plan
	connections []*connection
	received    atomic.Int64
	mu          sync.Mutex
	latencies   []time.Duration
}

// measure puts a server through all of the plan.
func measure(ctx context.Context, t target, p plan) (r result, err error) {
	if err := measureIdle(ctx, t, p, &r); err != nil {
		return r, err
	}
	return r, measureFanOut(ctx, t, p, &r)
}

// measureIdle tells what connections cost, opened and left alone. Half of them
// come first.
func measureIdle(ctx context.Context, t target, p plan, r *result) error {
	l := &load{target: t, plan: p}
	defer l.hangUp(ctx)
	before, err := l.usage()
	if err != nil {
		return err
	}
	half, err := l.fill(ctx, p.idle/2, before)
	if err != nil {
		return err
	}
	full, err := l.fill(ctx, p.idle, before)
	if err != nil {
		return err
	}
	r[connects] = float64(p.idle) / (half.took + full.took).Seconds()
	r[connectCPU] = micros(half.cpu+full.cpu, p.idle)
	r[idleHalf], r[idleFull] = half.each, full.each
	r[resident] = full.resident
	return nil
}

// filling is what it took to come to a number of connections.
type filling struct {
	took, cpu time.Duration
	each      float64 // KB of memory since there were none
	resident  float64 // MB in all
}

// fill opens connections until there are n.
func (l *load) fill(ctx context.Context, n int, empty usage) (f filling, err error) {
	start, err := l.usage()
	if err != nil {
		return f, err
	}
	began := time.Now()
	if err := l.connect(ctx, n-len(l.connections), func(i int) string { return fmt.Sprintf("own-%d-%d", n, i) }); err != nil {
		return f, err
	}
	f.took = time.Since(began)
	if err := pause(ctx, l.settle); err != nil {
		return f, err
	}
	end, err := l.usage()
	if err != nil {
		return f, err
	}
	f.cpu = end.cpu - start.cpu
	f.each = float64(end.resident-empty.resident) / 1024 / float64(n)
	f.resident = float64(end.resident) / 1e6
	return f, nil
}

// measureFanOut tells what events cost that go to many.
func measureFanOut(ctx context.Context, t target, p plan, r *result) error {
	l := &load{target: t, plan: p}
	defer l.hangUp(ctx)
	if err := l.connect(ctx, p.subscribers, func(int) string { return "news" }); err != nil {
		return err
	}
	if err := l.measurePaced(ctx, r); err != nil {
		return err
	}
	return l.measureBursts(ctx, r)
}

// measurePaced tells how long events take at 10 a second.
func (l *load) measurePaced(ctx context.Context, r *result) error {
	const interval = 100 * time.Millisecond
	events := int(l.paced / interval)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	used, err := l.deliver(ctx, events, func() error {
		for range events {
			<-tick.C
			if err := l.trigger(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.latencies)
	at := func(q float64) float64 {
		return float64(l.latencies[int(q*float64(len(l.latencies)-1))].Microseconds()) / 1000
	}
	r[p50], r[p99], r[pacedCPU] = at(0.5), at(0.99), micros(used.cpu, used.deliveries)
	return nil
}

// measureBursts tells what deliveries cost when there are as many as possible.
func (l *load) measureBursts(ctx context.Context, r *result) error {
	var all delivered
	for range l.bursts {
		used, err := l.deliver(ctx, burstEvents, func() error { return l.burst(ctx) })
		if err != nil {
			return err
		}
		all.deliveries += used.deliveries
		all.cpu += used.cpu
		all.took += used.took
	}
	r[burst], r[burstCPU] = float64(all.deliveries)/all.took.Seconds(), micros(all.cpu, all.deliveries)
	return nil
}

func (l *load) burst(ctx context.Context) error {
	var wait sync.WaitGroup
	failed := make(chan error, burstInFlight)
	var next atomic.Int64
	for range burstInFlight {
		wait.Go(func() {
			for next.Add(1) <= burstEvents {
				if err := l.trigger(ctx); err != nil {
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
		return nil
	}
}

// delivered is what it took to bring events to everybody.
type delivered struct {
	deliveries int
	cpu, took  time.Duration
}

// deliver waits until the events that send publishes have all arrived.
func (l *load) deliver(ctx context.Context, events int, send func() error) (d delivered, err error) {
	before, err := l.usage()
	if err != nil {
		return d, err
	}
	start, began := l.received.Load(), time.Now()
	if err := send(); err != nil {
		return d, err
	}
	d.deliveries = events * len(l.connections)
	if err := l.await(ctx, start+int64(d.deliveries)); err != nil {
		return d, err
	}
	d.took = time.Since(began)
	after, err := l.usage()
	d.cpu = after.cpu - before.cpu
	return d, err
}

// await waits for deliveries.
func (l *load) await(ctx context.Context, total int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for l.received.Load() < total {
		if err := pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("%d deliveries are missing: %w", total-l.received.Load(), err)
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
func (l *load) trigger(ctx context.Context) error {
	path := "/apps/" + l.app + "/events"
	data := fmt.Sprintf(`{\"at\":%d,\"text\":\"%s\"}`, time.Now().UnixNano(), strings.Repeat("x", 150))
	body := []byte(`{"name":"news","channels":["news"],"data":"` + data + `"}`)
	query := signature.SignRequest(l.key, l.secret, http.MethodPost, path, url.Values{}, body, time.Now())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.address+path+"?"+query.Encode(), bytes.NewReader(body))
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

// connect opens n more connections and waits until each is subscribed.
func (l *load) connect(ctx context.Context, n int, channel func(int) string) error {
	jobs, failed := make(chan int), make(chan error, 8)
	var dialers sync.WaitGroup
	for range cap(failed) {
		dialers.Go(func() {
			for i := range jobs {
				if err := l.dial(ctx, channel(i)); err != nil {
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
	if err != nil {
		return err
	}
	select {
	case err = <-failed:
	default:
	}
	return err
}

func (l *load) dial(ctx context.Context, channel string) error {
	dialer := ws.Dialer{ReadBufferSize: 512, WriteBufferSize: 512, Timeout: 10 * time.Second}
	socket, early, _, err := dialer.Dial(ctx, "ws://"+l.address+"/app/"+l.key+"?protocol=7&client=bench&version=1")
	if err != nil {
		return err
	}
	c := &connection{socket: socket, reader: bufio.NewReaderSize(socket, 2048)}
	if early != nil {
		c.reader = bufio.NewReaderSize(io.MultiReader(early, socket), 2048)
	}
	l.mu.Lock()
	sample := len(l.connections)
	l.connections = append(l.connections, c)
	l.mu.Unlock()
	if err := c.expect("connection_established"); err != nil {
		return err
	}
	subscribe := ws.MaskFrameInPlace(ws.NewTextFrame([]byte(`{"event":"pusher:subscribe","data":{"channel":"` + channel + `"}}`)))
	if err := ws.WriteFrame(socket, subscribe); err != nil {
		return err
	}
	if err := c.expect("subscription_succeeded"); err != nil {
		return err
	}
	go l.count(c, sample)
	return nil
}

func (c *connection) expect(event string) error {
	f, err := ws.ReadFrame(c.reader)
	if err == nil && !bytes.Contains(f.Payload, []byte(event)) {
		err = fmt.Errorf("got %s, not %s", f.Payload, event)
	}
	return err
}

// count reads until the end. One delivery in ten is timed, for the generator
// shares the processors with the server; of each event another tenth.
func (l *load) count(c *connection, sample int) {
	for n := sample; ; n++ {
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
		if digits, _, ok := bytes.Cut(rest, []byte(",")); ok && n%10 == 0 {
			if at, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
				l.mu.Lock()
				l.latencies = append(l.latencies, time.Since(time.Unix(0, at)))
				l.mu.Unlock()
			}
		}
		l.received.Add(1)
	}
}

// hangUp ends all connections and gives the server time to notice.
func (l *load) hangUp(ctx context.Context) {
	for _, c := range l.connections {
		c.socket.Close()
	}
	l.connections = nil
	pause(ctx, l.settle)
}

// usage is what the server's process has used.
type usage struct {
	cpu      time.Duration
	resident int64
}

// usage reads /proc; clock ticks are hundredths of a second on Linux.
func (t target) usage() (u usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.pid))
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
