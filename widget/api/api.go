// Package api is the client of the message API: the calls of the contract as
// methods, over whatever can carry a request.
//
// It holds no state that changes: a Client and a Conversation are values that
// may be used from any goroutine. Every error is a *wire.Error; where the
// server was not reached, or what came back was cut short, errors.Is(err,
// ErrUnreachable) holds.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"chatbot/widget/wire"
)

// Transport carries a request to the server and its answer back. An answer of
// any status is not an error.
type Transport interface {
	Do(ctx context.Context, r Request) (Response, error)
}

// Request is one call. Body is JSON, or nil.
type Request struct {
	Method string
	URL    string
	Header map[string]string
	Body   []byte
}

// Response is its answer. RetryAfter is the Retry-After header as it came.
type Response struct {
	Status     int
	RetryAfter string
	Body       []byte
}

// MaxRetryAfter is the longest wait that a Retry-After header is believed, in
// seconds.
const MaxRetryAfter = 3600

// ErrUnreachable is behind every error that is no answer of the server.
var ErrUnreachable = errors.New("the chat server cannot be reached")

// Client makes the calls that need no token.
type Client struct {
	transport Transport
	base      string
	ticket    string
}

// New makes a Client for the server at base, for example
// "https://chat.example"; an empty base means the document's own origin.
// Ticket is the site ticket of the frame document and may be empty.
func New(t Transport, base, ticket string) Client {
	return Client{transport: t, base: strings.TrimSuffix(base, "/"), ticket: ticket}
}

// Config asks what the server offers.
func (c Client) Config(ctx context.Context) (config wire.Config, err error) {
	err = c.call(ctx, "GET", wire.PathConfig, nil, nil, &config)
	return config, err
}

// Create begins a conversation.
func (c Client) Create(ctx context.Context) (session wire.Session, err error) {
	err = c.call(ctx, "POST", wire.PathConversations, nil, struct{}{}, &session)
	return session, err
}

// SignIn asks for the conversation of a user who is signed in at the site; it
// begins one if there is none.
func (c Client) SignIn(ctx context.Context, user wire.User) (session wire.Session, err error) {
	if err := user.Validate(); err != nil {
		return wire.Session{}, err
	}
	err = c.call(ctx, "POST", wire.PathConversations, nil, wire.CreateRequest{User: &user}, &session)
	return session, err
}

// Join enters a conversation by an invitation.
func (c Client) Join(ctx context.Context, r wire.JoinRequest) (session wire.Session, err error) {
	if err := r.Validate(); err != nil {
		return wire.Session{}, err
	}
	err = c.call(ctx, "POST", wire.PathJoin, nil, r, &session)
	return session, err
}

// Conversation makes the calls of one participant of one conversation.
type Conversation struct {
	client Client
	id     string
	token  string
}

// Conversation is the conversation id as the holder of token sees it.
func (c Client) Conversation(id, token string) Conversation {
	return Conversation{client: c, id: id, token: token}
}

// ID is the conversation's id.
func (c Conversation) ID() string { return c.id }

// Badge asks how much is unread.
func (c Conversation) Badge(ctx context.Context) (badge wire.Badge, err error) {
	err = c.call(ctx, "GET", wire.PathConversation, nil, nil, &badge)
	return badge, err
}

// Send posts a message. A valid socketID keeps the announcement away from that
// socket; any other is left out.
func (c Conversation) Send(ctx context.Context, r wire.SendRequest, socketID string) (wire.Message, error) {
	var answer wire.SendAnswer
	if err := c.call(ctx, "POST", wire.PathMessages, socketHeader(socketID), r, &answer); err != nil {
		return wire.Message{}, err
	}
	if answer.Message.ClientID != r.ClientID || answer.Message.Seq < 1 {
		return wire.Message{}, unreadable(errors.New("the message in the answer is not the one that was sent"))
	}
	return answer.Message, nil
}

// Edit gives an own message another text.
func (c Conversation) Edit(ctx context.Context, messageID, body string) (wire.Message, error) {
	return c.change(ctx, "PATCH", wire.PathMessage, messageID, wire.EditRequest{Body: body})
}

// Remove deletes an own message; it stays in its place without a text.
func (c Conversation) Remove(ctx context.Context, messageID string) (wire.Message, error) {
	return c.change(ctx, "DELETE", wire.PathMessage, messageID, nil)
}

