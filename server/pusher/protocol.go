package pusher

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/time/rate"

	"chatbot/server/pusher/signature"
)

// maxUserID is the length of a user's id.
const maxUserID = 128

// incoming is a message from a client. Data may be an object or a string that
// holds one.
type incoming struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
}

// decodeData reads data as an object, also where a client has sent it as a
// string.
func decodeData(data json.RawMessage, v any) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		data = []byte(text)
	}
	return json.Unmarshal(data, v)
}

// dataText is an event's data as the string that webhooks carry.
func dataText(data json.RawMessage) string {
	var text *string
	if json.Unmarshal(data, &text) == nil && text != nil {
		return *text
	}
	return string(data)
}

func (c *conn) handle(message []byte) {
	var in incoming
	if err := json.Unmarshal(message, &in); err != nil || in.Event == "" {
		c.complain(4200, "", "A message must be a JSON object with an event.")
		return
	}
	switch {
	case in.Event == "pusher:ping":
		c.send(encodeTwice("pusher:pong", "", struct{}{}))
	case in.Event == "pusher:pong":
	case in.Event == "pusher:subscribe":
		c.subscribe(in.Data)
	case in.Event == "pusher:unsubscribe":
		c.unsubscribe(in.Data)
	case in.Event == "pusher:signin":
		c.signIn(in.Data)
	case strings.HasPrefix(in.Event, "client-"):
		c.clientEvent(in)
	default:
		c.complain(4200, "", "The event %.80q is not served here.", in.Event)
	}
}

// complain tells the client what was wrong; the connection stays.
func (c *conn) complain(code int, channel, format string, args ...any) {
	c.send(encodeError(protocolError{Code: code, Message: fmt.Sprintf(format, args...), Channel: channel}))
}

// subscribeData is what a client subscribes with.
type subscribeData struct {
	Channel     string `json:"channel"`
	Auth        string `json:"auth"`
	ChannelData string `json:"channel_data"`
}

func (c *conn) subscribe(data json.RawMessage) {
	var s subscribeData
	if err := decodeData(data, &s); err != nil {
		c.complain(4200, "", "pusher:subscribe needs data with a channel.")
		return
	}
	m, id, refusal := c.mayJoin(s)
	if refusal == nil {
		refusal = c.join(s.Channel, m, id)
	}
	if refusal == nil {
		return
	}
	refusal.Channel = s.Channel
	c.send(encodeError(*refusal))
	problem := map[string]any{"type": "AuthError", "error": refusal.Message, "status": 401}
	if refusal.Code != 4009 {
		problem["type"], problem["status"] = "LimitReached", 403
	}
	c.send(encodeTwice("pusher:subscription_error", s.Channel, problem))
}

// mayJoin checks name and signature, and reads as whom a presence channel is
// joined.
func (c *conn) mayJoin(s subscribeData) (m *member, id string, refusal *protocolError) {
	k := kindOf(s.Channel)
	switch {
	case !validChannel(s.Channel, c.server.Limits.ChannelName):
		return nil, "", unauthorized("A channel's name is 1 to %d of A-Z a-z 0-9 _ - = @ , . ;", c.server.Limits.ChannelName)
	case strings.HasPrefix(s.Channel, userChannel):
		if c.user == "" || s.Channel != userChannel+c.user {
			return nil, "", unauthorized("Sign in as this user first.")
		}
	case k.signed() && !signature.Equal(s.Auth, signature.Channel(c.app.Key, c.app.Secret, c.socketID, s.Channel, s.ChannelData)):
		return nil, "", unauthorized("The subscription's signature is wrong.")
	case k.presence:
		return decodeMember(s.ChannelData)
	}
	return nil, "", nil
}

func unauthorized(format string, args ...any) *protocolError {
	return &protocolError{Code: 4009, Message: fmt.Sprintf(format, args...)}
}

// decodeMember reads channel_data. The id may be a string or a number; it is
// one member either way.
func decodeMember(channelData string) (*member, string, *protocolError) {
	var info userInfo
	if err := json.Unmarshal([]byte(channelData), &info); err != nil {
		return nil, "", unauthorized("A presence channel needs channel_data, a JSON object with a user_id.")
	}
	var text string
	var number json.Number
	if json.Unmarshal(info.ID, &text) != nil && json.Unmarshal(info.ID, &number) == nil {
		text = number.String()
	}
	if text == "" || len(text) > maxUserID {
		return nil, "", unauthorized("user_id must be a string of 1 to %d bytes or a number.", maxUserID)
	}
	return &member{id: info.ID, info: info.Info}, text, nil
}

