package publish

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"chatbot/widget/wire"
)

const (
	// maxQueue bounds how many events wait for a provider. Beyond it the oldest
	// gives way.
	maxQueue = 1000
	// maxHints bounds of how many conversations it is remembered that something
	// was not published.
	maxHints = 1000
	// maxAge is how old an event may be when it is published. What is older is
	// better asked for than told.
	maxAge = 10 * time.Second
	// maxBatch is how many events one call may carry (Pusher, HTTP API
	// reference), and batchBytes how many bytes of data: by default Laravel
	// Reverb takes requests of 10,000 bytes.
	maxBatch   = 10
	batchBytes = 8000
	// minWait and maxWait bound the wait after a failure, which doubles.
	minWait = 250 * time.Millisecond
	maxWait = 30 * time.Second
	// flushTime bounds how long the end waits for what is still queued.
	flushTime = 2 * time.Second
)

// Reasons for which an event is not published.
const (
	tooOld   = "too old"
	overflow = "overflow" // more waited than may
	refused  = "refused"  // the provider does not want this one
	atTheEnd = "shutdown"
)

// RemoteOptions are what a Remote is made of. All but Transport and Logger are
// required.
type RemoteOptions struct {
	// Provider is whom the log speaks of.
	Provider wire.Provider
	// URL is where the HTTP API is, without /apps.
	URL                string
	AppID, Key, Secret string
	Transport          http.RoundTripper
	Logger             *slog.Logger
}

// Remote publishes to a server elsewhere by Pusher's HTTP API. Events are queued
// and sent by Run in the order in which they came. A server that fails is tried
// again after a growing wait; meanwhile events grow old or too many, and are
// dropped. A connected reader would not learn of those, so instead of the
// dropped ones each conversation gets one event without content as soon as the
// server works again, and the readers ask for what they have missed.
type Remote struct {
	provider wire.Provider
	client   *client
	log      *slog.Logger
	wake     chan struct{}

	mu    sync.Mutex
	queue []event
	hints map[hintKey]event
	stats RemoteStats
	told  int64 // of the dropped ones, those whose number stands in the log

	// These belong to Run.
	failures int  // in a row
	single   bool // the server knows no batches
}

// RemoteStats is what a Remote has done since it was made.
type RemoteStats struct {
	// Queued is how many events wait now.
	Queued int
	// Sent counts events that the provider took, Failed calls that it did not.
	Sent, Failed int64
	// Dropped counts events that were not published, by reason.
	Dropped map[string]int64
}

// event is one as the HTTP API takes it.
type event struct {
	Name     string `json:"name"`
	Channel  string `json:"channel"`
	Data     string `json:"data"`
	SocketID string `json:"socket_id,omitempty"`

	at   time.Time
	hint bool
	rev  int64 // of a hint
}