// React adds the caller's emoji to a message, or takes it away.
func (c Conversation) React(ctx context.Context, messageID, emoji string, on bool) (wire.Message, error) {
	method := "DELETE"
	if on {
		method = "PUT"
	}
	return c.change(ctx, method, strings.Replace(wire.PathReaction, "{emoji}", url.PathEscape(emoji), 1), messageID, nil)
}

// Stop ends a message that is being written.
func (c Conversation) Stop(ctx context.Context, messageID string) (wire.Message, error) {
	return c.change(ctx, "POST", wire.PathStop, messageID, nil)
}

// change changes a message, and is its new form.
func (c Conversation) change(ctx context.Context, method, path, messageID string, body any) (wire.Message, error) {
	var answer wire.SendAnswer
	err := c.call(ctx, method, strings.Replace(path, "{message}", url.PathEscape(messageID), 1), nil, body, &answer)
	if err == nil && answer.Message.ID != messageID {
		err = unreadable(errors.New("the message in the answer is not the one that was changed"))
	}
	return answer.Message, err
}

// Typing tells the others that the caller has begun to type, or ended. A valid
// socketID keeps the announcement away from that socket.
func (c Conversation) Typing(ctx context.Context, on bool, socketID string) error {
	return c.call(ctx, "POST", wire.PathTyping, socketHeader(socketID), wire.TypingRequest{On: on}, nil)
}

// Presence tells the others that the caller is online, away or offline.
func (c Conversation) Presence(ctx context.Context, state wire.SignalType) error {
	return c.call(ctx, "POST", wire.PathPresence, nil, wire.PresenceRequest{State: state}, nil)
}

func socketHeader(socketID string) map[string]string {
	if !wire.ValidSocketID(socketID) {
		return nil
	}
	return map[string]string{wire.HeaderSocketID: socketID}
}

// Read tells that every message up to seq has been seen, and that those up to
// delivered, if that is more, have come. It is the read mark that counts: a higher
// one where another device has read on.
func (c Conversation) Read(ctx context.Context, seq, delivered int64) (readSeq int64, err error) {
	var answer wire.ReadAnswer
	err = c.call(ctx, "POST", wire.PathRead, nil, wire.ReadRequest{Seq: seq, Delivered: delivered}, &answer)
	return answer.ReadSeq, err
}

// Renew asks for a new token with a whole lifetime before it. The one in use
// stays good.
func (c Conversation) Renew(ctx context.Context) (answer wire.TokenAnswer, err error) {
	err = c.call(ctx, "POST", wire.PathToken, nil, struct{}{}, &answer)
	if err == nil && answer.Token == "" {
		err = unreadable(errors.New("the answer holds no token"))
	}
	return answer, err
}

// Revoke ends every token that this participant was given so far.
func (c Conversation) Revoke(ctx context.Context) error {
	return c.call(ctx, "DELETE", wire.PathToken, nil, nil, nil)
}

// Changes asks for what changed since the cursor. With a wait above 0 the
// server may keep the answer back for that many seconds until there is
// something to say; signals that are not those of signalTag are.
func (c Conversation) Changes(ctx context.Context, since wire.Cursor, wait int, signalTag string) (wire.Page, error) {
	query := "since=" + since.String()
	if wait > 0 {
		query += "&wait=" + strconv.Itoa(min(wait, wire.MaxWaitSeconds)) + "&signals=" + url.QueryEscape(signalTag)
	}
	return c.page(ctx, query)
}

// Before asks for the last messages whose Seq is below seq.
func (c Conversation) Before(ctx context.Context, seq int64) (wire.Page, error) {
	return c.page(ctx, "before="+strconv.FormatInt(seq, 10))
}

// SaveTranscript asks for the conversation as plain text in a language, with the
// times of a zone by its IANA name. The answer is a file, which the Transport
// keeps for the visitor, and of which it passes on that it has come: status 204.
// The browser's does so.
func (c Conversation) SaveTranscript(ctx context.Context, lang, zone string) error {
	return c.call(ctx, "GET", wire.PathTranscript+"?language="+url.QueryEscape(lang)+"&zone="+url.QueryEscape(zone), nil, nil, nil)
}

