// Package realtime is the ways by which a conversation's changes arrive:
// sockets of the Pusher protocol, polling, and the ladder that chooses between
// them.
//
// The ladder follows one conversation at a time. As long as its channel is not
// subscribed, it polls; meanwhile sockets are tried in the order of the config.
// Once a subscription is confirmed and what changed until then has been
// fetched, polling all but stops: a check every few minutes finds what an event
// did not tell. When the socket is lost, polling begins at once. A better way
// than the one in use is tried in the background and taken when it is
// subscribed.
//
// All methods of Ladder may be called from any goroutine and return at once.
package realtime

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"chatbot/widget/wire"
)

// Bounds of the wait between tries of a socket. In between it doubles, and any
// part of it may be drawn, so that those who were cut off together do not come
// back together.
const (
	MinBackoff = time.Second
	MaxBackoff = 30 * time.Second
	// HeldLong is how long a socket must have held to be trusted as new when it
	// is lost: its failures before that are forgotten.
	HeldLong = 10 * time.Second
	// DespairAfter is how many failures of every way in a row make the ladder
	// want a new config, and DespairAgain how long it then waits before it
	// wants another. Where there are no ways at all it asks as often.
	DespairAfter = 3
	DespairAgain = 5 * time.Minute
)

// Event is something the ladder reports.
type Event interface{ event() }

// What the ladder reports.
type (
	// Up means that a socket is connected. Down means that the one last
	// reported is gone, and no other is there.
	Up struct {
		Provider wire.Provider
		Address  string // host:port
	}
	Down struct {
		Provider wire.Provider
		Reason   string
	}
	// Subscribed means that the channel of a conversation is confirmed.
	Subscribed struct {
		Provider       wire.Provider
		ConversationID string
	}
	// Received is an event of the conversation's channel: its bare name and its
	// JSON.
	Received struct {
		Provider       wire.Provider
		ConversationID string
		Name           string
		Data           []byte
	}
	// Failed means that a try came to nothing. Nobody but a site owner who
	// debugs needs to know.
	Failed struct {
		Provider wire.Provider
		Reason   string
	}
	// ConfigWanted means that no socket of the config could be had for a while:
	// a newer one may say why.
	ConfigWanted struct{}
)

func (Up) event()           {}
func (Down) event()         {}
func (Subscribed) event()   {}
func (Received) event()     {}
func (Failed) event()       {}
func (ConfigWanted) event() {}

// Fetched is what a fetch brought: whether anything changed, and whether there
// is more to fetch.
type Fetched struct{ Changed, More bool }

// Options are what a Ladder needs.
type Options struct {
	// Dial opens sockets; nil means WebSocket.
	Dial Dial
	// Authorize gets the leave to subscribe to a conversation's channel from an
	// endpoint of the message API.
	Authorize func(ctx context.Context, conversationID, endpoint string, r wire.ChannelAuthRequest) (wire.ChannelAuth, error)
	// Fetch asks for what changed since the cursor and applies it. With a wait
	// the server may keep its answer back so many seconds. A *wire.Error may
	// say how long to stay away.
	Fetch func(ctx context.Context, conversationID string, wait int) (Fetched, error)
	// Emit takes what the ladder reports. It is called under a lock, so that
	// reports are in order: it must neither block nor call the ladder.
	Emit func(Event)
	// Jitter draws a part of a wait; nil means any part with equal chance.
	Jitter func(time.Duration) time.Duration
}

// Ladder chooses between the ways.
type Ladder struct {
	dial      Dial
	authorize func(context.Context, string, string, wire.ChannelAuthRequest) (wire.ChannelAuth, error)
	fetch     func(context.Context, string, int) (Fetched, error)
	emit      func(Event)
	jitter    func(time.Duration) time.Duration

	// Each loop has something to wake it by.
	wakeSockets, wakePolling chan struct{}

	mu         sync.Mutex
	polling    wire.PollingConfig
	ways       []*way
	follow     string             // the conversation
	current    *socket            // the socket in use
	using      *way               // the way it belongs to
	subscribed string             // the conversation whose channel current carries
	cancelTry  context.CancelFunc // ends a try that has become pointless
	despaired  time.Time          // when a config was last wanted, or came without ways
	cut        bool
	hidden     bool

	wanted      int // fetches asked for
	had         int // of those, answered
	cancelFetch context.CancelFunc
	waiting     bool      // the fetch on its way may be kept back by the server
	pollNext    time.Time // the server is to be left alone until then
}

