package wire

import "strings"

// The events of a conversation's channels. An event is a hint: it may be lost,
// repeated, late or partial, and the store is asked when in doubt.
const (
	EventMessageReceived    = "ChatMessageReceived"
	EventMessageUpdated     = "ChatMessageUpdated"
	EventParticipantUpdated = "ChatParticipantUpdated"
	EventMessageDelta       = "ChatMessageDelta"
	EventSignal             = "ChatSignal"
)

// MaxEventBytes is the encoded size above which an event is sent partial.
// Pusher refuses 10 KB; the rest is room for the envelope.
const MaxEventBytes = 8 << 10

const (
	channelPrefix  = "private-chat.conversation."
	presencePrefix = "presence-chat.conversation."
)

// Channel is the private channel of a conversation.
func Channel(conversationID string) string { return channelPrefix + conversationID }

// PresenceChannel is the presence channel of a conversation.
func PresenceChannel(conversationID string) string { return presencePrefix + conversationID }

// ConversationOf is the conversation whose private or presence channel is
// named, and false for every other name.
func ConversationOf(channel string) (id string, ok bool) {
	id, ok = strings.CutPrefix(channel, channelPrefix)
	if !ok {
		id, ok = strings.CutPrefix(channel, presencePrefix)
	}
	return id, ok && ValidID(id)
}

// EventName is the bare name of an event that Laravel may have put into a
// namespace: "App\Events\ChatMessageReceived" and ".ChatMessageReceived" both
// mean ChatMessageReceived.
func EventName(name string) string {
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	return strings.TrimPrefix(name, ".")
}

// MessageEvent is the data of ChatMessageReceived and ChatMessageUpdated. With
// Partial there is no message in it: the reader fetches from its cursor.
type MessageEvent struct {
	Message *Message `json:"message,omitempty"`
	Rev     int64    `json:"rev"`
	Epoch   string   `json:"epoch"`
	Partial bool     `json:"partial,omitempty"`
}

// MessageDelta is the data of ChatMessageDelta: Text stands in the body of a
// streaming message from Offset on, counted in bytes of UTF-8. A reader who has
// less than that asks for the message.
type MessageDelta struct {
	MessageID string `json:"messageId"`
	Offset    int    `json:"offset"`
	Text      string `json:"text"`
}

// ParticipantEvent is the data of ChatParticipantUpdated: somebody has joined,
// has read on or goes by another name.
type ParticipantEvent struct {
	Participant Participant `json:"participant"`
	Rev         int64       `json:"rev"`
	Epoch       string      `json:"epoch"`
}

// SignalType names a passing state of a participant.
type SignalType string

// The signals. Thinking is the bot's: its answer is being made.
const (
	SignalTyping   SignalType = "typing"
	SignalThinking SignalType = "thinking"
	// SignalIdle ends the author's typing and thinking at once.
	SignalIdle SignalType = "idle"
	// Who is here is either online or away, until offline or the end of its time.
	SignalOnline  SignalType = "online"
	SignalAway    SignalType = "away"
	SignalOffline SignalType = "offline"
)

// Presence reports whether t says that somebody is here, or is not.
func (t SignalType) Presence() bool {
	return t == SignalOnline || t == SignalAway || t == SignalOffline
}

// TypingTTL is how many milliseconds SignalTyping holds; who types on says so
// again before.
const TypingTTL = 6000

// PresenceTTL is how many milliseconds SignalOnline and SignalAway hold. Every
// call of the participant renews them.
const PresenceTTL = 60_000

// Signal is something passing that is not stored. TTL is the milliseconds for
// which it holds unless it is sent again.
type Signal struct {
	Type   SignalType `json:"type"`
	Author Author     `json:"author"`
	TTL    int        `json:"ttl"`
}