// Invite makes an invitation to the conversation.
func (c Conversation) Invite(ctx context.Context) (invitation wire.Invitation, err error) {
	err = c.call(ctx, "POST", wire.PathInvitations, nil, struct{}{}, &invitation)
	return invitation, err
}

// Authorize asks for leave to subscribe to a channel. The token is sent to our
// own server only: an endpoint that is not a path on it is not used, and the
// contract's own takes its place.
func (c Conversation) Authorize(ctx context.Context, endpoint string, r wire.ChannelAuthRequest) (auth wire.ChannelAuth, err error) {
	if !strings.HasPrefix(endpoint, "/") || strings.HasPrefix(endpoint, "//") {
		endpoint = wire.PathChannelAuth
	}
	err = c.call(ctx, "POST", endpoint, nil, r, &auth)
	return auth, err
}

func (c Conversation) page(ctx context.Context, query string) (page wire.Page, err error) {
	err = c.call(ctx, "GET", wire.PathMessages+"?"+query, nil, nil, &page)
	return page, err
}

func (c Conversation) call(ctx context.Context, method, path string, header map[string]string, body, answer any) error {
	if header == nil {
		header = map[string]string{}
	}
	header["Authorization"] = "Bearer " + c.token
	return c.client.call(ctx, method, strings.Replace(path, "{id}", url.PathEscape(c.id), 1), header, body, answer)
}

func (c Client) call(ctx context.Context, method, path string, header map[string]string, body, answer any) error {
	request := Request{Method: method, URL: c.base + path, Header: map[string]string{"Accept": "application/json"}}
	for name, value := range header {
		request.Header[name] = value
	}
	if c.ticket != "" {
		request.Header[wire.HeaderSite] = c.ticket
	}
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return &wire.Error{Code: wire.CodeInvalidJSON, Message: "The request cannot be encoded.", Cause: err}
		}
		request.Body = encoded
		request.Header["Content-Type"] = "application/json"
	}
	response, err := c.transport.Do(ctx, request)
	if err != nil {
		return &wire.Error{Code: wire.CodeUnavailable, Message: "The chat server cannot be reached.", Cause: errors.Join(ErrUnreachable, err)}
	}
	if response.Status < 200 || response.Status > 299 {
		return refusal(response)
	}
	if answer == nil {
		if response.Status != 204 { // a captive portal says 200 to everything
			return unreadable(errors.New("an answer where none was to come"))
		}
		return nil
	}
	if err := json.Unmarshal(response.Body, answer); err != nil {
		return unreadable(err)
	}
	return nil
}

// unreadable is the error for an answer that is not what the contract says,
// such as a captive portal's page or one that was cut short. The request may
// have been carried out.
func unreadable(cause error) error {
	return &wire.Error{Code: wire.CodeUnavailable, Message: "The chat server's answer cannot be read.", Cause: errors.Join(ErrUnreachable, cause)}
}

// refusal is the error that an answer stands for, also if a proxy gave it.
func refusal(r Response) error {
	var answer wire.ErrorAnswer
	if err := json.Unmarshal(r.Body, &answer); err != nil || answer.Error == nil || answer.Error.Code == "" {
		answer.Error = wire.NewError(codeOf(r.Status), "The chat server answered with status "+strconv.Itoa(r.Status)+".")
	}
	answer.Error.RetryAfter = retryAfter(r.RetryAfter)
	return answer.Error
}

// codeOf is the code for a status that came without one.
func codeOf(status int) wire.Code {
	switch status {
	case 401:
		return wire.CodeUnauthorized
	case 403:
		return wire.CodeForbidden
	case 404:
		return wire.CodeNotFound
	case 405:
		return wire.CodeMethodNotAllowed
	case 413:
		return wire.CodeBodyTooLarge
	case 415:
		return wire.CodeUnsupportedMedia
	case 421:
		return wire.CodeMisdirectedRequest
	case 429:
		return wire.CodeRateLimited
	case 408, 425, 502, 503, 504:
		return wire.CodeUnavailable
	}
	if status >= 400 && status < 500 {
		return wire.CodeInvalidField
	}
	return wire.CodeInternal
}

// retryAfter reads the header's form in seconds. The other form, a date, would
// be read against a clock that may be wrong.
func retryAfter(header string) int {
	seconds, err := strconv.Atoi(strings.TrimSpace(header))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(seconds, MaxRetryAfter)
}
