package pusher_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatbot/server/pusher"
	"chatbot/server/pusher/signature"
)

func TestDelivery(t *testing.T) {
	e := start(t)
	a, b, stranger := e.connect(), e.connect(), e.connect()
	for _, c := range []*client{a, b} {
		c.join("private-chat.conversation.1")
	}
	stranger.join("news")
	e.publish("private-chat.conversation.1", "ChatMessageReceived", `{"text":"<é>"}`, a.socketID)
	if f := b.expect("ChatMessageReceived"); f.Channel != "private-chat.conversation.1" || f.text() != `{"text":"<é>"}` {
		t.Errorf("delivered %q %s", f.Channel, f.Data)
	}
	e.publish("news", "x", `{}`, "")
	stranger.expect("x") // and nothing of the private channel before it
	a.alive()            // the sender's own socket was left out
	b.send(`{"event":"pusher:unsubscribe","data":{"channel":"private-chat.conversation.1"}}`)
	b.alive()
	e.publish("private-chat.conversation.1", "ChatMessageReceived", `{}`, "")
	a.expect("ChatMessageReceived")
	b.alive() // nothing came after the unsubscription
}

// Applications share a server and nothing else.
func TestApplicationsAreApart(t *testing.T) {
	e := start(t)
	ours, theirs := e.connect(), e.connectTo("other-key")
	for _, c := range []*client{ours, theirs} {
		c.subscribe("news", "", "")
		c.expect("pusher_internal:subscription_succeeded")
	}
	e.publish("news", "x", `{}`, "")
	ours.expect("x")
	theirs.alive()
}

func TestRefusedConnections(t *testing.T) {
	e := start(t, func(o *pusher.Options) {
		o.AllowedOrigins = func(origin string) bool { return origin == "" || origin == "https://shop.example" }
		o.Apps = append(o.Apps,
			pusher.App{ID: "3", Key: "disabled-key", Disabled: true},
			pusher.App{ID: "4", Key: "tls-key", ForceTLS: true})
	})
	const path = "/app/" + key
	for name, c := range map[string]struct {
		path, origin string
		code         int
	}{
		"without TLS":       {"/app/tls-key?protocol=7", "", 4000},
		"unknown key":       {"/app/nope?protocol=7", "", 4001},
		"disabled":          {"/app/disabled-key?protocol=7", "", 4003},
		"no key":            {"/app/?protocol=7", "", 4005},
		"a longer path":     {path + "/more?protocol=7", "", 4005},
		"version no number": {path + "?protocol=seven", "", 4006},
		"old protocol":      {path + "?protocol=4", "", 4007},
		"unknown protocol":  {path + "?protocol=99", "", 4007},
		"no protocol":       {path, "", 4008},
		"origin":            {path + "?protocol=7", "https://evil.example", 4009},
		"null origin":       {path + "?protocol=7", "null", 4009},
	} {
		t.Run(name, func(t *testing.T) {
			header := []string{}
			if c.origin != "" {
				header = append(header, "Origin: "+c.origin)
			}
			conn := e.dial(c.path, header...)
			conn.t = t
			conn.expectEnd(c.code)
		})
	}
	for _, version := range []string{"5", "6", "7"} {
		e.dial(path+"?protocol="+version, "Origin: https://shop.example").expect("pusher:connection_established")
	}
	if n := e.Stats().Drops["origin"]; n != 2 {
		t.Errorf("%d refused origins counted", n)
	}
}

func TestForceTLS(t *testing.T) {
	e := start(t, func(o *pusher.Options) {
		o.Apps = []pusher.App{{Key: "tls-key", ForceTLS: true}}
		o.Secure = func(r *http.Request) bool { return r.Header.Get("X-Forwarded-Proto") == "https" }
	})
	e.dial("/app/tls-key?protocol=7", "X-Forwarded-Proto: https").expect("pusher:connection_established")
}

