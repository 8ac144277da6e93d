package publish_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	pusherhttp "github.com/pusher/pusher-http-go/v5"
	"go.uber.org/goleak"

	"chatbot/server/publish"
	"chatbot/server/pusher"
	"chatbot/server/pusher/signature"
	"chatbot/widget/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	appID  = "7"
	key    = "the-key"
	secret = "canary-secret"
)

// call is one that the fake provider got.
type call struct {
	path   string
	events []event
}

type event struct {
	Name, Channel, Data string
	SocketID            string `json:"socket_id"`
}

// provider is the HTTP API of a Pusher-protocol server as far as it concerns a
// publisher. It answers as it is told to.
type provider struct {
	t *testing.T

	mu     sync.Mutex
	answer func(call) int // a status, or stall
	calls  []call         // those that were answered with 200
	tries  int
}

// stall makes the provider say nothing until the client has gone.
const stall = 0

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if err := signature.VerifyRequest(key, secret, r.Method, r.URL.Path, r.URL.Query(), body, time.Now()); err != nil {
		p.t.Errorf("%s: %v", r.URL.Path, err)
	}
	var one event
	var many struct{ Batch []event }
	c := call{path: r.URL.Path}
	if strings.HasSuffix(c.path, "/batch_events") {
		err = json.Unmarshal(body, &many)
		c.events = many.Batch
	} else {
		err = json.Unmarshal(body, &one)
		c.events = []event{one}
	}
	if err != nil {
		p.t.Errorf("%v in %s", err, body)
	}
	p.mu.Lock()
	status := http.StatusOK
	p.tries++
	if p.answer != nil {
		status = p.answer(c)
	}
	if status == http.StatusOK {
		p.calls = append(p.calls, c)
	}
	p.mu.Unlock()
	if status == stall {
		<-r.Context().Done()
		return
	}
	w.WriteHeader(status)
	fmt.Fprint(w, "{}")
}

// answers changes how the provider behaves from now on.
func (p *provider) answers(f func(call) int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

func always(status int) func(call) int { return func(call) int { return status } }

// taken are the data of the events that were taken, and how many each call had.
func (p *provider) taken() (data []string, sizes []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.calls {
		sizes = append(sizes, len(c.events))
		for _, e := range c.events {
			data = append(data, e.Data)
		}
	}
	return data, sizes
}

func (p *provider) tried() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tries
}

// pipes is a network without sockets, so that time can be simulated. Down, it
// refuses connections.
type pipes struct {
	accept chan net.Conn
	done   chan struct{}
	end    func()
	mu     sync.Mutex
	down   bool
}

