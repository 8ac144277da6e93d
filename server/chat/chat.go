// Package chat is the domain: conversations, messages, who may do what to
// them, and how a change becomes an answer owed and an event.
//
// It knows no technology. What it needs from the outside are the ports in this
// package (Store, Publisher, Responder); what it offers is Service. All methods
// of Service may be called concurrently. Refusals are *wire.Error; any other
// error is a fault whose text is for the log.
package chat

import (
	"context"
	"time"

	"chatbot/widget/wire"
)

// Store keeps conversations. Every method may be called concurrently. A write
// has reached the disk when it returns without an error, or nothing of it has
// happened. A store that cannot write now (disk full, locked) returns a
// *wire.Error with CodeUnavailable.
type Store interface {
	// Epoch names this history; it changes only if history was lost.
	Epoch() string

	// AppendMessage stores m and, where they do not exist yet, its conversation
	// and its author as a participant, who has then read up to m. An author
	// without a name speaks under the participant's. The same author and client id again
	// gives the stored message, not Created; with another body it is
	// refused with wire.CodeConflict. Seq counts 1, 2, 3 … and Rev rises
	// strictly in each conversation. With m.OwesAnswer the debt is stored in
	// the same transaction, unless a person has spoken since m.PersonSince.
	// With m.ReplyTo that must be a message of the
	// conversation that is not deleted, or wire.CodeInvalidField.
	AppendMessage(ctx context.Context, m NewMessage) (Stored, error)

	// SettleAnswer stores answer as AppendMessage does and removes the debt in
	// one transaction, so an answer is given exactly once: if the debt is
	// already gone nothing is stored and the result empty. A nil answer only
	// removes the debt.
	SettleAnswer(ctx context.Context, debt Debt, answer *NewMessage) (Stored, error)

	// UpdateMessage hands a message to change and stores what it makes of the
	// body, the source, the status, and the times of editing and deleting, all
	// else being left as it is. Rev rises once, unless nothing is different: changed is
	// then false. An error of change is returned and nothing stored. A message
	// that is deleted loses its reactions. change may be called again and must
	// not use the store. wire.CodeNotFound if the conversation has no such
	// message.
	UpdateMessage(ctx context.Context, conversationID, messageID string, now wire.Time, change func(*wire.Message) error) (m wire.Message, changed bool, err error)

	// Streaming are the messages that have wire.StatusStreaming.
	Streaming(ctx context.Context) ([]wire.Message, error)

	// React adds r to its message or takes it away. Rev rises once, unless that
	// is so already: changed is then false. Who comes to the conversation by
	// it becomes a participant. Refusals: wire.CodeNotFound where the
	// conversation has no such message, wire.CodeMessageDeleted, and
	// wire.CodeTooManyReactions above wire.MaxReactions different emoji.
	React(ctx context.Context, r Reaction) (m wire.Message, changed bool, err error)

	// PersonSpoke reports whether an agent has said something in the
	// conversation at since or later. It is cheap.
	PersonSpoke(ctx context.Context, conversationID string, since wire.Time) (bool, error)

	// Debts are the answers owed, oldest first.
	Debts(ctx context.Context) ([]Debt, error)

	// Conversation is the state of one; wire.CodeNotFound if it is not stored.
	Conversation(ctx context.Context, id string) (Conversation, error)

	// Conversations are the latest ones by last change, newest first.
	Conversations(ctx context.Context, limit int) ([]Conversation, error)

	// Changes are those after since, with at most limit messages. It is cheap
	// where there are none. A conversation that is not stored has none.
	Changes(ctx context.Context, conversationID string, since int64, limit int) (Changes, error)

	// History are messages in order of Seq: the first limit above after, or
	// (with before > 0) the last limit below before.
	History(ctx context.Context, conversationID string, after, before int64, limit int) (messages []wire.Message, more bool, err error)

	// Participants are those who are in a conversation, in order of joining.
	Participants(ctx context.Context, conversationID string) ([]wire.Participant, error)

	// MarkRead notes that a participant has read up to seq, and that messages up
	// to delivered, which may be less, have reached them. It is refused with
	// wire.CodeInvalidField if there is no such message yet. Marks that are not
	// above those known change nothing: changed is then false, and p carries
	// those known. rev is that of the change.
	MarkRead(ctx context.Context, conversationID, participantID string, seq, delivered int64, now wire.Time) (p wire.Participant, rev int64, changed bool, err error)

	// Badge is a conversation as the participant has read it;
	// wire.CodeNotFound if it is not stored.
	Badge(ctx context.Context, conversationID, participantID string) (wire.Badge, error)

	// Identify is the conversation that a user of a site has; where there is
	// none yet, that is i's own from now on. A name that has changed is taken
	// over, also by the participant. No conversation is stored by it.
	Identify(ctx context.Context, i Identity) (Identified, error)

	// Revoke stores r, in place of an earlier one of the same participant, whose
	// coming by an invitation cannot be repeated from then on.
	Revoke(ctx context.Context, r Revocation) error

	// Erase removes a conversation with all that was said in it, who is in it, its
	// invitations and which user it belongs to, and stores r. It gives the ids of
	// the participants. wire.CodeNotFound if there is nothing of it.
	Erase(ctx context.Context, conversationID string, r Revocation) (participants []string, err error)

	// Revocations are those that have not expired at now.
	Revocations(ctx context.Context, now wire.Time) ([]Revocation, error)

	// Invite stores an invitation by the hash of its code, creating the
	// conversation and the inviter where they are not stored yet.
	Invite(ctx context.Context, inv Invitation) error

	// Redeem uses up the invitation and adds the participant. Where r has a
	// NonceHash, the same again finds whom it has added, until r.Until of the
	// first time or until that participant's tokens are revoked. It is refused
	// with wire.CodeInvitationInvalid if unknown, used in another way or expired.
	Redeem(ctx context.Context, r Redemption) (Redeemed, error)
}