func TestTLS(t *testing.T) {
	e := start(t, func(o *pusher.Options) { o.Apps[0].ForceTLS = true })
	server := httptest.NewTLSServer(e.Server)
	defer server.Close()
	ws, _, err := websocket.Dial(t.Context(), server.URL+"/app/"+key+"?protocol=7", &websocket.DialOptions{HTTPClient: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	c := &client{t: t, ws: ws}
	c.expect("pusher:connection_established")
	c.join("news")
	for i := range 100 { // some of them will be written together
		e.publish("news", fmt.Sprint("event-", i), "1", "")
	}
	for i := range 100 {
		c.expect(fmt.Sprint("event-", i))
	}
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

func TestConnectionLimits(t *testing.T) {
	for name, c := range map[string]struct {
		code   int
		change options
	}{
		"of the application": {4004, func(o *pusher.Options) { o.Apps[0].MaxConnections = 2 }},
		"in all":             {4100, func(o *pusher.Options) { o.Limits.Connections = 2 }},
		"of an address":      {4100, func(o *pusher.Options) { o.Limits.ConnectionsPerAddress = 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, c.change)
			first := e.connect()
			e.connect()
			e.dial("/app/" + key + "?protocol=7").expectEnd(c.code)
			first.ws.CloseNow()
			e.until(func(s pusher.Stats) bool { return s.Connections == 1 })
			e.connect() // there is room again
		})
	}
}

// Addresses are counted as Options.RemoteIP names them.
func TestAddresses(t *testing.T) {
	e := start(t, func(o *pusher.Options) {
		o.Limits.ConnectionsPerAddress = 1
		o.RemoteIP = func(r *http.Request) string { return r.Header.Get("X-Test-Address") }
	})
	e.dial("/app/"+key+"?protocol=7", "X-Test-Address: a").expect("pusher:connection_established")
	e.dial("/app/"+key+"?protocol=7", "X-Test-Address: b").expect("pusher:connection_established")
	e.dial("/app/"+key+"?protocol=7", "X-Test-Address: a").expectEnd(4100)
}

// Whoever may not have a channel is told which, and stays connected.
func TestRefusedSubscriptions(t *testing.T) {
	e := start(t)
	c := e.connect()
	const own, room = "private-chat.conversation.1", "presence-room"
	sign := func(channel, data string) string { return signature.Channel(key, secret, c.socketID, channel, data) }
	for name, s := range map[string]struct{ channel, auth, data string }{
		"no signature":              {own, "", ""},
		"another socket's":          {own, signature.Channel(key, secret, "1.1", own, ""), ""},
		"another channel's":         {own, sign("private-x", ""), ""},
		"another secret":            {own, signature.Channel(key, "wrong", c.socketID, own, ""), ""},
		"another application's":     {own, signature.Channel("other-key", "other-secret", c.socketID, own, ""), ""},
		"channel_data not signed":   {own, sign(own, ""), `{"user_id":"1"}`},
		"channel_data left out":     {own, sign(own, `{"user_id":"1"}`), ""},
		"encrypted, no signature":   {"private-encrypted-x", "", ""},
		"cached, no signature":      {"private-cache-x", "", ""},
		"present, no signature":     {room, "", `{"user_id":"1"}`},
		"present, data altered":     {room, sign(room, `{"user_id":"1"}`), `{"user_id":"2"}`},
		"present, no data":          {room, sign(room, ""), ""},
		"present, no id":            {room, sign(room, `{}`), `{}`},
		"present, empty id":         {room, sign(room, `{"user_id":""}`), `{"user_id":""}`},
		"present, id is no text":    {room, sign(room, `{"user_id":true}`), `{"user_id":true}`},
		"another user's channel":    {"#server-to-user-1", "", ""},
		"a name that is too long":   {strings.Repeat("a", 165), "", ""},
		"a name with wrong letters": {"a b", "", ""},
		"a name with a hash":        {"#x", "", ""},
		"no name":                   {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			c.subscribe(s.channel, s.auth, s.data)
			if f := c.expectError(4009); f.Channel != s.channel {
				t.Errorf("the error names %q", f.Channel)
			}
			if f := c.expect("pusher:subscription_error"); f.Channel != s.channel || !strings.Contains(f.text(), `"status":401`) {
				t.Errorf("%q %s", f.Channel, f.text())
			}
			e.publish(own, "x", "{}", "")
			c.alive() // and nothing was delivered
		})
	}
	c.t = t
	c.subscribe(own, sign(own, `{"a":1}`), `{"a":1}`) // signed with what was sent
	c.expect("pusher_internal:subscription_succeeded")
	c.join(strings.Repeat("a", 164))
}

func TestBadMessages(t *testing.T) {
	e := start(t)
	c := e.connect()
	for _, text := range []string{`{`, `[]`, `1`, `"x"`, `{}`, `null`, ``, `{"event":1}`, `{"event":"pusher:subscribe"}`, `{"event":"pusher:subscribe","data":"x"}`,
		`{"event":"pusher:subscribe","data":{"channel":5}}`, `{"event":"pusher:unsubscribe"}`, `{"event":"pusher:nonsense"}`, `{"event":"x","channel":"news"}`} {
		c.send(text)
		c.expectError(4200)
		c.alive()
	}
	c.send(`{"event":"pusher:subscribe","data":"{\"channel\":\"news\"}"}`) // data as a string is fine
	c.expect("pusher_internal:subscription_succeeded")
}

func TestMessageSize(t *testing.T) {
	e := start(t)
	c := e.connect()
	text := `{"event":"pusher:ping","data":"` + strings.Repeat("x", 10_000)
	c.send(text[:9998] + `"}`)
	c.expect("pusher:pong")
	c.send(text[:9999] + `"}`)
	c.expectClose(1009)
}

func TestChannelLimit(t *testing.T) {
	e := start(t)
	c := e.connect()
	for i := range 100 {
		c.join(fmt.Sprintf("news-%d", i))
	}
	c.join("news-0") // again is fine
	c.subscribe("one-more", "", "")
	if f := c.expectError(4301); f.Channel != "one-more" {
		t.Errorf("the error names %q", f.Channel)
	}
	c.expect("pusher:subscription_error")
	c.send(`{"event":"pusher:unsubscribe","data":{"channel":"news-5"}}`)
	c.join("one-more")
}

// member is a client of a presence channel.
func (c *client) enter(channel, data string) frame {
	c.t.Helper()
	c.subscribe(channel, signature.Channel(key, secret, c.socketID, channel, data), data)
	return c.expect("pusher_internal:subscription_succeeded")
}

func TestPresence(t *testing.T) {
	e := start(t)
	const room = "presence-room"
	ann, bob, bobToo := e.connect(), e.connect(), e.connect()
	if f := ann.enter(room, `{"user_id":"ann","user_info":{"name":"Ann"}}`); f.text() != `{"presence":{"count":1,"hash":{"ann":{"name":"Ann"}},"ids":["ann"]}}` {
		t.Errorf("alone: %s", f.text())
	}
	if f := bob.enter(room, `{"user_id":7}`); f.text() != `{"presence":{"count":2,"hash":{"7":{},"ann":{"name":"Ann"}},"ids":[7,"ann"]}}` {
		t.Errorf("both: %s", f.text())
	}
	if f := ann.expect("pusher_internal:member_added"); f.Channel != room || f.text() != `{"user_id":7}` {
		t.Errorf("added: %q %s", f.Channel, f.text())
	}
	bobToo.enter(room, `{"user_id":"7"}`) // the same user
	ann.alive()                           // hears nothing of it
	bob.alive()
	bob.ws.CloseNow()
	e.until(func(s pusher.Stats) bool { return s.Connections == 2 })
	ann.alive() // the user is still there
	bobToo.send(`{"event":"pusher:unsubscribe","data":{"channel":"presence-room"}}`)
	if f := ann.expect("pusher_internal:member_removed"); f.Channel != room || f.text() != `{"user_id":7}` {
		t.Errorf("removed: %q %s", f.Channel, f.text())
	}
}

func TestMemberLimit(t *testing.T) {
	e := start(t, func(o *pusher.Options) { o.Limits.Members = 1 })
	const room = "presence-room"
	a, b := e.connect(), e.connect()
	a.enter(room, `{"user_id":"a"}`)
	b.enter(room, `{"user_id":"a"}`)
	c := e.connect()
	c.subscribe(room, signature.Channel(key, secret, c.socketID, room, `{"user_id":"c"}`), `{"user_id":"c"}`)
	if f := c.expectError(4301); f.Channel != room {
		t.Errorf("the error names %q", f.Channel)
	}
	c.expect("pusher:subscription_error")
	a.alive()
}

func TestClientEvents(t *testing.T) {
	e := start(t)
	const channel, room = "private-x", "presence-room"
	a, b := e.connect(), e.connect()
	for _, c := range []*client{a, b} {
		c.join(channel)
		c.join("news")
		c.join("private-encrypted-x")
	}
	stranger := e.connect()
	a.send(`{"event":"client-typing","channel":"private-x","data":{"a":[1,"é"]}}`)
	if f := b.expect("client-typing"); f.Channel != channel || string(f.Data) != `{"a":[1,"é"]}` || f.UserID != nil {
		t.Errorf("delivered %q %s %s", f.Channel, f.Data, f.UserID)
	}
	a.send(`{"event":"client-typing","channel":"private-x","data":"not JSON"}`)
	if f := b.expect("client-typing"); string(f.Data) != `"not JSON"` {
		t.Errorf("delivered %s", f.Data)
	}
	a.alive() // not echoed
	for channel, c := range map[string]*client{"news": a, "private-encrypted-x": a, "private-x": stranger, "private-none": a} {
		c.send(`{"event":"client-typing","channel":"` + channel + `","data":{}}`)
		if f := c.expectError(4009); f.Channel != channel {
			t.Errorf("the error names %q", f.Channel)
		}
		c.alive()
	}
	b.alive() // none of these arrived

	a.enter(room, `{"user_id":"ann"}`)
	b.enter(room, `{"user_id":"bob"}`)
	a.expect("pusher_internal:member_added")
	b.send(`{"event":"client-typing","channel":"presence-room","data":{},"user_id":"mallory"}`)
	if f := a.expect("client-typing"); string(f.UserID) != `"bob"` {
		t.Errorf("user_id %s", f.UserID)
	}
}

func TestClientEventLimits(t *testing.T) {
	e := start(t, func(o *pusher.Options) { o.Limits.MessageBytes = 20_000 })
	a, b := e.connect(), e.connect()
	a.join("private-x")
	b.join("private-x")
	big := `"` + strings.Repeat("x", 10<<10) + `"`
	a.send(`{"event":"client-x","channel":"private-x","data":` + big + `}`)
	a.expectError(4301)
	a.send(`{"event":"client-` + strings.Repeat("x", 200) + `","channel":"private-x"}`)
	a.expectError(4301)
	for range 8 {
		a.send(`{"event":"client-x","channel":"private-x"}`)
		b.expect("client-x")
	}
	for range 20 { // even if a tenth of a second goes by now and then
		a.send(`{"event":"client-x","channel":"private-x"}`)
	}
	a.expectError(4301)
}

func TestNoClientEvents(t *testing.T) {
	e := start(t, func(o *pusher.Options) { o.Apps[0].NoClientEvents = true })
	a := e.connect()
	a.join("private-x")
	a.send(`{"event":"client-x","channel":"private-x"}`)
	a.expectError(4301)
	a.alive()
}

func TestCacheChannels(t *testing.T) {
	e := start(t)
	for _, channel := range []string{"cache-x", "private-cache-x", "private-encrypted-cache-x", "presence-cache-x"} {
		c, late := e.connect(), e.connect()
		in := func(c *client, user string) {
			if strings.HasPrefix(channel, "presence-") {
				c.enter(channel, `{"user_id":"`+user+`"}`)
				return
			}
			c.join(channel)
		}
		in(c, "a")
		if f := c.expect("pusher:cache_miss"); f.Channel != channel {
			t.Errorf("missed on %q", f.Channel)
		}
		e.publish(channel, "first", "1", "")
		e.publish(channel, "second", "2", c.socketID) // whom it was kept from does not matter
		c.expect("first")
		in(late, "b")
		if f := late.expect("second"); f.Channel != channel || f.text() != "2" {
			t.Errorf("replayed %q %s", f.Channel, f.Data)
		}
		late.alive()
	}
	c := e.connect()
	c.join("x-cache-x") // only the beginning counts
	c.alive()
}

// An encrypted event is for its reader alone: it passes as it came.
func TestEncrypted(t *testing.T) {
	e := start(t)
	c := e.connect()
	c.join("private-encrypted-x")
	const sealed = `{"nonce":"4sVYwy4j/8dCcjyxtPCWyk19GaaViaW9","ciphertext":"/GMESnFGlbNn01BuBjp31XYa3i9vZsGKR8fgR9EDhXKx3lzGiUD501A="}`
	e.publish("private-encrypted-x", "secret", sealed, "")
	if f := c.expect("secret"); f.text() != sealed {
		t.Errorf("delivered %s", f.text())
	}
}

func (c *client) signIn(userData, auth string) {
	c.t.Helper()
	data, err := json.Marshal(map[string]any{"event": "pusher:signin", "data": map[string]string{"auth": auth, "user_data": userData}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(string(data))
}

func TestSignIn(t *testing.T) {
	e := start(t)
	c := e.connect()
	const user = `{"id":"u1","user_info":{"name":"Ann"}}`
	for range 2 { // again is fine
		c.signIn(user, signature.User(key, secret, c.socketID, user))
		var data map[string]string
		if f := c.expect("pusher:signin_success"); json.Unmarshal([]byte(f.text()), &data) != nil || data["user_data"] != user {
			t.Errorf("signed in with %s", f.text())
		}
	}
	c.join("#server-to-user-u1")
	e.publish("#server-to-user-u1", "hello", "1", "")
	c.expect("hello")
	c.subscribe("#server-to-user-u2", "", "")
	c.expectError(4009)
}

func TestRefusedSignIn(t *testing.T) {
	e := start(t)
	const user, other = `{"id":"u1"}`, `{"id":"u2"}`
	for name, s := range map[string]struct{ data, auth func(*client) string }{
		"no signature":      {text(user), text("")},
		"another secret":    {text(user), func(c *client) string { return signature.User(key, "wrong", c.socketID, user) }},
		"another socket":    {text(user), text(signature.User(key, secret, "1.1", user))},
		"another user":      {text(other), func(c *client) string { return signature.User(key, secret, c.socketID, user) }},
		"a channel's":       {text(user), func(c *client) string { return signature.Channel(key, secret, c.socketID, "private-x", user) }},
		"without an id":     {text(`{}`), func(c *client) string { return signature.User(key, secret, c.socketID, `{}`) }},
		"an id of a number": {text(`{"id":1}`), func(c *client) string { return signature.User(key, secret, c.socketID, `{"id":1}`) }},
	} {
		t.Run(name, func(t *testing.T) {
			c := e.connect()
			c.t = t
			c.signIn(s.data(c), s.auth(c))
			c.expectEnd(4009)
		})
	}
	c := e.connect()
	c.signIn(user, signature.User(key, secret, c.socketID, user))
	c.expect("pusher:signin_success")
	c.signIn(other, signature.User(key, secret, c.socketID, other))
	c.expectEnd(4009)
}

func text(s string) func(*client) string { return func(*client) string { return s } }

// A silent client is asked whether it lives; whoever answers stays, whoever
// does not is closed, also one that never subscribed.
func TestSilence(t *testing.T) {
	e := start(t, func(o *pusher.Options) { o.ActivityTimeout, o.PongTimeout = 30*time.Millisecond, 300*time.Millisecond })
	c := e.dial("/app/" + key + "?protocol=7")
	c.expect("pusher:connection_established")
	for range 3 {
		c.expect("pusher:ping")
		c.send(`{"event":"pusher:pong"}`)
	}
	c.expect("pusher:ping") // no answer to this one
	c.expectEnd(4201)
	if n := e.Stats().Drops["silent"]; n != 1 {
		t.Errorf("%d silent connections counted", n)
	}
}

func TestUnused(t *testing.T) {
	e := start(t, func(o *pusher.Options) { o.UnusedTimeout = 50 * time.Millisecond })
	used := e.connect()
	used.join("news")
	e.connect().expectEnd(4202)
	used.alive()
}

func TestShutdown(t *testing.T) {
	e := start(t)
	clients := []*client{e.connect(), e.connect()}
	done := make(chan error, 1)
	go func() { done <- e.Shutdown(t.Context()) }()
	for _, c := range clients {
		c.expectEnd(4200)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	e.dial("/app/" + key + "?protocol=7").expectEnd(4200)
}