// join subscribes; again is fine.
func (c *conn) join(name string, m *member, id string) *protocolError {
	if s := c.subscription(name); s != nil {
		c.app.greetAgain(c, *s)
		return nil
	}
	if len(c.subscriptions) >= c.server.Limits.Channels {
		return &protocolError{Code: 4301, Message: fmt.Sprintf("A connection may subscribe to %d channels.", c.server.Limits.Channels)}
	}
	ch, refusal := c.app.join(c, name, m, id)
	if refusal != nil {
		return refusal
	}
	c.subscriptions = append(c.subscriptions, subscription{ch, id})
	c.used.Store(true)
	return nil
}

// subscription is the connection's subscription to a channel, or nil.
func (c *conn) subscription(name string) *subscription {
	i := slices.IndexFunc(c.subscriptions, func(s subscription) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return &c.subscriptions[i]
}

// unsubscribe leaves a channel; one that was not joined is left already.
func (c *conn) unsubscribe(data json.RawMessage) {
	var s subscribeData
	if err := decodeData(data, &s); err != nil || s.Channel == "" {
		c.complain(4200, "", "pusher:unsubscribe needs data with a channel.")
		return
	}
	if joined := c.subscription(s.Channel); joined != nil {
		c.app.leave(c, *joined)
		c.subscriptions = slices.DeleteFunc(c.subscriptions, func(o subscription) bool { return o.name == s.Channel })
	}
}

// leaveAll is the end of a connection.
func (c *conn) leaveAll() {
	for _, s := range c.subscriptions {
		c.app.leave(c, s)
	}
	if c.user != "" {
		c.app.signOut(c, c.user)
	}
}

// signIn takes pusher:signin. Who fails at it may not stay.
func (c *conn) signIn(data json.RawMessage) {
	user, userData, problem := c.decodeUser(data)
	if problem == "" && c.user != "" && c.user != user {
		problem = "The connection is signed in as somebody else."
	}
	if problem != "" {
		c.end("sign-in", protocolError{Code: 4009, Message: problem})
		return
	}
	c.user = user
	c.used.Store(true)
	c.app.signIn(c, user)
	c.send(encodeTwice("pusher:signin_success", "", map[string]string{"user_data": userData}))
}

func (c *conn) decodeUser(data json.RawMessage) (id, userData, problem string) {
	var s struct {
		Auth     string `json:"auth"`
		UserData string `json:"user_data"`
	}
	if err := decodeData(data, &s); err != nil {
		return "", "", "pusher:signin needs data with auth and user_data."
	}
	if !signature.Equal(s.Auth, signature.User(c.app.Key, c.app.Secret, c.socketID, s.UserData)) {
		return "", "", "The signature of user_data is wrong."
	}
	var user struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(s.UserData), &user); err != nil || user.ID == "" || len(user.ID) > maxUserID {
		return "", "", fmt.Sprintf("user_data must be a JSON object whose id is a string of 1 to %d bytes.", maxUserID)
	}
	return user.ID, s.UserData, ""
}

// clientEvent passes a client's event on, if the client may send it.
func (c *conn) clientEvent(in incoming) {
	limits := c.server.Limits
	if c.events == nil {
		c.events = rate.NewLimiter(rate.Limit(limits.ClientEvents), limits.ClientEvents)
	}
	s := c.subscription(in.Channel)
	switch {
	case !c.events.Allow():
		c.complain(4301, in.Channel, "Client event rejected: at most %d a second.", limits.ClientEvents)
	case c.app.NoClientEvents:
		c.complain(4301, in.Channel, "Client event rejected: this application takes none.")
	case len(in.Event) > limits.EventName:
		c.complain(4301, in.Channel, "Client event rejected: its name may have %d bytes.", limits.EventName)
	case len(in.Data) > limits.EventBytes:
		c.complain(4301, in.Channel, "Client event rejected: its data may have %d bytes.", limits.EventBytes)
	case s == nil:
		c.complain(4009, in.Channel, "Client event rejected: subscribe to the channel first.")
	case !s.clientEvents():
		c.complain(4009, in.Channel, "Client event rejected: only private and presence channels take them, and encrypted ones do not.")
	default:
		c.app.relay(c, *s, in)
	}
}
