package session

import "chatbot/widget/wire"

// Effect is something to be done. Effects of one Step are begun in their order;
// what they lead to comes back as an Event.
type Effect interface{ effect() }

// The calls. Each is answered by one event.
type (
	// LoadConfig is answered by Configured or ConfigFailed.
	LoadConfig struct{}
	// CreateConversation is answered by Created or CreateFailed, and
	// JoinConversation by Joined or JoinFailed.
	CreateConversation struct{ User wire.User }
	JoinConversation   Join
	// SendMessage is answered by Sent or SendFailed.
	SendMessage struct{ ConversationID, ClientID, Body, ReplyTo string }
	// ReviseMessage, RemoveMessage, StopMessage and ReactTo are answered by
	// Revised or ReviseFailed.
	ReviseMessage struct{ ConversationID, MessageID, Body string }
	RemoveMessage struct{ ConversationID, MessageID string }
	StopMessage   struct{ ConversationID, MessageID string }
	ReactTo       struct {
		ConversationID, MessageID, Emoji string
		On                               bool
	}
	// FetchHistory asks for the messages before a Seq, or with 0 for the
	// latest; it is answered by HistoryFetched or HistoryFailed.
	FetchHistory struct {
		ConversationID string
		Before         int64
	}
	// MarkRead tells the server how far the visitor has read, and how far messages
	// have come; it is answered by ReadMarked or ReadFailed.
	MarkRead struct {
		ConversationID string
		Seq, Delivered int64
	}
	// TellTyping tells the others that the visitor writes, or has stopped. Only a
	// limit on it is answered, by Refused: what is lost passes.
	TellTyping struct {
		ConversationID string
		On             bool
	}
	// TellPresence tells the others that the visitor is here, or away. Nothing
	// answers it: what is lost is told again.
	TellPresence struct {
		ConversationID string
		State          wire.SignalType
	}
	// Renew asks for a new token in good time; it is answered by Renewed or
	// RenewFailed.
	Renew struct{ ConversationID string }
	// MakeInvitation is answered by Invited or InviteFailed.
	MakeInvitation struct{ ConversationID string }
)

// What else is to be done.
type (
	// Adopt makes Token the one for all calls of the conversation.
	Adopt struct{ Token string }
	// Forget drops the token and everything stored, and has the server refuse
	// the token from now on.
	Forget struct{}
	// Save stores what is to outlive the page. One that is Lazy may wait until the
	// page is hidden or left: it only goes further in what the server tells again.
	// Keep stores one entry of the outbox alone: what a tab that follows has taken.
	Save struct {
		Saved Saved
		Lazy  bool
	}
	Keep struct{ Entry Entry }
	// Forward hands an event on to the tab that leads.
	Forward struct{ Event Event }
	// Wake asks for a Tick at a time; a later Wake takes an earlier one's place.
	Wake struct{ At wire.Time }

	// Connect gives the ladder its config.
	Connect struct{ Config wire.Config }
	// Subscribe makes the ladder follow a conversation, and none where it is
	// empty: by polling until its channel is subscribed.
	Subscribe struct{ ConversationID string }
	// Fetch makes the ladder ask for changes since the cursor now.
	Fetch struct{}
	// Reconnect makes the ladder try every way at once.
	Reconnect struct{}
	// Pace tells the ladder whether the page is hidden, so that it may poll
	// less often.
	Pace struct{ Hidden bool }

	// Log is a line for the console of a site owner who debugs. Detail is text
	// of the conversation: it is shown on the visitor's own machine only.
	Log struct {
		Level  Level
		Text   string
		Detail string
	}
	// Notify tells the host page something.
	Notify struct {
		Kind    NotifyKind
		Message *wire.Message // of NotifyMessage
		Public  Public        // of NotifyState
		Latency Latency       // of NotifyLatency
		Code    wire.Code     // of NotifyError
		Text    string        // of NotifyError and NotifyLog
		Level   Level         // of NotifyLog
	}
)

// Level is how grave a log line is.
type Level string

// The levels, named as the browser's console names them.
const (
	LevelInfo Level = "info"
	LevelWarn Level = "warn"
)

// NotifyKind is what a Notify is about. The values are the types of the
// messages from the frame to the loader.
type NotifyKind string

// The kinds.
const (
	NotifyState   NotifyKind = "state"   // the public state changed
	NotifySent    NotifyKind = "sent"    // the first message was accepted
	NotifyMessage NotifyKind = "message" // somebody else's message came
	NotifyLatency NotifyKind = "latency"
	NotifyCleared NotifyKind = "cleared" // a Reset was carried out
	NotifyError   NotifyKind = "error"
	NotifyLog     NotifyKind = "log" // made by package client of a Log
)

// Latency is a measured time in milliseconds.
type Latency struct {
	// Of is what was measured: "sent", from writing a message to its being
	// stored, or "answer", from writing it to seeing the next message of
	// another.
	Of       string        `json:"of"`
	MS       int64         `json:"ms"`
	Provider wire.Provider `json:"provider"` // the way by which the last part came
}

func (LoadConfig) effect()         {}
func (CreateConversation) effect() {}
func (JoinConversation) effect()   {}
func (SendMessage) effect()        {}
func (FetchHistory) effect()       {}
func (MakeInvitation) effect()     {}
func (Adopt) effect()              {}
func (Forget) effect()             {}
func (Save) effect()               {}
func (Keep) effect()               {}
func (Forward) effect()            {}
func (MarkRead) effect()           {}
func (ReviseMessage) effect()      {}
func (RemoveMessage) effect()      {}
func (ReactTo) effect()            {}
func (StopMessage) effect()        {}
func (Renew) effect()              {}
func (TellPresence) effect()       {}
func (TellTyping) effect()         {}
func (Wake) effect()               {}
func (Connect) effect()            {}
func (Subscribe) effect()          {}
func (Fetch) effect()              {}
func (Reconnect) effect()          {}
func (Pace) effect()               {}
func (Log) effect()                {}
func (Notify) effect()             {}