// NewMessage is a message to store; the store gives it Seq and Rev.
type NewMessage struct {
	ID             string
	ConversationID string
	ClientID       string
	Author         wire.Author
	Body           string
	Status         wire.Status // empty means complete
	ReplyTo        string
	CreatedAt      wire.Time
	Source         *wire.Source
	// Site is the origin of the page the conversation began on.
	Site string
	// OwesAnswer makes the bot owe an answer to this message, unless an agent
	// has said something in the conversation at PersonSince or later; 0 is
	// for an answer that is owed whoever spoke.
	OwesAnswer  bool
	PersonSince wire.Time
}

// Stored is what has become of a NewMessage.
type Stored struct {
	wire.Message
	Created    bool // by this call, not by an earlier one
	OwesAnswer bool // the bot does
}

// Reaction is an emoji that By puts to a message, or with On false takes away.
type Reaction struct {
	ConversationID, MessageID, Emoji string

	By  wire.Participant
	On  bool
	Now wire.Time
}

// Changes are what changed in a conversation, in its current form. Messages
// stand in order of Rev, Participants in order of joining.
type Changes struct {
	Messages     []wire.Message
	Participants []wire.Participant
	// Rev is how far the reader is then, LastSeq the last message there is, and
	// More whether there are changes after Rev.
	Rev, LastSeq int64
	More         bool
}

// Identity is a user who is signed in at a site, with the ids of a conversation
// and a participant to be used for the first time.
type Identity struct {
	Site, UserID, Name        string
	Conversation, Participant string
	CreatedAt                 wire.Time
}

// Identified is what belongs to a user. Conversation and Participant have no
// more than their ids (and the name) while nothing is stored of them. Rev is above 0 if the participant
// has another name since then.
type Identified struct {
	Conversation wire.Conversation
	Participant  wire.Participant
	Stored       bool
	Rev          int64
}

// Revocation refuses the tokens of its Subject, a participant or a whole
// conversation, that were issued until At. After
// ExpiresAt there are none left.
type Revocation struct {
	Subject       string
	At, ExpiresAt wire.Time
}

// Debt is an answer owed to a message.
type Debt struct {
	ConversationID string
	MessageID      string
	Body           string // of the message
	CreatedAt      wire.Time
}

// Invitation lets one more person into a conversation, once.
type Invitation struct {
	CodeHash       string
	ConversationID string
	Inviter        wire.Participant
	Site           string
	CreatedAt      wire.Time
	ExpiresAt      wire.Time
}

// Redemption is the use of an invitation by a participant. NonceHash, empty for
// none, is known to nobody else.
type Redemption struct {
	CodeHash, NonceHash string

	Participant wire.Participant
	Now         wire.Time
	// Until is when it can no longer be repeated.
	Until wire.Time
}

// Redeemed is where a redemption has led: for one that was repeated, with Again,
// to the participant of the first time.
type Redeemed struct {
	Conversation Conversation
	Participant  wire.Participant
	Again        bool
}

// Conversation is the stored state of one.
type Conversation struct {
	ID        string
	Site      string
	CreatedAt wire.Time
	UpdatedAt wire.Time
	LastSeq   int64
	Rev       int64
}

// Publisher announces events to whoever listens now. It may lose them: readers
// ask the store. Publish must return promptly and never waits for a reader.
type Publisher interface {
	// Publish sends data (JSON) on the channel to all but one connection.
	Publish(ctx context.Context, channel, event string, data []byte, except Socket) error
}

// Socket is a realtime connection. The id means something to its provider
// alone; without a provider it is that of whichever knows it. The zero Socket is
// none.
type Socket struct {
	Provider wire.Provider
	ID       string
}

// Responder makes the bot's answers.
type Responder interface {
	// Respond answers question, given the last messages of the conversation
	// (oldest first, the question included). It returns when it has an answer
	// or ctx ends.
	Respond(ctx context.Context, question string, history []wire.Message) (Answer, error)
}

// Streamer is a Responder that can hand its answer on word by word.
type Streamer interface {
	Responder
	// Stream answers as Respond does, and calls emit with each piece of text as
	// it comes, from one goroutine at a time. An error of emit says that nothing
	// more is wanted. What it returns at last is the whole answer; an empty
	// Body means what was emitted. Without a call of emit it is as Respond.
	Stream(ctx context.Context, question string, history []wire.Message, emit func(text string) error) (Answer, error)
}

// Answer is what the bot says, and where it has it from.
type Answer struct {
	Body   string
	Source *wire.Source
}

// Clock tells the time; time.Now everywhere but in tests.
type Clock func() time.Time