func newPipes() *pipes {
	p := &pipes{accept: make(chan net.Conn), done: make(chan struct{})}
	p.end = sync.OnceFunc(func() { close(p.done) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.end(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.mu.Lock()
	down := p.down
	p.mu.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("connection refused")}
	}
	client, server := net.Pipe()
	select {
	case p.accept <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// world is a Remote and its provider in simulated time.
type world struct {
	*provider
	net    *pipes
	remote *publish.Remote
	log    *bytes.Buffer
	stop   func()
}

func simulate(t *testing.T, path string, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{provider: &provider{t: t}, net: newPipes(), log: &bytes.Buffer{}}
		server := &http.Server{Handler: w.provider}
		go server.Serve(w.net)
		transport := &http.Transport{DialContext: w.net.dial}
		var err error
		w.remote, err = publish.NewRemote(publish.RemoteOptions{
			Provider: wire.ProviderPusher, URL: "http://provider.test" + path, AppID: appID, Key: key, Secret: secret,
			Transport: transport, Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { w.remote.Run(ctx); close(ended) }()
		w.stop = sync.OnceFunc(func() {
			cancel()
			<-ended
		})
		test(w)
		w.stop()
		transport.CloseIdleConnections()
		server.Close()
		for _, canary := range []string{secret, "auth_signature", "body-canary"} {
			if strings.Contains(w.log.String(), canary) {
				t.Errorf("the log tells %s: %s", canary, w.log)
			}
		}
	})
}

// message is the data of an event about message n.
func message(n int) string {
	return fmt.Sprintf(`{"message":{"id":"m%d","body":"body-canary"},"rev":%d,"epoch":"e"}`, n, n)
}

func hint(n int) string { return fmt.Sprintf(`{"rev":%d,"epoch":"e","partial":true}`, n) }

func (w *world) publish(channel string, from, to int) {
	for n := from; n <= to; n++ {
		w.remote.Publish(context.Background(), channel, wire.EventMessageReceived, []byte(message(n)), "")
	}
}

func messages(from, to int) (list []string) {
	for n := from; n <= to; n++ {
		list = append(list, message(n))
	}
	return list
}

func (w *world) expect(want []string, what string) {
	w.t.Helper()
	if got, sizes := w.taken(); !slices.Equal(got, want) {
		w.t.Errorf("%s: %d taken, want %d: %q in calls of %v", what, len(got), len(want), got, sizes)
	}
}

// One event goes at once by itself; many that wait go together and in order.
func TestOrderAndBatches(t *testing.T) {
	simulate(t, "", func(w *world) {
		w.publish("c", 1, 1)
		synctest.Wait()
		w.expect(messages(1, 1), "at once")
		w.answers(always(stall))
		w.publish("c", 2, 2)
		synctest.Wait()
		w.publish("c", 3, 25)
		w.answers(nil)
		time.Sleep(6 * time.Second) // the call that hangs is given up, and made again
		w.expect(messages(1, 25), "after a stall")
		if _, sizes := w.taken(); !slices.Equal(sizes, []int{1, 1, 10, 10, 3}) {
			w.t.Errorf("calls of %v", sizes)
		}
		if stats := w.remote.Stats(); stats.Sent != 25 || stats.Failed != 1 || stats.Queued != 0 || len(stats.Dropped) != 0 {
			w.t.Errorf("%+v", stats)
		}
		if w.log.Len() > 0 {
			w.t.Errorf("a single failure is no news: %s", w.log)
		}
		if c := w.calls[2]; c.path != "/apps/7/batch_events" || c.events[0].Channel != "c" || c.events[0].Name != wire.EventMessageReceived {
			w.t.Errorf("call %+v", c)
		}
	})
}

// hold lets a first call fail, so that what rest publishes waits together, and
// then answers by after.
func (w *world) hold(after func(call) int, rest func()) {
	w.answers(always(503))
	w.remote.Publish(context.Background(), "c", "first", []byte("{}"), "")
	synctest.Wait()
	rest()
	w.answers(after)
	time.Sleep(time.Second)
}

// What leaves a socket out goes alone, and so does what would be too much for
// one request.
func TestWhatGoesAlone(t *testing.T) {
	simulate(t, "/ws", func(w *world) {
		w.hold(nil, func() {
			w.publish("c", 1, 2)
			w.remote.Publish(context.Background(), "c", "e", []byte("x"), "1.1")
			w.publish("c", 3, 4)
			big := []byte(strings.Repeat("x", 5000))
			w.remote.Publish(context.Background(), "c", "e", big, "")
			w.remote.Publish(context.Background(), "c", "e", big, "")
		})
		if _, sizes := w.taken(); !slices.Equal(sizes, []int{1, 2, 1, 3, 1}) {
			w.t.Errorf("calls of %v", sizes)
		}
		if c := w.calls[2]; c.events[0].SocketID != "1.1" || c.path != "/ws/apps/7/events" {
			w.t.Errorf("call %+v", c)
		}
	})
}

// A server that knows no batches is believed.
func TestNoBatches(t *testing.T) {
	simulate(t, "", func(w *world) {
		single := func(c call) int {
			if strings.HasSuffix(c.path, "/batch_events") {
				return 404
			}
			return 200
		}
		w.hold(single, func() { w.publish("c", 1, 12) })
		w.publish("c", 13, 14)
		synctest.Wait()
		w.expect(append([]string{"{}"}, messages(1, 14)...), "one by one")
		if w.tried() > 17 {
			w.t.Errorf("%d tries: the server was asked for batches again", w.tried())
		}
	})
}

// One event that is not wanted takes no other with it, and its readers learn
// that there was something.
func TestRefusedEvent(t *testing.T) {
	for _, status := range []int{400, 413} {
		simulate(t, "", func(w *world) {
			picky := func(c call) int {
				if slices.ContainsFunc(c.events, func(e event) bool { return e.Data == message(2) || e.Data == "nonsense" }) {
					return status
				}
				return 200
			}
			w.hold(picky, func() {
				w.publish("c", 1, 3)
				w.remote.Publish(context.Background(), "c", wire.EventSignal, []byte("nonsense"), "")
			})
			synctest.Wait()
			w.expect([]string{"{}", message(1), message(3), hint(2)}, "but for one")
			if stats := w.remote.Stats(); stats.Dropped["refused"] != 2 {
				w.t.Errorf("%+v", stats)
			}
		})
	}
}

// While a provider is away, waits grow; when it is back, what is too old is told
// as one hint a conversation, and what is new as it is.
func TestOutage(t *testing.T) {
	for name, fail := range map[string]func(*world, bool){
		"errors":      func(w *world, away bool) { w.answers(map[bool]func(call) int{true: always(500), false: nil}[away]) },
		"bad secret":  func(w *world, away bool) { w.answers(map[bool]func(call) int{true: always(401), false: nil}[away]) },
		"unreachable": func(w *world, away bool) { w.net.setDown(away) },
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, "", func(w *world) {
				fail(w, true)
				w.publish("a", 1, 30)
				w.publish("b", 31, 31)
				w.remote.Publish(context.Background(), "b", wire.EventSignal, []byte("{}"), "")
				time.Sleep(10 * time.Minute)
				if n := w.tried(); name != "unreachable" && (n < 20 || n > 60) {
					w.t.Errorf("%d tries in ten minutes", n)
				}
				w.publish("b", 32, 32)
				fail(w, false)
				time.Sleep(9 * time.Second)
				// Whether the event after the outage was fresh enough depends on
				// when the next try was due.
				time.Sleep(30 * time.Second)
				got, _ := w.taken()
				slices.Sort(got)
				if !slices.Contains(got, hint(30)) || !slices.Contains(got, hint(32)) && !slices.Contains(got, message(32)) || len(got) > 3 {
					w.t.Errorf("taken: %q", got)
				}
				w.publish("b", 33, 33)
				synctest.Wait()
				if got, _ := w.taken(); got[len(got)-1] != message(33) {
					w.t.Errorf("after the outage: %q", got)
				}
				if n := strings.Count(w.log.String(), "\n"); n != 3 {
					w.t.Errorf("%d lines: %s", n, w.log)
				}
				if stats := w.remote.Stats(); stats.Dropped["too old"] < 32 || stats.Queued != 0 {
					w.t.Errorf("%+v", stats)
				}
			})
		})
	}
}

