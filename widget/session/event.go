package session

import "chatbot/widget/wire"

// Event is something that happened.
type Event interface{ event() }

// What the visitor and the page do. These come from the ui and the host page.
type (
	// Send is a text the visitor wants sent, written At (zero means now). Given
	// without a ClientID, package client chooses one; the same ClientID twice
	// counts once.
	Send struct {
		Text, ClientID string
		At             wire.Time
		ReplyTo        string // id of the message that it answers, or empty
	}
	// Revise gives an own message another text, and Remove deletes one. React adds
	// the visitor's emoji to a message or takes it away.
	Revise struct{ MessageID, Body string }
	Remove struct{ MessageID string }
	React  struct {
		MessageID, Emoji string
		On               bool
	}
	// Stop ends an answer that is being written.
	Stop struct{ MessageID string }
	// Typed means that the text in the composer changed; Blank that none is left.
	Typed struct{ Blank bool }
	// Retry sends a failed entry again, and Delete forgets an entry that is not
	// on its way.
	Retry  struct{ ClientID string }
	Delete struct{ ClientID string }
	// Open and Close are the panel's.
	Open  struct{}
	Close struct{}
	// Older asks for the messages before the first one known.
	Older struct{}
	// Trim forgets all but the last Keep messages, or more where some of them are
	// not read. They can be asked for again. A tab that follows has what the leader
	// has.
	Trim struct{ Keep int }
	// Dismiss takes the notice away.
	Dismiss struct{}
	// StartOver leaves a conversation that Ended and begins a new one with what
	// is in the outbox.
	StartOver struct{}
	// Reset forgets the visitor: conversation, messages and outbox.
	Reset struct{}
	// Invite makes an invitation, which then stands in State.Invitation until it
	// is put away.
	Invite  struct{}
	PutAway struct{}
	// Offered means that the visitor came by an invitation. It is used up only
	// when they Join under a name, which may be empty; the outbox must be empty
	// then. Decline forgets it.
	Offered struct{ Code string }
	Join    struct {
		Code, Name string
		// Nonce proves to the server, should the answer be lost, that it is the
		// same visitor who asks again. Without one, package client makes it.
		Nonce string
	}
	Decline struct{}
	// Seen means that everything up to a Seq stands, or has stood, on the screen.
	// It counts as read when the panel is open and has the visitor's attention.
	Seen struct{ Seq int64 }
	// Read means that everything up to a Seq was read in another tab.
	Read struct{ Seq int64 }
	// Attention means that the page that embeds the chat has got or lost the focus,
	// and Focus that the chat itself has. Neither is told of the other's: the
	// visitor attends where one of them has it and nothing is hidden.
	Attention struct{ Given bool }
	Focus     struct{ In bool }
	// Identify says who the visitor is on the site; a zero User is nobody in
	// particular. As somebody else than before it implies Reset.
	Identify struct{ User wire.User }
	// Online and Offline are the browser's opinion of the network. Shown and
	// Hidden tell whether the visitor can see the page.
	Online  struct{}
	Offline struct{}
	Shown   struct{}
	Hidden  struct{}
)

