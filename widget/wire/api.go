package wire

// The paths of the HTTP API. {id} stands for a conversation's id.
const (
	PathConfig        = "/api/chatbot/config"
	PathOpenAPI       = "/api/chatbot/openapi.json" // describes all of them
	PathConversations = "/api/chatbot/conversations"
	PathJoin          = "/api/chatbot/conversations/join"
	PathConversation  = "/api/chatbot/conversations/{id}"
	PathMessages      = "/api/chatbot/conversations/{id}/messages"
	PathMessage       = "/api/chatbot/conversations/{id}/messages/{message}"
	PathStop          = "/api/chatbot/conversations/{id}/messages/{message}/stop"
	PathReaction      = "/api/chatbot/conversations/{id}/messages/{message}/reactions/{emoji}"
	PathRead          = "/api/chatbot/conversations/{id}/read"
	PathTyping        = "/api/chatbot/conversations/{id}/typing"
	PathPresence      = "/api/chatbot/conversations/{id}/presence"
	PathToken         = "/api/chatbot/conversations/{id}/token"
	PathInvitations   = "/api/chatbot/conversations/{id}/invitations"
	PathTranscript    = "/api/chatbot/conversations/{id}/transcript"
	PathChannelAuth   = "/api/chatbot/broadcasting/auth"
	PathUserAuth      = "/api/chatbot/broadcasting/user-auth"
)

// HeaderSocketID names the caller's own realtime connection, which is then left
// out when the change is announced, as Laravel Echo does. It counts only where
// the caller's token authorized that socket.
const HeaderSocketID = "X-Socket-ID"

// HeaderSite carries the site ticket that the frame document was served with.
const HeaderSite = "X-Chatbot-Site"

// Provider is a way by which changes reach the browser.
type Provider string

// The ways, best first.
const (
	ProviderPusher  Provider = "pusher"
	ProviderReverb  Provider = "reverb"
	ProviderPolling Provider = "polling"
)

// The features that a config answer may list.
const (
	FeatureInvitations = "invitations"
	FeatureSignals     = "signals"
	FeatureReadMarks   = "read"
	FeatureDelivered   = "delivered" // ReadRequest.Delivered
	FeatureTokens      = "tokens"    // renewal and revocation
	FeatureIdentity    = "identity"  // a user of the site, in a new conversation
	FeatureTyping      = "typing"
	FeatureEdit        = "edit"  // and delete
	FeatureReply       = "reply" // SendRequest.ReplyTo
	FeatureReactions   = "reactions"
	FeatureStreaming   = "streaming"
	FeaturePresence    = "presence"
	FeatureContent     = "content" // Message.Content
	FeatureRejoin      = "rejoin"  // JoinRequest.Nonce
	FeatureTranscript  = "transcript"
)

// Config is the answer of GET /api/chatbot/config. It never holds a secret.
type Config struct {
	// RealtimeProvider is the first of Providers, or "polling".
	RealtimeProvider Provider      `json:"realtimeProvider"`
	Providers        []Provider    `json:"providers"`
	Reverb           ReverbConfig  `json:"reverb"`
	Pusher           PusherConfig  `json:"pusher"`
	Polling          PollingConfig `json:"polling"`
	Limits           Limits        `json:"limits"`
	Features         []string      `json:"features"`
	Version          string        `json:"version"`
}

// ReverbConfig is where the browser finds a Reverb server.
type ReverbConfig struct {
	Enabled  bool   `json:"enabled"`
	Key      string `json:"key,omitempty"`
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitempty"`
	Scheme   string `json:"scheme,omitempty"` // "http" or "https", as Laravel names it
	ForceTLS bool   `json:"forceTLS"`
	// Path stands before /app/{key}; empty where there is none.
	Path         string `json:"path"`
	AuthEndpoint string `json:"authEndpoint,omitempty"`
}

// PusherConfig is how the browser reaches Pusher. Host, Port and Scheme are
// set only where they differ from those the cluster implies.
type PusherConfig struct {
	Enabled      bool   `json:"enabled"`
	Key          string `json:"key,omitempty"`
	Cluster      string `json:"cluster,omitempty"`
	Host         string `json:"host,omitempty"`
	Port         int    `json:"port,omitempty"`
	Scheme       string `json:"scheme,omitempty"`
	AuthEndpoint string `json:"authEndpoint,omitempty"`
}

// PollingConfig is how to poll: every Interval milliseconds, or with a wait of
// up to Wait seconds where the server answers as soon as something changes.
type PollingConfig struct {
	Interval int `json:"interval"`
	Wait     int `json:"wait"`
}

// Limits are the bounds that a client should know before it is refused.
type Limits struct {
	MessageChars           int `json:"messageChars"` // Unicode code points in a body
	BodyBytes              int `json:"bodyBytes"`    // bytes in a request's body
	PageSize               int `json:"pageSize"`     // messages in one answer, at most
	EditSeconds            int `json:"editSeconds"`  // for which an own message may be changed
	MessagesPerMinute      int `json:"messagesPerMinute"`
	ConversationsPerMinute int `json:"conversationsPerMinute"`
}

// Session is the answer to a new conversation and to a join: who the caller is
// from now on, and the token that proves it until ExpiresAt.
type Session struct {
	Conversation Conversation `json:"conversation"`
	Participant  Participant  `json:"participant"`
	Cursor       Cursor       `json:"cursor"`
	Token        string       `json:"token"`
	ExpiresAt    Time         `json:"expiresAt"`
}

