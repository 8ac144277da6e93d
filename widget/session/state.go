// Package session is what a visitor's chat is: a pure state machine. Step takes
// the state, something that happened and the time, and gives the next state and
// what is to be done about it. It does no I/O, reads no clock and knows no
// browser.
//
// States are values and are never changed: Step copies what it alters, so an
// older State stays valid and may be read from any goroutine, and one owner
// (package client) holds the newest. Only at the end of Messages is something
// added in place, behind what older States know of.
package session

import (
	"slices"

	"chatbot/widget/wire"
)

// State is everything the widget knows. The zero State is a widget that has
// not been started.
type State struct {
	// Config is what the server said of itself; it counts once Loaded is true.
	Config wire.Config
	Loaded bool

	// ConversationID is empty as long as there is no conversation.
	ConversationID string
	// Self is the visitor's participant id in the conversation.
	Self string
	// Cursor is how far the conversation's changes are known.
	Cursor wire.Cursor

	// Messages are those known, by Seq, without an entry twice.
	Messages []wire.Message
	// Edition counts how often Messages changed other than by growing at its end.
	Edition int
	// Streams are the messages of which more is known than their Body.
	Streams []Ahead
	// HasOlder says that messages before the first of Messages exist, and
	// LoadingOlder that they were asked for.
	HasOlder     bool
	LoadingOlder bool
	// Outbox holds what the visitor wrote and the server has not confirmed, in
	// the order of writing.
	Outbox []Entry
	// Participants are the others and the visitor, as far as they are known, with
	// how far they have read.
	Participants []wire.Participant
	// Signals are the passing states of other participants. One counts until
	// its Until.
	Signals []Signal

	Realtime Realtime
	Link     Link

	Open bool
	// Unread counts the messages of others that are not read, but for what has
	// just come while the visitor looks at the talk. FirstUnread is the Seq of the
	// first one when the panel was opened last, 0 where there was none.
	Unread      int
	FirstUnread int64

	// Notice is something the visitor should be told; its Code is empty when
	// there is nothing.
	Notice Notice
	// Unrevised is the correction that was refused last, or that did not get
	// through: it is not tried again, and not lost either.
	Unrevised Revise
	// Unsaved says that the browser refuses storage: what is in the outbox is
	// lost with the page.
	Unsaved bool
	// Invitation is the one last made, nil where there is none. Offer is the
	// code of one by which the visitor came and that they have not answered.
	Invitation *wire.Invitation
	Offer      string
	// Ended says that the conversation cannot be gone on with: its token
	// expired or was revoked. The outbox is kept, and StartOver begins anew.
	Ended bool

	work work
}

// EntryState is how far an entry of the outbox has come.
type EntryState string

// The states of an entry. One that was sent leaves the outbox.
const (
	Queued  EntryState = "queued"
	Sending EntryState = "sending"
	// Failed means refused for good: nothing more happens without a Retry.
	Failed EntryState = "failed"
)

