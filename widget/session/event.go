package session

import "chatbot/widget/wire"

// Event is something that happened. The visitor's own doings come from the ui
// and the host page, everything else from package client.
type Event interface{ event() }

// What the visitor and the page do.
type (
	// Send is a text the visitor wants sent. Given without a ClientID, package
	// client chooses one; the same ClientID twice counts once.
	Send struct{ Text, ClientID string }
	// Typed means that the text in the composer changed.
	Typed struct{}
	// Retry sends a failed entry again, and Delete forgets an entry that is not
	// on its way.
	Retry  struct{ ClientID string }
	Delete struct{ ClientID string }
	// Open and Close are the panel's.
	Open  struct{}
	Close struct{}
	// Older asks for the messages before the first one known.
	Older struct{}
	// Dismiss takes the notice away.
	Dismiss struct{}
	// StartOver leaves a conversation that Ended and begins a new one with what
	// is in the outbox.
	StartOver struct{}
	// Reset forgets the visitor: conversation, messages and outbox.
	Reset struct{}
	// Online and Offline are the browser's opinion of the network.
	Online  struct{}
	Offline struct{}
)

func (Send) event()      {}
func (Typed) event()     {}
func (Retry) event()     {}
func (Delete) event()    {}
func (Open) event()      {}
func (Close) event()     {}
func (Older) event()     {}
func (Dismiss) event()   {}
func (StartOver) event() {}
func (Reset) event()     {}
func (Online) event()    {}
func (Offline) event()   {}

// Saved is what outlives the page: all that is needed to go on after a reload.
// The token is kept beside it by package client.
type Saved struct {
	ConversationID string      `json:"conversationId,omitempty"`
	Self           string      `json:"self,omitempty"`
	Cursor         wire.Cursor `json:"cursor"`
	Outbox         []Entry     `json:"outbox,omitempty"`
}
