// Package wire is the contract between the widget, the server and everyone
// else who speaks to either: the JSON bodies of the HTTP API, the events of the
// realtime channels, the error codes and the limits, as Go types.
//
// It is compiled into the browser, so it uses the standard library only and
// holds no behaviour beyond encoding and validation. Values are plain data and
// safe to share once they are no longer written to.
//
// Readers ignore fields and events they do not know; writers send new optional
// fields only where the config answer lists the feature.
package wire

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Time is an instant in Unix milliseconds. In JSON it is RFC 3339 in UTC with
// exactly three decimals, for example "2026-01-02T15:04:05.678Z".
type Time int64

const timeLayout = "2006-01-02T15:04:05.000Z"

// TimeOf converts t, dropping everything below a millisecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Time is t in UTC.
func (t Time) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// String is the JSON form without its quotes.
func (t Time) String() string { return t.Time().Format(timeLayout) }

// MarshalText encodes t as RFC 3339 with milliseconds.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText accepts any RFC 3339 time.
func (t *Time) UnmarshalText(b []byte) error {
	parsed, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return fmt.Errorf("time %q: want RFC 3339 such as 2026-01-02T15:04:05.678Z", b)
	}
	*t = TimeOf(parsed)
	return nil
}

// Role says what kind of participant somebody is.
type Role string

// The roles of a participant.
const (
	RoleVisitor Role = "visitor"
	RoleBot     Role = "bot"
	RoleAgent   Role = "agent"
	RoleSystem  Role = "system"
)

// Valid reports whether r is a role of the contract.
func (r Role) Valid() bool {
	switch r {
	case RoleVisitor, RoleBot, RoleAgent, RoleSystem:
		return true
	}
	return false
}

// Author is who wrote a message or sent a signal.
type Author struct {
	ID   string `json:"id"`
	Role Role   `json:"role"`
	Name string `json:"name"`
}

// Status is how far a message's text has come.
type Status string

// The states of a message's text.
const (
	StatusStreaming Status = "streaming"
	StatusComplete  Status = "complete"
	StatusStopped   Status = "stopped"
	StatusFailed    Status = "failed"
)

// KindText is the one kind of message there is so far.
const KindText = "text"

// Message is one entry of a conversation in its current form.
type Message struct {
	ID             string `json:"id"`
	ConversationID string `json:"conversationId"`
	// Seq is the message's place in its conversation: 1, 2, 3 … without gaps,
	// and never changing.
	Seq int64 `json:"seq"`
	// Rev is the conversation's count of stored changes at this message's last
	// change. Of two forms of a message the one with the higher Rev is newer.
	Rev int64 `json:"rev"`
	// ClientID is what the author chose to recognise the message by; the same
	// author and ClientID are stored once.
	ClientID string `json:"clientId,omitempty"`
	Author   Author `json:"author"`
	Role     Role   `json:"role"` // Author.Role again, as older clients expect it
	Kind     string `json:"kind"`
	Body     string `json:"body"`
	// Content is Body as a tree, where that is Markdown: of bots and agents. It
	// is left away where Body is to be shown as it stands.
	Content     []Node       `json:"content,omitempty"`
	Status      Status       `json:"status"`
	CreatedAt   Time         `json:"createdAt"`
	EditedAt    *Time        `json:"editedAt,omitempty"`
	DeletedAt   *Time        `json:"deletedAt,omitempty"` // Body is empty then
	ReplyTo     string       `json:"replyTo,omitempty"`   // id of a message of the same conversation
	Reactions   []Reaction   `json:"reactions"`           // in the order in which they were first used
	Attachments []Attachment `json:"attachments"`
	// Source names the page an answer was taken from, where there is one.
	Source *Source `json:"source,omitempty"`
}

// Node is a piece of a formatted text. Kind is one of
//
//	p quote ul ol li table tr th td em strong del  with Children
//	h      a heading, with Number for its level, 1 to 6
//	a      a link to Href: https, http, mailto or tel, and nothing else
//	code   a block of Text, which is in Language where that is known
//	codespan, text   with Text
//	br hr  with nothing
//
// Readers show what is in a node of a kind that they do not know.
type Node struct {
	Kind     string `json:"k"`
	Text     string `json:"t,omitempty"`
	Href     string `json:"h,omitempty"`
	Language string `json:"l,omitempty"`
	Number   int    `json:"n,omitempty"` // of an ol the first number, if it is not 1
	Children []Node `json:"c,omitempty"`
}

// Reaction is one emoji and the ids of the participants who chose it.
type Reaction struct {
	Emoji string   `json:"emoji"`
	By    []string `json:"by"`
}

// Attachment is a file that belongs to a message.
type Attachment struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"` // media type
	Size int64  `json:"size"` // bytes
}

// Source is where an answer comes from. URL is https, http or a path on the
// chat server; it is empty for a page that is not published.
type Source struct {
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
}

// Conversation is what everyone in it may know of a conversation.
type Conversation struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
}

// Participant is somebody in a conversation.
type Participant struct {
	ID   string `json:"id"`
	Role Role   `json:"role,omitempty"`
	Name string `json:"name,omitempty"`
	// ReadSeq is the Seq up to which the participant has read; it only rises.
	// Whoever writes a message has read up to it, and no event of its own says so.
	ReadSeq int64 `json:"readSeq"`
	// DeliveredSeq is the Seq up to which messages have reached a device of the
	// participant's: at least ReadSeq. It only rises.
	DeliveredSeq int64 `json:"deliveredSeq"`
}

// Cursor is a reader's place in a conversation: everything up to Rev of the
// store's Epoch is known. To anybody but this package its text is opaque.
type Cursor struct {
	Epoch string
	Rev   int64
}

// String is the text that travels as "cursor" and "since".
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return c.Epoch + "-" + strconv.FormatInt(c.Rev, 10)
}

// MarshalText encodes c as String does.
func (c Cursor) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText decodes what String made.
func (c *Cursor) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = Cursor{}
		return nil
	}
	parsed, err := ParseCursor(string(b))
	if err == nil {
		*c = parsed
	}
	return err
}

// ParseCursor decodes what Cursor.String made. The error is an *Error with
// CodeInvalidCursor.
func ParseCursor(s string) (Cursor, error) {
	invalid := NewError(CodeInvalidCursor, "The cursor is not one that this server gave out. Leave it away to begin anew.")
	i := strings.LastIndexByte(s, '-')
	if i < 1 || len(s) > MaxIDLength {
		return Cursor{}, invalid
	}
	rev, err := strconv.ParseInt(s[i+1:], 10, 64)
	if err != nil || rev < 0 || s[i+1] == '+' || !ValidID(s[:i]) {
		return Cursor{}, invalid
	}
	return Cursor{Epoch: s[:i], Rev: rev}, nil
}
