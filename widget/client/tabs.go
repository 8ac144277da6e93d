package client

import (
	"context"
	"encoding/json"
	"time"

	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// Tabs are the visitor's tabs with this chat. At any time one of them leads.
type Tabs interface {
	// Lead asks for the lead, and calls changed with true when this tab has it
	// and with false when another tab has taken it away. With take it does not
	// wait for the tab that has it. Changed must not block.
	Lead(take bool, changed func(leads bool))
	// Post sends a message to all other tabs, Listen takes theirs.
	Post(message []byte)
	Listen(receive func(message []byte))
}

// leaderPatience is how long a tab waits for a word of the one that leads
// before it takes the lead. A tab in the background may be frozen.
const leaderPatience = 3 * time.Second

// note is a message between tabs. Which fields count goes by Kind.
type note struct {
	Kind noteKind `json:"kind"`
	// Of noteState: the N-th of the leader From, and whether nobody sees its tab.
	From   string          `json:"from,omitempty"`
	N      int             `json:"n,omitempty"`
	Hidden bool            `json:"hidden,omitempty"`
	State  *session.Shared `json:"state,omitempty"`
	// Of noteEvent: the event's name and what it holds.
	Event string          `json:"event,omitempty"`
	Data  json.RawMessage `json:"data,omitempty"`
}

type noteKind string

const (
	noteHello noteKind = "hello" // a follower asks for the whole state
	noteHere  noteKind = "here"  // a follower has the whole state of a leader that is new to it
	noteState noteKind = "state"
	noteEvent noteKind = "event" // the visitor did something in a follower
)

// sharing is what a Client knows of the other tabs. It belongs to Run's
// goroutine, but for what Do may set.
type sharing struct {
	name      string        // of this tab
	followers bool          // somebody was heard to listen to this leader
	sent      int           // states sent
	shown     session.State // the last one
	last      string        // as it was encoded, but for its number
	leader    string        // whose states are followed
	got       int           // the number of the last one
	patience  *time.Timer   // until the lead is taken
	taking    bool          // the lead was asked for, not to wait for it
	holds     bool          // the browser has given this tab the lead
	led       bool          // it does lead, and has not seen another one do so
	hidden    bool
}

// joinTabs begins to work together with the other tabs.
func (c *Client) joinTabs() {
	c.sharing.name = c.options.NewID()
	c.options.Tabs.Listen(func(message []byte) {
		var n note
		if json.Unmarshal(message, &n) == nil { // another version's note is nobody's loss
			c.put(item{note: &n})
		}
	})
	c.options.Tabs.Lead(false, c.leadChanged)
	c.ask()
}

func (c *Client) leadChanged(leads bool) {
	if leads {
		c.put(item{event: session.Lead{}})
		return
	}
	c.put(item{event: session.StandDown{}})
}

// ask wants the leader's whole state, and takes the lead if nobody answers.
func (c *Client) ask() {
	c.post(note{Kind: noteHello})
	c.expect()
}

// expect gives the tab that leads some time to say something.
func (c *Client) expect() {
	if c.sharing.patience == nil {
		c.sharing.patience = time.AfterFunc(leaderPatience, func() { c.put(item{silence: true}) })
	}
}

// answered means that there is a leader that can speak.
func (c *Client) answered() {
	if c.sharing.patience != nil {
		c.sharing.patience.Stop()
		c.sharing.patience = nil
	}
}

// replaced reports whether another tab has taken the lead from this one, which may
// have been frozen since and know nothing of it: neither may it begin a second
// conversation, nor undo what the other keeps.
func (c *Client) replaced() bool {
	if !c.sharing.led {
		return false
	}
	leader, ok := c.options.Storage.Get(keyLeader)
	return ok && leader != `"`+c.sharing.name+`"`
}

// lead makes this tab the one that speaks to the server, with what is kept.
func (c *Client) lead(ctx context.Context) {
	c.answered()
	c.sharing.taking, c.sharing.led, c.sharing.leader = false, true, "" // whose next state has to be whole
	c.set(keyLeader, c.sharing.name)
	c.step(ctx, session.Lead{Saved: c.load()})
	c.sharing.shown = session.State{}
	c.share(true) // those who asked while nobody led, and say then that they are here
}

// standDown follows from now on, unless this tab does already.
func (c *Client) standDown(ctx context.Context) {
	if c.sharing.led || c.leading() {
		c.sharing.led = false
		c.step(ctx, session.StandDown{})
		c.ask()
	}
}

func (c *Client) leading() bool {
	s := c.State()
	return s.Leading()
}

// takeLead is for a tab in view: one that nobody sees can wait.
func (c *Client) takeLead(ctx context.Context) {
	c.answered()
	if c.sharing.holds && !c.leading() {
		c.lead(ctx)
		return
	}
	if !c.leading() && !c.sharing.hidden && !c.sharing.taking {
		c.sharing.taking = true
		c.options.Tabs.Lead(true, c.leadChanged)
	}
}

// heed takes a note of another tab.
func (c *Client) heed(ctx context.Context, n note) {
	leading := c.leading()
	switch {
	case n.Kind == noteHello && !leading && c.sharing.holds: // the one that was taken for the leader is none
		c.lead(ctx)
	case n.Kind == noteHello && leading:
		c.sharing.followers, c.sharing.shown = true, session.State{}
		c.share(true)
	case n.Kind == noteHere && leading:
		c.sharing.followers = true
	case n.Kind == noteEvent && leading:
		c.sharing.followers = true
		if e, ok := decodeEvent(n); ok {
			c.step(ctx, e)
		}
	case n.Kind == noteState && !leading && n.State != nil:
		c.follow(ctx, n)
	}
}

// follow shows the leader's state. One that does not fit the one before is
// asked for whole. The tab in view leads: one in the background may be slowed
// down or frozen.
func (c *Client) follow(ctx context.Context, n note) {
	c.answered()
	fits := n.State.Whole || n.From == c.sharing.leader && n.N == c.sharing.got+1
	if !fits {
		c.ask()
		return
	}
	if n.From != c.sharing.leader {
		c.post(note{Kind: noteHere})
	}
	c.sharing.leader, c.sharing.got = n.From, n.N
	c.step(ctx, session.Mirrored{Shared: *n.State})
	if n.Hidden && !c.sharing.hidden {
		c.takeLead(ctx)
	}
}

// share shows the others what has changed, or in a new lead the whole to whoever
// may be there. A tab that is alone has nobody to encode it for.
func (c *Client) share(whole bool) {
	if !c.sharing.followers && !whole {
		return
	}
	s := c.State()
	if !s.Leading() {
		return
	}
	n := note{Kind: noteState, From: c.sharing.name, Hidden: c.sharing.hidden}
	shared := s.Share(c.sharing.shown)
	shared.Whole = shared.Whole || whole
	n.State = &shared
	encoded, err := json.Marshal(n)
	if err != nil || !shared.Whole && string(encoded) == c.sharing.last {
		return // nothing in a note can fail to encode
	}
	c.sharing.shown, c.sharing.last = s, string(encoded)
	c.sharing.sent++
	n.N = c.sharing.sent
	c.post(n)
}

func (c *Client) post(n note) {
	encoded, err := json.Marshal(n)
	if err != nil {
		return // nothing in a note can fail to encode
	}
	c.options.Tabs.Post(encoded)
}

// forward hands what the visitor did on to the tab that leads, and takes the
// lead if that does not answer with its new state.
func (c *Client) forward(e session.Event) {
	n, ok := encodeEvent(e)
	if !ok {
		return
	}
	c.post(n)
	c.expect()
}

// seen takes down whether this tab is in view, and looks who leads when it
// comes into view.
func (c *Client) seen(hidden bool) {
	c.sharing.hidden = hidden
	if c.options.Tabs == nil {
		return
	}
	if c.leading() {
		c.share(false) // tells that it is hidden
		return
	}
	if !hidden {
		c.ask()
	}
}

// encodeEvent makes a note of an event that may be handed on.
func encodeEvent(e session.Event) (n note, ok bool) {
	n.Kind = noteEvent
	switch e.(type) {
	case session.Send:
		n.Event = "send"
	case session.Revise:
		n.Event = "revise"
	case session.Remove:
		n.Event = "remove"
	case session.React:
		n.Event = "react"
	case session.Stop:
		n.Event = "stop"
	case session.Retry:
		n.Event = "retry"
	case session.Delete:
		n.Event = "delete"
	case session.Older:
		n.Event = "older"
	case session.Dismiss:
		n.Event = "dismiss"
	case session.Typed:
		n.Event = "typed"
	case session.StartOver:
		n.Event = "startOver"
	case session.Reset:
		n.Event = "reset"
	case session.Invite:
		n.Event = "invite"
	case session.PutAway:
		n.Event = "putAway"
	case session.Join:
		n.Event = "join"
	case session.Read:
		n.Event = "read"
	case session.Identify:
		n.Event = "identify"
	default:
		return n, false
	}
	data, err := json.Marshal(e)
	n.Data = data
	return n, err == nil
}

// decodeEvent is the event that a note is about.
func decodeEvent(n note) (session.Event, bool) {
	switch n.Event {
	case "send":
		e, ok := decode[session.Send](n)
		return e, ok && wire.ValidID(e.ClientID)
	case "revise":
		return decode[session.Revise](n)
	case "remove":
		return decode[session.Remove](n)
	case "react":
		return decode[session.React](n)
	case "stop":
		return decode[session.Stop](n)
	case "retry":
		return decode[session.Retry](n)
	case "delete":
		return decode[session.Delete](n)
	case "older":
		return session.Older{}, true
	case "dismiss":
		return session.Dismiss{}, true
	case "typed":
		return decode[session.Typed](n)
	case "startOver":
		return session.StartOver{}, true
	case "reset":
		return session.Reset{}, true
	case "invite":
		return session.Invite{}, true
	case "putAway":
		return session.PutAway{}, true
	case "join":
		return decode[session.Join](n)
	case "read":
		return decode[session.Read](n)
	case "identify":
		return decode[session.Identify](n)
	}
	return nil, false
}

func decode[E any](n note) (e E, ok bool) {
	return e, json.Unmarshal(n.Data, &e) == nil
}