// The queue is bounded: the oldest give way, with a count.
func TestOverflow(t *testing.T) {
	simulate(t, "", func(w *world) {
		w.answers(always(503))
		w.publish("a", 1, 1)
		synctest.Wait()
		w.publish("b", 2, 2)
		w.publish("c", 3, 1050)
		if stats := w.remote.Stats(); stats.Dropped["overflow"] != 49 || stats.Queued != 1002 {
			w.t.Errorf("%+v", stats)
		}
		w.answers(nil)
		time.Sleep(time.Second)
		got, _ := w.taken()
		if len(got) != 1003 || got[0] != message(1) || !slices.Contains(got, hint(2)) || !slices.Contains(got, hint(50)) || !slices.Contains(got, message(1050)) || slices.Contains(got, message(50)) {
			w.t.Errorf("%d taken, from %s to %s", len(got), got[0], got[len(got)-1])
		}
		if n := strings.Count(w.log.String(), "events are dropped"); n != 1 {
			w.t.Errorf("%s", w.log)
		}
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(publish.Metrics{w.remote})
		if families, err := registry.Gather(); err != nil || !strings.Contains(fmt.Sprint(families), `value:"overflow"`) {
			w.t.Errorf("measured %v, %v", families, err)
		}
	})
}

// A hint leads as far as the latest of what was dropped, in whatever order it
// was.
func TestHintOfTheLatest(t *testing.T) {
	simulate(t, "", func(w *world) {
		w.answers(always(503))
		w.publish("a", 1, 1) // is on its way and grows old there
		synctest.Wait()
		w.publish("a", 2, 50) // give way to those of b
		w.publish("b", 51, 1050)
		time.Sleep(time.Minute)
		w.answers(nil)
		time.Sleep(time.Minute)
		got, _ := w.taken()
		slices.Sort(got)
		if want := []string{hint(1050), hint(50)}; !slices.Equal(got, want) {
			w.t.Errorf("taken %q, want %q", got, want)
		}
	})
}

