package pusher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"

	"chatbot/server/pusher/signature"
)

const (
	// webhookQueue bounds what waits for one receiver; webhookBatch is how many
	// events one request carries.
	webhookQueue = 10_000
	webhookBatch = 100
	// webhookTimeout bounds one try, webhookTries how many there are. With the
	// waits between them the last is made after some five minutes, as Pusher's.
	webhookTimeout = 10 * time.Second
	webhookTries   = 10
	webhookWait    = 500 * time.Millisecond // before the second try; doubles
	webhookMaxWait = time.Minute
	// webhookAnswer is how much of an answer is read.
	webhookAnswer = 64 << 10
)

// Webhook is an address that is told of what happens, by a POST as Pusher
// sends it: events in JSON, signed in X-Pusher-Signature.
type Webhook struct {
	URL string
	// Events are the names of those to send: channel_occupied, channel_vacated,
	// member_added, member_removed, client_event, cache_miss. Empty is all.
	Events []string
}

// hookEvent is one event of a webhook.
type hookEvent struct {
	Name     string `json:"name"`
	Channel  string `json:"channel"`
	Event    string `json:"event,omitempty"`
	Data     string `json:"data,omitempty"`
	SocketID string `json:"socket_id,omitempty"`
	UserID   string `json:"user_id,omitempty"`
}

// webhook is one receiver. A goroutine sends while there is something to send.
type webhook struct {
	Webhook
	app    *application
	client *http.Client

	mu      sync.Mutex
	queue   []hookEvent
	sending bool
}

func newWebhook(a *application, w Webhook) *webhook {
	return &webhook{Webhook: w, app: a, client: webhookClient(a.server.PrivateWebhooks)}
}

// webhookClient goes to the address it was given and nowhere else: not where an
// answer redirects it, nor by a proxy, nor to a private address whatever name
// resolves to it.
func webhookClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: webhookTimeout}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return checkPublic(address) }
	}
	return &http.Client{
		Timeout:       webhookTimeout,
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: webhookAnswer},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// notPublic are networks that lead into a machine or its neighbourhood but are
// not "private" by their registration.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carriers' own
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // for measurements
	netip.MustParsePrefix("240.0.0.0/4"),   // reserved, and broadcast
	netip.MustParsePrefix("64:ff9b::/96"),  // IPv4 in other forms
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("fec0::/10"),
}

// checkPublic is asked when the name is resolved, so a name that changes its
// address between a check and the connection gains nothing.
func checkPublic(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := ap.Addr().Unmap().WithZone("")
	public := ip.IsGlobalUnicast() && !ip.IsPrivate() &&
		!slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(ip) })
	if !public {
		return fmt.Errorf("%s is no public address", ip)
	}
	return nil
}

// tell queues an event for every webhook that wants it. It never waits: what a
// receiver cannot take in time is dropped and counted.
func (a *application) tell(e hookEvent) {
	for _, w := range a.hooks {
		if len(w.Events) == 0 || slices.Contains(w.Events, e.Name) {
			w.add(e)
		}
	}
}

func (w *webhook) add(e hookEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) >= webhookQueue {
		w.app.server.countDrop("webhook queue")
		return
	}
	w.queue = append(w.queue, e)
	if !w.sending {
		w.sending = true
		w.app.server.webhooks.Go(w.send)
	}
}

func (w *webhook) send() {
	for {
		batch := w.take()
		if len(batch) == 0 {
			return
		}
		if err := w.deliver(batch); err != nil {
			w.app.server.countDrop("webhook")
			w.app.server.Logger.Warn("a webhook was given up", "events", len(batch), "error", err)
		}
	}
}

func (w *webhook) take() []hookEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.queue), webhookBatch)
	batch := w.queue[:n:n]
	if w.queue = w.queue[n:]; len(w.queue) == 0 {
		w.queue = nil
	}
	w.sending = n > 0
	return batch
}

// deliver tries until the receiver has taken the batch.
func (w *webhook) deliver(batch []hookEvent) error {
	body := must(marshal(map[string]any{"time_ms": time.Now().UnixMilli(), "events": batch}))
	wait := webhookWait
	for try := 1; ; try++ {
		err := w.post(body)
		if err == nil || try == webhookTries {
			return err
		}
		select {
		case <-time.After(wait/2 + rand.N(wait/2)):
		case <-w.app.server.live.Done():
			return errors.Join(err, w.app.server.live.Err())
		}
		wait = min(2*wait, webhookMaxWait)
	}
}

func (w *webhook) post(body []byte) error {
	ctx, cancel := context.WithTimeout(w.app.server.live, webhookTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Pusher-Key", w.app.Key)
	r.Header.Set("X-Pusher-Signature", signature.Webhook(w.app.Secret, body))
	answer, err := w.client.Do(r)
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err // without the address, which may hold a secret
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, webhookAnswer))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the receiver answered %d", answer.StatusCode)
	}
	return nil
}