// What package client reports.
type (
	// Started comes first, with what was kept from the last time.
	// With Following another tab may lead, and nothing is done before a Lead or a
	// Mirrored says which.
	Started struct {
		Saved     Saved
		Following bool
	}
	// Lead makes this tab the one that speaks to the server, with what is kept;
	// StandDown makes it follow. Mirrored is the leader's state.
	Lead      struct{ Saved Saved }
	StandDown struct{}
	Mirrored  struct{ Shared Shared }
	// Tick means that the time asked for by Wake has come.
	Tick struct{}
	// Unsaved means that the browser refused to store something.
	Unsaved struct{}

	// Configured is the server's config; ConfigWanted means that it is to be
	// asked for again.
	Configured   struct{ Config wire.Config }
	ConfigFailed struct{ Failure Failure }
	ConfigWanted struct{}

	// Created answers CreateConversation. User is for whom it was asked.
	Created struct {
		User    wire.User
		Session wire.Session
	}
	CreateFailed struct {
		User    wire.User
		Failure Failure
	}

	// Joined answers JoinConversation.
	Joined     struct{ Session wire.Session }
	JoinFailed struct{ Failure Failure }

	// Sent answers SendMessage.
	Sent       struct{ Message wire.Message }
	SendFailed struct {
		ConversationID, ClientID string
		Failure                  Failure
	}

	// Revised answers ReviseMessage, RemoveMessage, StopMessage and ReactTo. Of the
	// first one, the failure holds what was wanted.
	Revised struct {
		ConversationID string
		Message        wire.Message
	}
	ReviseFailed struct {
		ConversationID string
		Revise         Revise
		Failure        Failure
	}

	// PageFetched is what changed since a cursor; it may come unasked.
	PageFetched struct {
		ConversationID string
		Page           wire.Page
	}
	FetchFailed struct {
		ConversationID string
		Failure        Failure
	}

	// HistoryFetched answers FetchHistory.
	HistoryFetched struct {
		ConversationID string
		Before         int64
		Page           wire.Page
	}
	HistoryFailed struct {
		ConversationID string
		Before         int64
		Failure        Failure
	}

	// Invited answers MakeInvitation.
	Invited struct {
		ConversationID string
		Invitation     wire.Invitation
	}
	InviteFailed struct {
		ConversationID string
		Failure        Failure
	}

	// SocketUp means that a socket is connected, Subscribed that it carries the
	// conversation's channel, and SocketDown that there is no socket any more.
	SocketUp struct {
		Provider wire.Provider
		Address  string // host:port
	}
	Subscribed struct {
		Provider       wire.Provider
		ConversationID string
	}
	SocketDown struct {
		Provider wire.Provider
		Reason   string
	}
	// SocketFailed means that a try at one came to nothing.
	SocketFailed struct {
		Provider wire.Provider
		Reason   string
	}

	// Changed is an event of the conversation's channel that something was
	// stored: a Message or a Participant. Without either it says only that.
	Changed struct {
		ConversationID string
		Provider       wire.Provider
		Message        *wire.Message
		Participant    *wire.Participant
		Rev            int64
		Epoch          string
	}
	// Streamed is the next words of a message that is being written.
	Streamed struct {
		ConversationID string
		Delta          wire.MessageDelta
	}
	// ReadMarked answers MarkRead; Seq is the mark that counts.
	ReadMarked struct {
		ConversationID string
		Seq            int64
	}
	ReadFailed struct {
		ConversationID string
		Failure        Failure
	}

	// Renewed answers Renew.
	Renewed struct {
		ConversationID string
		Token          string
		ExpiresAt      wire.Time
	}
	RenewFailed struct {
		ConversationID string
		Failure        Failure
	}

	// Signalled is a passing state of a participant.
	Signalled struct {
		ConversationID string
		Signal         wire.Signal
	}
)

// Failure says why a call did not succeed. Lost means that there was no answer:
// the call may have been carried out nonetheless.
type Failure struct {
	Code       wire.Code
	Text       string
	RetryAfter int // seconds
	Lost       bool
}

// Saved is what outlives the page: all that is needed to go on after a reload.
// The token is kept beside it by package client.
type Saved struct {
	ConversationID string      `json:"conversationId,omitempty"`
	Self           string      `json:"self,omitempty"`
	Cursor         wire.Cursor `json:"cursor,omitzero"`
	ReadSeq        int64       `json:"readSeq,omitempty"`
	// ExpiresAt is when the token ends, 0 where that is not known.
	ExpiresAt wire.Time `json:"expiresAt,omitzero"`
	// UserID is who the visitor is on the site, empty for nobody in particular.
	UserID string `json:"userId,omitempty"`
	// Join is under way, or has no Code.
	Join Join `json:"join,omitzero"`
	// Outbox is kept entry by entry, beside the rest.
	Outbox []Entry `json:"-"`
}

func (Send) event()           {}
func (Typed) event()          {}
func (Revise) event()         {}
func (Remove) event()         {}
func (React) event()          {}
func (Stop) event()           {}
func (Streamed) event()       {}
func (Revised) event()        {}
func (ReviseFailed) event()   {}
func (Retry) event()          {}
func (Delete) event()         {}
func (Open) event()           {}
func (Close) event()          {}
func (Older) event()          {}
func (Trim) event()           {}
func (Dismiss) event()        {}
func (StartOver) event()      {}
func (Reset) event()          {}
func (Invite) event()         {}
func (PutAway) event()        {}
func (Offered) event()        {}
func (Join) event()           {}
func (Seen) event()           {}
func (Read) event()           {}
func (Attention) event()      {}
func (Focus) event()          {}
func (Identify) event()       {}
func (Lead) event()           {}
func (StandDown) event()      {}
func (Mirrored) event()       {}
func (ReadMarked) event()     {}
func (ReadFailed) event()     {}
func (Renewed) event()        {}
func (RenewFailed) event()    {}
func (Decline) event()        {}
func (Online) event()         {}
func (Offline) event()        {}
func (Shown) event()          {}
func (Hidden) event()         {}
func (Started) event()        {}
func (Tick) event()           {}
func (Unsaved) event()        {}
func (Configured) event()     {}
func (ConfigFailed) event()   {}
func (ConfigWanted) event()   {}
func (Created) event()        {}
func (CreateFailed) event()   {}
func (Joined) event()         {}
func (JoinFailed) event()     {}
func (Sent) event()           {}
func (SendFailed) event()     {}
func (PageFetched) event()    {}
func (FetchFailed) event()    {}
func (HistoryFetched) event() {}
func (HistoryFailed) event()  {}
func (Invited) event()        {}
func (InviteFailed) event()   {}
func (SocketUp) event()       {}
func (Subscribed) event()     {}
func (SocketDown) event()     {}
func (SocketFailed) event()   {}
func (Changed) event()        {}
func (Signalled) event()      {}