// What is left at the end is sent, if the provider takes it.
func TestEnd(t *testing.T) {
	simulate(t, "", func(w *world) {
		w.answers(always(503))
		w.publish("c", 1, 15)
		synctest.Wait()
		w.answers(nil)
		w.stop()
		w.expect(messages(1, 15), "flushed")
	})
	simulate(t, "", func(w *world) {
		w.answers(always(stall))
		w.publish("c", 1, 15)
		synctest.Wait()
		began := time.Now()
		w.stop()
		if took := time.Since(began); took > 3*time.Second {
			w.t.Errorf("the end took %s", took)
		}
		if stats := w.remote.Stats(); stats.Dropped["shutdown"] != 15 {
			w.t.Errorf("%+v", stats)
		}
	})
}

// A server that says when to come back is left alone until then.
func TestRetryAfter(t *testing.T) {
	var mu sync.Mutex
	var at []time.Time
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if at = append(at, time.Now()); len(at) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	server.Start()
	defer server.Close()
	remote := start(t, server.URL, secret)
	remote.Publish(t.Context(), "c", "e", []byte("{}"), "")
	eventually(t, "the second try", func() bool { return remote.Stats().Sent == 1 })
	if len(at) != 2 || at[1].Sub(at[0]) < time.Second {
		t.Errorf("tried at %v", at)
	}
}

// Soketi says by its body that something is wrong.
func TestErrorInABody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"error":"The app secret is wrong","code":401}`)
	}))
	defer server.Close()
	remote := start(t, server.URL, secret)
	remote.Publish(t.Context(), "c", "e", []byte("{}"), "")
	eventually(t, "a failure", func() bool { return remote.Stats().Failed > 0 })
	if remote.Stats().Sent != 0 {
		t.Error("the error was taken for success")
	}
}

// A redirect is not followed: the call is signed for one server.
func TestRedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	remote := start(t, server.URL, secret)
	remote.Publish(t.Context(), "c", "e", []byte("{}"), "")
	eventually(t, "a failure", func() bool { return remote.Stats().Failed > 0 })
}

// Our own endpoint understands it, also after a restart, and signs as Pusher's
// library does.
func TestOwnEndpoint(t *testing.T) {
	endpoint := pusher.New(pusher.Options{Apps: []pusher.App{{ID: appID, Key: key, Secret: secret}}})
	defer endpoint.Shutdown(context.Background())
	server := httptest.NewServer(endpoint)
	remote := start(t, server.URL, secret)
	library := pusherhttp.Client{AppID: appID, Key: key, Secret: secret, Host: server.Listener.Addr().String(), HTTPClient: server.Client()}
	if _, err := library.Channel("c", pusherhttp.ChannelParams{}); err != nil {
		t.Fatal(err)
	}
	remote.Publish(t.Context(), "cache-c", "e", []byte(`{"n":1}`), "1.1")
	for n := range 20 {
		remote.Publish(t.Context(), "cache-c", "e", fmt.Appendf(nil, `{"n":"<ü> %d"}`, n), "")
	}
	eventually(t, "21 events", func() bool { return remote.Stats().Sent == 21 })
	address := server.Listener.Addr().String()
	server.CloseClientConnections()
	server.Close()
	remote.Publish(t.Context(), "cache-c", "e", []byte(`{"n":"while away"}`), "")
	eventually(t, "a failure", func() bool { return remote.Stats().Failed > 0 })
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	again := &httptest.Server{Listener: listener, Config: &http.Server{Handler: endpoint}}
	again.Start()
	defer again.Close()
	eventually(t, "the event after the restart", func() bool { return remote.Stats().Sent == 22 })
}

func start(t *testing.T, url, secret string) *publish.Remote {
	t.Helper()
	remote, err := publish.NewRemote(publish.RemoteOptions{Provider: wire.ProviderReverb, URL: url, AppID: appID, Key: key, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { remote.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return remote
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