// way is a provider and how it fared.
type way struct {
	endpoint
	retired  bool // it refused for good; only a new config helps
	failures int
	notTill  time.Time
}

// New makes a Ladder. It does nothing before Run.
func New(o Options) *Ladder {
	if o.Dial == nil {
		o.Dial = WebSocket
	}
	if o.Jitter == nil {
		o.Jitter = func(d time.Duration) time.Duration { return rand.N(d) }
	}
	return &Ladder{
		dial: o.Dial, authorize: o.Authorize, fetch: o.Fetch, emit: o.Emit, jitter: o.Jitter,
		wakeSockets: make(chan struct{}, 1), wakePolling: make(chan struct{}, 1),
	}
}

// Run works until ctx ends.
func (l *Ladder) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { l.poll(ctx) })
	loops.Go(func() { l.climb(ctx) })
	loops.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(errClosed)
}

// Configure sets the ways. One that is the same as before keeps its socket, and
// what is known of it.
func (l *Ladder) Configure(c wire.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.polling = c.Polling
	before := l.ways
	l.ways = nil
	for _, e := range endpoints(c) {
		w := &way{endpoint: e}
		if i := slices.IndexFunc(before, func(w *way) bool { return w.endpoint == e }); i >= 0 {
			w = before[i]
		}
		l.ways = append(l.ways, w)
	}
	if len(l.ways) == 0 {
		l.despaired = time.Now()
	}
	if l.current != nil && !slices.Contains(l.ways, l.using) {
		l.drop(errors.New("the configuration changed"))
	}
	l.stopTrying()
	l.wake()
}

// Follow changes to a conversation; an empty one means none.
func (l *Ladder) Follow(conversationID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if conversationID == l.follow {
		return
	}
	l.follow = conversationID
	l.wanted++
	l.pollNext = time.Time{}
	l.stopFetching()
	if l.current != nil {
		l.stopTrying() // the socket at hand comes first
	}
	l.wake()
}

// Fetch asks for what changed since the cursor now.
func (l *Ladder) Fetch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.want()
}

// want makes the poller fetch now; a fetch that is already on its way may have
// come too early to count, and is followed by another one.
func (l *Ladder) want() {
	l.wanted++
	if l.waiting {
		l.stopFetching()
	}
	l.wake()
}

// Reconnect tries everything at once, and asks the socket in use for a sign of
// life. It is for when the network or the visitor came back.
func (l *Ladder) Reconnect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.ways {
		w.notTill = time.Time{}
	}
	l.pollNext = time.Time{}
	if l.current != nil {
		l.current.probe()
	}
	l.wake()
}

// Pace says whether the page is hidden: then there is less haste in polling.
func (l *Ladder) Pace(hidden bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hidden = hidden
	l.wake()
}

// Cut drops the socket and refuses new ones until it is called with false. It
// is for watching what happens then.
func (l *Ladder) Cut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		l.stopTrying()
		l.drop(errors.New("cut"))
	}
	for _, w := range l.ways {
		w.notTill = time.Time{}
	}
	l.wake()
}

// SocketID is the id of the socket that carries the conversation's channel, or
// empty.
func (l *Ladder) SocketID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil || l.subscribed == "" || l.subscribed != l.follow {
		return ""
	}
	return l.current.id
}