// Entry is a text that the visitor wrote and the server has not confirmed.
type Entry struct {
	ClientID string     `json:"clientId"`
	Body     string     `json:"body"`
	At       wire.Time  `json:"at"` // when it was written, by the visitor's clock
	ReplyTo  string     `json:"replyTo,omitempty"`
	State    EntryState `json:"state"`
	// Code and Reason say why a Failed entry was refused, for programs and for
	// people.
	Code   wire.Code `json:"code,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// Signal is a passing state of a participant, for example that the bot thinks.
type Signal struct {
	Author wire.Author
	Type   wire.SignalType
	Until  wire.Time
}

// Subscription is a confirmed subscription to a conversation's channel.
type Subscription struct {
	Channel  string        `json:"channel"`
	Provider wire.Provider `json:"provider"`
}

// Realtime is how changes reach the widget now.
type Realtime struct {
	// Connected is true when the conversation's channel is subscribed, or, with
	// no conversation yet, when a socket is connected.
	Connected bool
	Provider  wire.Provider
	Channel   *Subscription // nil when nothing is subscribed
}

// LinkState is what may be said of the link to the server.
type LinkState string

// The states of the link.
const (
	LinkConnecting   LinkState = "connecting"
	LinkLive         LinkState = "live" // the server answers, by socket or by polling
	LinkReconnecting LinkState = "reconnecting"
	LinkOffline      LinkState = "offline" // the browser says that there is no network
)

// Link is a LinkState and since when it lasts. What lasts shorter than
// LinkPatience is not worth telling the visitor.
type Link struct {
	State LinkState
	Since wire.Time
}

// LinkPatience is how long a lost link is borne in silence, in milliseconds.
const LinkPatience = 2000

// Shown is the state to show at now: a loss is shown after LinkPatience, until
// then the link counts as live.
func (l Link) Shown(now wire.Time) LinkState {
	if l.State != LinkLive && now-l.Since < LinkPatience {
		return LinkLive
	}
	return l.State
}

// Notice is something the visitor should be told. Text is plain English;
// Code is for those who show it in another language.
type Notice struct {
	Code wire.Code
	Text string
	// RetryAfter is how many seconds to wait, 0 where waiting does not help; Until
	// is when they have passed and the notice goes by itself.
	RetryAfter int
	Until      wire.Time
	// Again says that what was refused is not done unless the visitor does it
	// again.
	Again bool
}

// Item is one line of the timeline: a message of the conversation or an entry
// of the outbox; exactly one of them is not nil.
type Item struct {
	Message *wire.Message
	Entry   *Entry
	own     bool // the visitor's, and known by its client id
}

// Key identifies the item for a list that is drawn again and again. It stays
// the same when an entry of the outbox becomes a message.
func (i Item) Key() string {
	switch {
	case i.Entry != nil:
		return "own-" + i.Entry.ClientID
	case i.own:
		return "own-" + i.Message.ClientID
	}
	return "message-" + i.Message.ID
}

// Timeline is what stands in the log: the messages, then what is still on its
// way.
func (s *State) Timeline() []Item {
	items := make([]Item, s.Len())
	for i := range items {
		items[i] = s.Item(i)
	}
	return items
}

// Len is the length of the timeline, and Item one of its lines.
func (s *State) Len() int { return len(s.Messages) + len(s.Outbox) }

// Item is the i-th line of the timeline, from 0.
func (s *State) Item(i int) Item {
	if i >= len(s.Messages) {
		return Item{Entry: &s.Outbox[i-len(s.Messages)]}
	}
	m := &s.Messages[i]
	return Item{Message: m, own: s.Own(m) && m.ClientID != ""}
}

// Typing are the others who are writing, or thinking, at now.
func (s *State) Typing(now wire.Time) []wire.Author {
	var authors []wire.Author
	for _, signal := range s.Signals {
		writing := signal.Type == wire.SignalTyping || signal.Type == wire.SignalThinking
		if writing && signal.Until > now && !slices.Contains(authors, signal.Author) {
			authors = append(authors, signal.Author)
		}
	}
	return authors
}

// ReadBy are the people who have read up to a Seq, without the visitor.
func (s *State) ReadBy(seq int64) (readers []wire.Participant) {
	for _, p := range s.Participants {
		if p.ID != s.Self && p.Role != wire.RoleBot && p.ReadSeq >= seq {
			readers = append(readers, p)
		}
	}
	return readers
}

// Delivered reports whether a message with a Seq has reached somebody else.
func (s *State) Delivered(seq int64) bool {
	for _, p := range s.Participants {
		if p.ID != s.Self && p.Role != wire.RoleBot && p.DeliveredSeq >= seq {
			return true
		}
	}
	return false
}

// Awaiting reports whether there is a talk of which nothing is known yet.
func (s *State) Awaiting() bool {
	return s.ConversationID != "" && len(s.Messages) == 0 && (s.work.history.wanted || s.work.following && s.Cursor.Rev > 0)
}

// Present are the other people who are here at now, and whether any of them has
// the conversation before their eyes.
func (s *State) Present(now wire.Time) (people []wire.Author, online bool) {
	for _, signal := range s.Signals {
		if presence(signal.Type) && signal.Until > now && signal.Author.ID != s.Self {
			people = append(people, signal.Author)
			online = online || signal.Type == wire.SignalOnline
		}
	}
	return people, online
}

// Own reports whether the visitor wrote m.
func (s *State) Own(m *wire.Message) bool { return s.Self != "" && m.Author.ID == s.Self }

// Public is what the host page may know at any moment: ChatbotWidget.state.
type Public struct {
	RealtimeConnected   bool          `json:"realtimeConnected"`
	RealtimeProvider    wire.Provider `json:"realtimeProvider"`
	ChannelSubscription *Subscription `json:"channelSubscription"`
	Unread              int           `json:"unread"`
}

// Public is the part of s for the host page.
func (s *State) Public() Public {
	return Public{s.Realtime.Connected, s.Realtime.Provider, s.Realtime.Channel, s.Unread}
}

// Saved is the part of s that outlives the page.
func (s *State) Saved() Saved {
	saved := Saved{ConversationID: s.ConversationID, Self: s.Self, Cursor: s.Cursor, ReadSeq: s.work.readSeq,
		ExpiresAt: s.work.expiresAt, UserID: s.work.userID, Outbox: slices.Clone(s.Outbox)}
	if s.work.join.wanted {
		saved.Join = s.work.invite
	}
	for i := range saved.Outbox {
		if saved.Outbox[i].State == Sending {
			saved.Outbox[i].State = Queued
		}
	}
	return saved
}

// work is the machine's own bookkeeping, of no interest to anybody who shows
// the state.
type work struct {
	started   wire.Time
	following bool          // another tab speaks to the server
	handed    []string      // client ids handed to that tab, and not seen to have arrived
	heard     bool          // that tab has shown its state
	unheard   []Event       // what else was handed on before it has
	socket    wire.Provider // whose socket is connected

	readSeq   int64 // everything up to here is read
	markedSeq int64 // and the server knows it up to here
	onScreen  int64 // everything up to here has stood on the screen

	deliveredSeq int64     // everything up to here has come, and the server knows it
	delivering   int64     // and up to here it was told
	deliverAt    wire.Time // when the server is to be told that more has come
	markAt       wire.Time // when it may be told again how far the visitor has read
	attentive    bool      // the page has the focus
	focused      bool      // the chat itself has it
	hidden       bool      // nobody can see the page
	attended     wire.Time // when the focus moved last while the visitor looked
	glance       wire.Time // until when what has come since does not count as unread, 0 where nothing has

	present  wire.Time       // when it is to be told again that the visitor is here
	presence wire.SignalType // as it was told last
	typed    wire.Time       // when it was told last that the visitor writes, 0 for not

	user      wire.User // who the visitor is on the site
	userID    string    // whose the conversation is
	expiresAt wire.Time // of the token

	config  task // asks for the config
	begin   task // asks for a conversation
	join    task // enters another conversation
	invite  Join
	read    task // tells the server how far the visitor has read
	renew   task // asks for a new token
	history task // asks for the latest messages of a conversation gone on with
	send    task // sends the outbox; running is told by inFlight

	inFlight string         // the client id of the message that was sent and not answered
	accepted bool           // a message was accepted, and the host was told
	asked    wire.Time      // when the visitor wrote what has no answer yet
	held     []Changed      // events that came before their predecessors
	catching bool           // the last page was not all: more of the changes are to come
	sure     int64          // the rev up to which all is shown, while that is so
	ahead    []wire.Message // of those pages, what would leave a gap until then
	wake     wire.Time      // when a Tick was asked for
}

// task is something that is tried until it succeeds.
type task struct {
	wanted  bool
	running bool
	tries   int
	notTill wire.Time
	told    bool // notTill is the server's wish
}