// CreateRequest is the body of POST /api/chatbot/conversations. With a User, who
// is signed in at the site, the answer is the conversation that the user has
// there, or else a new one.
type CreateRequest struct {
	User *User `json:"user,omitempty"`
}

// User is somebody who is signed in at the site that carries the widget. Hash is
// the word of the site's backend for ID and Name.
type User struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Hash string `json:"hash"`
}

// TokenAnswer is the answer of POST …/token: a new token for the same caller.
// The old one stays good until it expires or is revoked.
type TokenAnswer struct {
	Token     string `json:"token"`
	ExpiresAt Time   `json:"expiresAt"`
}

// ReadRequest is the body of POST …/read: the caller has seen every message up
// to Seq.
type ReadRequest struct {
	Seq int64 `json:"seq"`
	// Delivered is how far messages have reached the caller, where that is more.
	Delivered int64 `json:"delivered,omitempty"`
}

// ReadAnswer is the answer to it: the mark that counts, which is higher than
// the one asked for where another device has read on.
type ReadAnswer struct {
	ReadSeq int64 `json:"readSeq"`
}

// TypingRequest is the body of POST …/typing: the caller has begun to type, or
// ended. Author is for holders of the server key, as in SendRequest.
type TypingRequest struct {
	On     bool    `json:"on"`
	Author *Author `json:"author,omitempty"`
}

// PresenceRequest is the body of POST …/presence: the caller is SignalOnline,
// SignalAway or SignalOffline. Author is for holders of the server key.
type PresenceRequest struct {
	State  SignalType `json:"state"`
	Author *Author    `json:"author,omitempty"`
}

// Badge is the answer of GET /api/chatbot/conversations/{id}. Unread counts the
// messages of others after ReadSeq.
type Badge struct {
	Conversation Conversation `json:"conversation"`
	LastSeq      int64        `json:"lastSeq"`
	ReadSeq      int64        `json:"readSeq"`
	Unread       int64        `json:"unread"`
}

// SendRequest is the body of POST …/messages. Author and Status are for holders
// of the server key only: whom they speak as, an agent unless it says bot; and
// StatusStreaming for a text that is yet to be written, with what there is of it
// as Body.
type SendRequest struct {
	ClientID string  `json:"clientId"`
	Body     string  `json:"body"`
	ReplyTo  string  `json:"replyTo,omitempty"` // id of the message that this one answers
	Author   *Author `json:"author,omitempty"`
	Status   Status  `json:"status,omitempty"`
}

// EditRequest is the body of PATCH …/messages/{message}: another text as Body.
// Who writes a streaming message puts more text to its end with Append, where
// Offset is that end, in bytes of UTF-8, and ends it with a Status.
type EditRequest struct {
	Body   string `json:"body,omitempty"`
	Append string `json:"append,omitempty"`
	Offset int    `json:"offset,omitempty"`
	Status Status `json:"status,omitempty"`
}

// ConversationSummary is what the holder of the server key sees of a
// conversation in a list. Site is the origin that it began on.
type ConversationSummary struct {
	ID        string `json:"id"`
	Site      string `json:"site"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	LastSeq   int64  `json:"lastSeq"`
}

// ConversationList is the answer of GET /api/chatbot/conversations, newest
// first.
type ConversationList struct {
	Conversations []ConversationSummary `json:"conversations"`
}

// SendAnswer is the answer to SendRequest, and to every other change of a message.
type SendAnswer struct {
	Message Message `json:"message"`
}

// Page is the answer of GET …/messages: with since, the current form of all
// that changed; with after or before, a stretch of history. Messages stand in
// order of Seq for history and in order of Rev for changes. Participants are,
// for changes, those that changed since the cursor, and for history all.
type Page struct {
	Messages     []Message     `json:"messages"`
	Participants []Participant `json:"participants"`
	Signals      []Signal      `json:"signals"`
	// SignalTag names the set of Signals. Given back as the parameter signals
	// together with wait, it ends the wait when others hold; empty for none.
	SignalTag string `json:"signalTag,omitempty"`
	Cursor    Cursor `json:"cursor"`
	Epoch     string `json:"epoch"`
	HasMore   bool   `json:"hasMore"`
	LastSeq   int64  `json:"lastSeq"`
}

// Invitation is the answer of POST …/invitations.
type Invitation struct {
	Code      string `json:"code"`
	ExpiresAt Time   `json:"expiresAt"`
}

// JoinRequest is the body of POST …/join. Name is what the others see. Nonce is a
// secret of the client's own, made at random for this one join: with it the same
// request may be sent again when its answer was lost.
type JoinRequest struct {
	Code  string `json:"code"`
	Name  string `json:"name,omitempty"`
	Nonce string `json:"nonce,omitempty"`
}

// ChannelAuthRequest asks for leave to subscribe to a channel; field names are
// those of the Pusher clients. Provider says whose secret signs it; empty means
// the first one configured.
type ChannelAuthRequest struct {
	SocketID    string   `json:"socket_id"`
	ChannelName string   `json:"channel_name"`
	Provider    Provider `json:"provider,omitempty"`
}

// ChannelAuth is the answer, in the shape Pusher clients expect.
type ChannelAuth struct {
	Auth         string `json:"auth"`
	ChannelData  string `json:"channel_data,omitempty"`
	SharedSecret string `json:"shared_secret,omitempty"`
}

// UserAuthRequest asks for leave to sign the connection in.
type UserAuthRequest struct {
	SocketID string   `json:"socket_id"`
	Provider Provider `json:"provider,omitempty"`
}

// UserAuth is the answer to it.
type UserAuth struct {
	Auth     string `json:"auth"`
	UserData string `json:"user_data"`
}