// NewRemote makes a Remote. It sends nothing before Run.
func NewRemote(o RemoteOptions) (*Remote, error) {
	if o.Transport == nil {
		o.Transport = http.DefaultTransport.(*http.Transport).Clone() // its connections end with it
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	client, err := newClient(o)
	if err != nil {
		return nil, err
	}
	return &Remote{
		provider: o.Provider,
		client:   client,
		log:      o.Logger.With("provider", o.Provider),
		wake:     make(chan struct{}, 1),
		hints:    map[hintKey]event{},
		stats:    RemoteStats{Dropped: map[string]int64{}},
	}, nil
}

// Publish queues an event.
func (r *Remote) Publish(_ context.Context, channel, name string, data []byte, exceptSocket string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == maxQueue {
		r.drop(r.queue[0], overflow)
		r.queue = r.queue[1:]
	}
	r.queue = append(r.queue, event{Name: name, Channel: channel, Data: string(data), SocketID: exceptSocket, at: time.Now()})
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// Stats reads the counters.
func (r *Remote) Stats() RemoteStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Queued, s.Dropped = len(r.queue)+len(r.hints), maps.Clone(s.Dropped)
	return s
}

// Run sends what is queued until ctx ends, and then what is left, if the server
// takes it at once.
func (r *Remote) Run(ctx context.Context) {
	defer r.client.http.CloseIdleConnections()
	for ctx.Err() == nil {
		batch := r.next()
		if len(batch) > 0 {
			r.deliver(ctx, batch)
			continue
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
		}
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	r.flush(ending)
}

// next takes what the next call is to carry. An event that leaves a socket out
// goes alone: Laravel Reverb fails at one in a batch.
func (r *Remote) next() []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = r.fresh(r.queue)
	if batch := r.takeHints(); len(batch) > 0 {
		return batch
	}
	n, bytes := 0, 0
	for n < min(len(r.queue), r.limit()) {
		bytes += len(r.queue[n].Data)
		if n > 0 && (bytes > batchBytes || r.queue[0].SocketID != "" || r.queue[n].SocketID != "") {
			break
		}
		n++
	}
	batch := r.queue[:n:n]
	if r.queue = r.queue[n:]; len(r.queue) == 0 {
		r.queue = nil
	}
	return batch
}

// limit is how many events one call may carry.
func (r *Remote) limit() int {
	if r.single {
		return 1
	}
	return maxBatch
}

func (r *Remote) takeHints() (batch []event) {
	for key, e := range r.hints {
		if len(batch) == r.limit() {
			break
		}
		batch = append(batch, e)
		delete(r.hints, key)
	}
	return batch
}

// fresh drops the events at the front of list that are too old.
func (r *Remote) fresh(list []event) []event {
	for len(list) > 0 && !list[0].hint && time.Since(list[0].at) > maxAge {
		r.drop(list[0], tooOld)
		list = list[1:]
	}
	return list
}

// deliver tries until the batch is taken, too old or refused, or ctx ends.
func (r *Remote) deliver(ctx context.Context, batch []event) {
	alone := false // the batch goes one by one
	for len(batch) > 0 {
		part := batch
		if alone {
			part = batch[:1]
		}
		err := r.client.trigger(ctx, part)
		switch code := statusOf(err); {
		case err == nil:
			r.worked(len(part))
			batch = batch[len(part):]
		case ctx.Err() != nil:
			r.putBack(batch)
			return
		case code == http.StatusNotFound && len(part) > 1:
			r.single, alone = true, true
		case (code == http.StatusBadRequest || code == http.StatusRequestEntityTooLarge) && len(part) > 1:
			alone = true
		case code == http.StatusBadRequest || code == http.StatusRequestEntityTooLarge:
			r.lose(part[0], refused)
			batch = batch[1:]
		default:
			r.failed(ctx, err)
			r.mu.Lock()
			batch = r.fresh(batch)
			r.mu.Unlock()
		}
	}
}

func statusOf(err error) int {
	var answered statusError
	errors.As(err, &answered)
	return answered.code
}

// worked counts, and says that the provider is back.
func (r *Remote) worked(events int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Sent += int64(events)
	if r.failures > 1 {
		r.queue = r.fresh(r.queue) // to be counted too
		dropped := r.dropped()
		r.log.Info("events are published again", "failures", r.failures, "dropped", dropped-r.told)
		r.told = dropped
	}
	r.failures = 0
}

func (r *Remote) dropped() (n int64) {
	for _, count := range r.stats.Dropped {
		n += count
	}
	return n
}

// failed says so, though not of a single failure, and waits.
func (r *Remote) failed(ctx context.Context, err error) {
	r.mu.Lock()
	r.stats.Failed++
	r.mu.Unlock()
	if r.failures++; r.failures == 2 {
		r.log.Warn("events cannot be published; trying on", "error", err)
	}
	var answered statusError
	errors.As(err, &answered)
	full := min(minWait<<min(r.failures-1, 10), maxWait)
	wait := max(full/2+rand.N(full/2), min(answered.after, maxWait))
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
}

// putBack is for a batch that the end has interrupted.
func (r *Remote) putBack(batch []event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(batch, r.queue...)
}

// flush sends what is left, without a second try.
func (r *Remote) flush(ctx context.Context) {
	for batch := r.next(); len(batch) > 0; batch = r.next() {
		if err := r.client.trigger(ctx, batch); err != nil {
			r.putBack(batch)
			break
		}
		r.worked(len(batch))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if left := len(r.queue) + len(r.hints); left > 0 {
		r.stats.Dropped[atTheEnd] += int64(left)
		r.log.Warn("events were not published before the end", "dropped", left)
	}
}

func (r *Remote) lose(e event, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(e, reason)
}

// drop counts an event that is not published, and remembers what its readers
// are to be told instead.
func (r *Remote) drop(e event, reason string) {
	r.stats.Dropped[reason]++
	if r.dropped() == r.told+1 {
		r.log.Warn("events are dropped; readers will be told to ask", "reason", reason)
	}
	hint, ok := hintOf(e)
	key := hintKey{e.Channel, e.Name}
	known, there := r.hints[key]
	switch {
	case !ok, !there && len(r.hints) == maxHints:
	case there && known.rev > hint.rev: // a later one gave way earlier
	default:
		r.hints[key] = hint
	}
}

// hintKey is what one hint stands for.
type hintKey struct{ channel, name string }

// hintOf is an event that makes its readers ask for what e would have told
// them. There is none for what is only passing, nor for a hint itself.
func hintOf(e event) (event, bool) {
	switch e.Name {
	case wire.EventMessageReceived, wire.EventMessageUpdated, wire.EventParticipantUpdated:
	default:
		return e, false
	}
	var told wire.MessageEvent
	if e.hint || json.Unmarshal([]byte(e.Data), &told) != nil {
		return e, false
	}
	data, err := json.Marshal(wire.MessageEvent{Rev: told.Rev, Epoch: told.Epoch, Partial: true})
	return event{Name: e.Name, Channel: e.Channel, Data: string(data), hint: true, rev: told.Rev}, err == nil
}
