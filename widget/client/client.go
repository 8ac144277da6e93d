// Package client is a visitor's chat at work: it owns the session's state,
// carries out what the session wants done, and feeds what comes of it back.
//
// Events are taken in by Do from any goroutine and applied one after the other
// by Run. Nothing that may take time is done there: calls have goroutines of
// their own and end as events.
package client

import (
	"context"
	"sync"
	"time"

	"chatbot/widget/api"
	"chatbot/widget/realtime"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// Storage keeps texts beyond the page. Set and Remove report whether they could.
type Storage interface {
	Keys() []string
	Get(key string) (value string, ok bool)
	Set(key, value string) bool
	Remove(key string) bool
}

// Options are what a Client is made of.
type Options struct {
	API api.Client
	// Config is what the server has just said of itself; nil to ask for it.
	Config  *wire.Config
	Storage Storage
	// Tabs joins the visitor's tabs; nil where a browser does not offer it.
	Tabs Tabs
	// Dial opens sockets; nil means realtime.WebSocket.
	Dial realtime.Dial
	// Show draws a state. It is called by Run and must not block.
	Show func(session.State)
	// Notify tells the host page. It is called by Run and must not block.
	Notify func(session.Notify)
	Now    func() wire.Time
	// NewID makes ids that nobody else makes or guesses: client ids and the nonces
	// of joins. They have wire.MinNonceLength bytes at least.
	NewID func() string
	// Debug tells the story of the realtime connection by Notify, and Texts
	// includes what people write.
	Debug, Texts bool
}

// Client is one visitor's chat. Make it with New.
type Client struct {
	options Options
	ladder  *realtime.Ladder
	wake    chan struct{}
	made    wire.Time // when
	// What follows belongs to Run's goroutine.
	timer   *time.Timer              // of the last Wake
	entries map[string]session.Entry // of the outbox as they are kept
	putOff  bool                     // something may wait and is not kept yet
	savedAt wire.Time                // when something was
	sharing sharing
	// revoking is closed when nothing is being revoked any more; nil where nothing was.
	revoking chan struct{}

	mu    sync.Mutex // guards what follows
	queue []item
	state session.State
	token string
	// signalTag names the signals that the last poll brought.
	signalTag string
}

// item is something to be applied: an event, a note of another tab, or that
// the tab that leads was silent. Done, where there is one, is closed after.
type item struct {
	event   session.Event
	note    *note
	silence bool
	done    chan struct{}
}

// New makes a Client that goes on where the visitor left off.
func New(o Options) *Client {
	c := &Client{options: o, wake: make(chan struct{}, 1), made: o.Now()}
	c.ladder = realtime.New(realtime.Options{
		Dial:      o.Dial,
		Authorize: c.authorize,
		Fetch:     c.fetch,
		Emit:      c.heard,
	})
	c.Do(session.Started{Saved: c.load(), Following: o.Tabs != nil})
	if o.Tabs != nil {
		c.joinTabs()
	}
	return c
}

// Run works until ctx ends.
func (c *Client) Run(ctx context.Context) {
	var ladder sync.WaitGroup
	ladder.Go(func() { c.ladder.Run(ctx) })
	c.revokeRest(ctx)
	for {
		select {
		case <-c.wake:
			c.drain(ctx)
		case <-ctx.Done():
			ladder.Wait()
			if c.timer != nil {
				c.timer.Stop()
			}
			c.answered()
			return
		}
	}
}

// Do takes an event. It returns at once.
func (c *Client) Do(e session.Event) { c.put(item{event: e}) }

// Apply takes an event and waits until it has been applied, or ctx ends.
func (c *Client) Apply(ctx context.Context, e session.Event) {
	done := make(chan struct{})
	c.put(item{event: e, done: done})
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// State is the newest one.
func (c *Client) State() session.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Cut refuses sockets until it is called with false, to watch what happens then.
func (c *Client) Cut(cut bool) { c.ladder.Cut(cut) }

func (c *Client) put(i item) {
	switch e := i.event.(type) {
	case session.Send:
		if e.ClientID == "" {
			e.ClientID = c.options.NewID()
			i.event = e
		}
	case session.Join:
		if e.Nonce == "" {
			e.Nonce = c.options.NewID()
			i.event = e
		}
	}
	c.mu.Lock()
	c.queue = append(c.queue, i)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// drain applies all that waits, and draws once for all of it.
func (c *Client) drain(ctx context.Context) {
	c.mu.Lock()
	items := c.queue
	c.queue = nil
	c.mu.Unlock()
	for _, i := range items {
		if c.replaced() {
			c.standDown(ctx)
		}
		c.apply(ctx, i)
		if i.done != nil {
			close(i.done)
		}
	}
	c.options.Show(c.State())
	if c.options.Tabs != nil {
		c.share(false)
	}
}

func (c *Client) apply(ctx context.Context, i item) {
	switch e := i.event.(type) {
	case nil:
		if i.note != nil {
			c.heed(ctx, *i.note)
		} else if i.silence {
			c.takeLead(ctx)
		}
	case session.Lead:
		c.sharing.holds = true
		c.lead(ctx)
	case session.StandDown:
		c.sharing.holds = false
		c.standDown(ctx)
	case session.Shown, session.Hidden:
		c.step(ctx, e)
		_, hidden := e.(session.Hidden)
		if hidden {
			c.saveRest()
		}
		c.seen(hidden)
	default:
		c.step(ctx, e)
	}
}

func (c *Client) step(ctx context.Context, e session.Event) {
	c.mu.Lock()
	next, effects := session.Step(c.state, e, c.options.Now())
	c.state = next
	c.mu.Unlock()
	for _, effect := range effects {
		c.perform(ctx, effect)
	}
}
