package pusher_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/pusher/pusher-http-go/v5"

	"chatbot/server/pusher"
)

// receiver is an application's server that takes webhooks.
type receiver struct {
	*httptest.Server
	t      *testing.T
	events chan sdk.WebhookEvent

	mu    sync.Mutex
	fails int // how many calls to fail
	calls int
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t, events: make(chan sdk.WebhookEvent, 100)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	r.calls++
	fail := r.calls <= r.fails
	r.mu.Unlock()
	if fail {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	// The official library checks the signature.
	hook, err := (&sdk.Client{Key: key, Secret: secret}).Webhook(q.Header, body)
	if err != nil || hook.TimeMs == 0 || q.Header.Get("Content-Type") != "application/json" {
		r.t.Errorf("not accepted: %v, %s", err, body)
		return
	}
	for _, e := range hook.Events {
		r.events <- e
	}
}

func (r *receiver) expect(want string) {
	r.t.Helper()
	select {
	case e := <-r.events:
		if got := fmt.Sprintf("%s %s %s %s %s", e.Name, e.Channel, e.Event, e.Data, e.UserID); strings.Join(strings.Fields(got), " ") != want {
			r.t.Errorf("told of %q, want %q", got, want)
		}
	case <-time.After(patience):
		r.t.Fatalf("never told of %q", want)
	}
}

func hooks(urls ...string) options {
	return func(o *pusher.Options) {
		o.PrivateWebhooks = true
		for _, u := range urls {
			o.Apps[0].Webhooks = append(o.Apps[0].Webhooks, pusher.Webhook{URL: u})
		}
	}
}

func TestWebhooks(t *testing.T) {
	r := newReceiver(t)
	e := start(t, hooks(r.URL))
	a, b := e.connect(), e.connect()
	const room = "presence-cache-room"
	a.enter(room, `{"user_id":"ann"}`)
	r.expect("channel_occupied presence-cache-room")
	r.expect("member_added presence-cache-room ann")
	r.expect("cache_miss presence-cache-room")
	b.enter(room, `{"user_id":7}`)
	r.expect("member_added presence-cache-room 7")
	r.expect("cache_miss presence-cache-room")
	b.expect("pusher:cache_miss")
	b.send(`{"event":"client-x","channel":"presence-cache-room","data":{"a":1}}`)
	r.expect(`client_event presence-cache-room client-x {"a":1} 7`)
	b.ws.CloseNow()
	r.expect("member_removed presence-cache-room 7")
	a.send(`{"event":"pusher:unsubscribe","data":{"channel":"presence-cache-room"}}`)
	r.expect("member_removed presence-cache-room ann")
	r.expect("channel_vacated presence-cache-room")
}

func TestWebhookEventsAreChosen(t *testing.T) {
	r := newReceiver(t)
	e := start(t, hooks(r.URL), func(o *pusher.Options) { o.Apps[0].Webhooks[0].Events = []string{"channel_vacated"} })
	c := e.connect()
	c.join("news")
	c.ws.CloseNow()
	r.expect("channel_vacated news")
}

// A receiver that fails is asked again, and nobody waits for it.
func TestWebhookRetry(t *testing.T) {
	r := newReceiver(t)
	r.fails = 1
	e := start(t, hooks(r.URL))
	c := e.connect()
	c.join("news")
	c.alive()
	r.expect("channel_occupied news")
}

// Shutdown does not wait longer than it is told to for a receiver that fails.
func TestWebhookShutdown(t *testing.T) {
	r := newReceiver(t)
	r.fails = 1 << 30
	e := start(t, hooks(r.URL))
	e.connect().join("news")
	deadline := time.Now().Add(patience)
	for called := false; !called && time.Now().Before(deadline); {
		r.mu.Lock()
		called = r.calls > 0
		r.mu.Unlock()
	}
	ctx, cancel := contextWithTimeout(t, 100*time.Millisecond)
	defer cancel()
	if err := e.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if n := e.Stats().Drops["webhook"]; n == 0 {
		t.Error("what was given up is not counted")
	}
}

// The address of a receiver may hold a secret, which the log is not to have.
func TestWebhookAddressIsNotLogged(t *testing.T) {
	r := newReceiver(t)
	r.Close()
	var log syncBuffer
	e := start(t, hooks(r.URL+"/?token=SECRET"), func(o *pusher.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	e.connect().join("news")
	ctx, cancel := contextWithTimeout(t, 100*time.Millisecond)
	defer cancel()
	if err := e.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if text := log.String(); !strings.Contains(text, "a webhook was given up") || strings.Contains(text, "SECRET") {
		t.Errorf("the log says %s", text)
	}
}

// syncBuffer is written by several goroutines.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Webhooks go to public addresses, and only where they were sent.
func TestWebhookGuards(t *testing.T) {
	inner := newReceiver(t)
	redirects := make(chan struct{}, 100)
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		redirects <- struct{}{}
		http.Redirect(w, r, inner.URL, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(outer.Close)
	redirected := start(t, hooks(outer.URL))
	redirected.connect().join("news")
	select {
	case <-redirects:
	case <-time.After(patience):
		t.Fatal("never called")
	}
	ctx, cancel := contextWithTimeout(t, 50*time.Millisecond)
	defer cancel()
	if err := redirected.Shutdown(ctx); err != nil {
		t.Error(err)
	}

	guarded := start(t, hooks(inner.URL, strings.Replace(inner.URL, "127.0.0.1", "localhost", 1)), func(o *pusher.Options) { o.PrivateWebhooks = false })
	guarded.connect().join("news")
	ctx, cancel = contextWithTimeout(t, 100*time.Millisecond)
	defer cancel()
	if err := guarded.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if inner.calls != 0 {
		t.Error("a private address was called")
	}
	if n := guarded.Stats().Drops["webhook"]; n == 0 {
		t.Error("what was refused is not counted")
	}
}

// What Pusher's library reads as a string must be one.
func TestWebhookData(t *testing.T) {
	r := newReceiver(t)
	e := start(t, hooks(r.URL))
	c := e.connect()
	c.join("private-x")
	r.expect("channel_occupied private-x")
	for data, want := range map[string]string{`"text"`: "text", `[1]`: "[1]", `null`: "null"} {
		c.send(`{"event":"client-x","channel":"private-x","data":` + data + `}`)
		r.expect("client_event private-x client-x " + want)
	}
}