func (l *Ladder) wake() {
	for _, c := range []chan struct{}{l.wakeSockets, l.wakePolling} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (l *Ladder) stopTrying() {
	if l.cancelTry != nil {
		l.cancelTry()
	}
}

func (l *Ladder) stopFetching() {
	if l.cancelFetch != nil {
		l.cancelFetch()
	}
}

// drop gives the current socket up and says so.
func (l *Ladder) drop(reason error) {
	s := l.current
	if s == nil {
		return
	}
	l.current, l.using, l.subscribed = nil, nil, ""
	s.close(reason)
	l.emit(Down{s.endpoint.provider, reason.Error()})
	l.wake()
}

// ended is called when a socket has come to its end by itself or by us.
func (l *Ladder) ended(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != s {
		return
	}
	w := l.using
	if time.Since(s.opened) >= HeldLong {
		w.failures = 0
	}
	l.drop(s.err)
	l.judge(w, s.err)
}

// received hands an event of the conversation's channel on.
func (l *Ladder) received(s *socket, f frame) {
	id, ok := wire.ConversationOf(f.Channel)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !ok || id != l.follow {
		return
	}
	l.emit(Received{s.endpoint.provider, id, wire.EventName(f.Event), f.payload()})
}

// judge decides when a way is tried again after a failure.
//
// Pusher's protocol: 4000-4099 must not be tried again unchanged, 4100-4199
// after a second or more, 4200-4299 at once. All else counts as 4100. "At once"
// is believed once; a server that says it again and again is given time.
func (l *Ladder) judge(w *way, err error) {
	w.failures++
	code := 0
	var closed CloseError
	var refused protocolError
	if errors.As(err, &closed) {
		code = closed.Code
	} else if errors.As(err, &refused) {
		code = refused.Code
	}
	switch {
	case code >= 4000 && code <= 4099:
		w.retired = true
	case code >= 4200 && code <= 4299 && w.failures == 1:
		w.notTill = time.Now()
	default:
		full := min(MinBackoff<<min(w.failures, 10), MaxBackoff)
		w.notTill = time.Now().Add(max(MinBackoff, l.jitter(full)))
	}
}

// climb keeps trying for the best way.
func (l *Ladder) climb(ctx context.Context) {
	for ctx.Err() == nil {
		if l.resubscribe(ctx) {
			continue
		}
		next := l.try(ctx)
		var timer <-chan time.Time
		if !next.IsZero() {
			timer = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
		case <-l.wakeSockets:
		case <-timer:
		}
	}
}

// resubscribe brings the current socket to the conversation that is followed.
// It reports whether it had to do anything.
func (l *Ladder) resubscribe(ctx context.Context) bool {
	l.mu.Lock()
	s, w, from, to := l.current, l.using, l.subscribed, l.follow
	if s == nil || from == to {
		l.mu.Unlock()
		return false
	}
	l.subscribed = ""
	l.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, TryLimit)
	defer cancel()
	var err error
	if from != "" {
		err = s.unsubscribe(wire.Channel(from))
	}
	if err == nil {
		err = l.subscribe(ctx, s, to)
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != s {
		return true // it was lost meanwhile, and said so
	}
	if err != nil {
		l.drop(plain(err))
		l.judge(w, unretiring(err))
		return true
	}
	l.confirm(s, to)
	return true
}

// subscribe subscribes s to a conversation's channel, or to nothing.
func (l *Ladder) subscribe(ctx context.Context, s *socket, conversationID string) error {
	if conversationID == "" {
		return nil
	}
	return s.subscribe(ctx, wire.Channel(conversationID), func(ctx context.Context, r wire.ChannelAuthRequest) (wire.ChannelAuth, error) {
		return l.authorize(ctx, conversationID, s.endpoint.auth, r)
	})
}

// confirm takes a conversation's subscription as given: what changed until now
// is still to be fetched.
func (l *Ladder) confirm(s *socket, conversationID string) {
	l.subscribed = conversationID
	if conversationID == "" {
		return
	}
	l.emit(Subscribed{s.endpoint.provider, conversationID})
	l.pollNext = time.Time{}
	l.want()
}

// try goes through the ways that are better than the current one and due. It
// returns when to try again, zero for when there is a reason to.
func (l *Ladder) try(ctx context.Context) (next time.Time) {
	for _, w := range l.due() {
		if ctx.Err() != nil || l.attempt(ctx, w) {
			return time.Now()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return time.Time{}
	}
	next = l.despair()
	for _, w := range l.better() {
		if next.IsZero() || w.notTill.Before(next) {
			next = w.notTill
		}
	}
	return next
}

// better are the ways worth trying, best first.
func (l *Ladder) better() []*way {
	ways := l.ways
	if l.current != nil {
		ways = ways[:slices.Index(ways, l.using)]
	}
	return slices.DeleteFunc(slices.Clone(ways), func(w *way) bool { return w.retired })
}

// due are the better ones whose time has come.
func (l *Ladder) due() []*way {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil
	}
	now := time.Now()
	return slices.DeleteFunc(l.better(), func(w *way) bool { return w.notTill.After(now) })
}

// despair wants a new config if no way has led anywhere for a while. It returns
// when to ask itself again, zero for when a try has failed.
func (l *Ladder) despair() time.Time {
	hopeful := func(w *way) bool { return !w.retired && w.failures < DespairAfter }
	awaited := len(l.ways) == 0 && l.despaired.IsZero() // the first one is on its way
	if l.current != nil || awaited || slices.ContainsFunc(l.ways, hopeful) {
		return time.Time{}
	}
	if again := l.despaired.Add(DespairAgain); !l.despaired.IsZero() && time.Now().Before(again) {
		return again
	}
	l.despaired = time.Now()
	l.emit(ConfigWanted{})
	return l.despaired.Add(DespairAgain)
}

// attempt tries one way, and reports whether its socket is the current one now.
// As long as there is another, it is taken only once it is subscribed as well.
func (l *Ladder) attempt(ctx context.Context, w *way) bool {
	ctx, cancel := context.WithTimeout(ctx, TryLimit)
	defer cancel()
	l.mu.Lock()
	if l.cut || !slices.Contains(l.ways, w) {
		l.mu.Unlock()
		return false
	}
	l.cancelTry = cancel
	l.mu.Unlock()

	s, err := open(ctx, l.dial, w.endpoint, l.received, l.ended)
	followed := ""
	if err == nil {
		if aside := l.aside(); aside != "" {
			followed, err = aside, l.subscribe(ctx, s, aside)
			err = unretiring(err)
		}
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancelTry = nil
	if err == nil && ctx.Err() == nil && s.alive() {
		l.adopt(s, w)
		l.confirm(s, followed)
		return true
	}
	if s != nil {
		s.close(errClosed)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return false // called off: that says nothing about the way
	}
	if err == nil {
		err = s.err
	}
	l.judge(w, err)
	l.emit(Failed{w.provider, plain(err).Error()})
	return false
}

// aside is the conversation that a new socket has to be subscribed to before it
// takes the current one's place. Where there is none, it is better than
// nothing at once.
func (l *Ladder) aside() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil {
		return ""
	}
	return l.follow
}

// adopt makes s the current socket.
func (l *Ladder) adopt(s *socket, w *way) {
	if old := l.current; old != nil {
		old.close(errClosed)
	}
	l.current, l.using, l.subscribed = s, w, ""
	l.emit(Up{w.provider, w.address})
}

// unretiring is err for judge where a subscription failed: that one channel is
// refused says nothing about the others, whatever the code.
func unretiring(err error) error {
	var refused protocolError
	if errors.As(err, &refused) {
		return errRefused
	}
	return err
}

// plain is err as it may be told: what a network or a server says at length
// stays out of the log.
func plain(err error) error {
	var closed CloseError
	var refused protocolError
	switch {
	case errors.As(err, &closed):
		return closed
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.Is(err, errSilent), errors.Is(err, errDropped), errors.Is(err, errClosed), errors.Is(err, errRefused):
		return err
	}
	return errors.New("it cannot be reached")
}
