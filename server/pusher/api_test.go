package pusher_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	sdk "github.com/pusher/pusher-http-go/v5"

	"chatbot/server/pusher"
	"chatbot/server/pusher/signature"
)

// official is Pusher's own library for servers, as an oracle.
func (e *endpoint) official() *sdk.Client {
	return &sdk.Client{
		AppID: "1", Key: key, Secret: secret, Host: strings.TrimPrefix(e.http, "http://"),
		HTTPClient:                &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}},
		EncryptionMasterKeyBase64: "ZUhQVldIZzduRkdZVkJzS2pPRkRYV1JyaWJJUjJiMGI=",
	}
}

func pointer(s string) *string { return &s }

func TestOfficialLibrary(t *testing.T) {
	e := start(t)
	server := e.official()
	a, b := e.connect(), e.connect()
	a.join("news")
	b.join("news")
	check := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	check("trigger", server.Trigger("news", "hello", map[string]string{"text": "é<"}))
	for _, c := range []*client{a, b} {
		if f := c.expect("hello"); f.text() != `{"text":"é\u003c"}` {
			t.Errorf("delivered %s", f.text())
		}
	}
	_, err := server.TriggerWithParams("news", "but-a", "x", sdk.TriggerParams{SocketID: &a.socketID})
	check("trigger but one", err)
	b.expect("but-a")
	check("trigger many", server.TriggerMulti([]string{"news", "none"}, "many", "x"))
	a.expect("many")
	b.expect("many")

	a.enter("presence-room", `{"user_id":"ann"}`)
	b.enter("presence-room", `{"user_id":7}`)
	a.expect("pusher_internal:member_added")
	counted, err := server.TriggerMultiWithParams([]string{"presence-room", "news"}, "counted", "x", sdk.TriggerParams{Info: pointer("user_count,subscription_count")})
	check("trigger with info", err)
	if got := asJSON(counted); got != `{"channels":{"news":{"subscription_count":2},"presence-room":{"user_count":2,"subscription_count":2}}}` {
		t.Errorf("counted %s", got)
	}
	batch, err := server.TriggerBatch([]sdk.Event{
		{Channel: "news", Name: "one", Data: "x", SocketID: &a.socketID, Info: pointer("subscription_count")},
		{Channel: "presence-room", Name: "two", Data: "x"},
	})
	check("batch", err)
	if got := asJSON(batch); got != `{"batch":[{"subscription_count":2},{}]}` {
		t.Errorf("batch %s", got)
	}
	for _, event := range []string{"counted", "counted", "two"} { // without one, which was kept from it
		a.expect(event)
	}

	channels, err := server.Channels(sdk.ChannelsParams{FilterByPrefix: pointer("presence-"), Info: pointer("user_count")})
	check("channels", err)
	if got := asJSON(channels); got != `{"channels":{"presence-room":{"user_count":2}}}` {
		t.Errorf("channels %s", got)
	}
	channel, err := server.Channel("presence-room", sdk.ChannelParams{Info: pointer("user_count,subscription_count")})
	check("channel", err)
	if !channel.Occupied || channel.UserCount != 2 || channel.SubscriptionCount != 2 {
		t.Errorf("channel %+v", channel)
	}
	users, err := server.GetChannelUsers("presence-room")
	check("users", err)
	if got := asJSON(users); got != `{"users":[{"id":"7"},{"id":"ann"}]}` {
		t.Errorf("users %s", got)
	}
}

// Nobody there is no error, and is told in the same form.
func TestOfficialLibraryAlone(t *testing.T) {
	server := start(t).official()
	channels, err := server.Channels(sdk.ChannelsParams{})
	if err != nil || len(channels.Channels) != 0 {
		t.Errorf("channels %+v, %v", channels, err)
	}
	channel, err := server.Channel("news", sdk.ChannelParams{})
	if err != nil || channel.Occupied {
		t.Errorf("channel %+v, %v", channel, err)
	}
	users, err := server.GetChannelUsers("presence-x")
	if err != nil || len(users.List) != 0 {
		t.Errorf("users %+v, %v", users, err)
	}
}

// Sent by the official library to a user, and what it signs, is taken.
func TestOfficialLibrarySigns(t *testing.T) {
	e := start(t)
	server, c := e.official(), e.connect()
	signed, err := server.AuthenticateUser([]byte("socket_id="+c.socketID), map[string]any{"id": "u 1+é"})
	if err != nil {
		t.Fatal(err)
	}
	c.send(`{"event":"pusher:signin","data":` + string(signed) + `}`)
	c.expect("pusher:signin_success")
	c.join("#server-to-user-u 1+é")
	if err := server.SendToUser("u 1+é", "hello", "x"); err != nil {
		t.Fatal(err)
	}
	c.expect("hello")

	signed, err = server.AuthorizePresenceChannel([]byte("socket_id="+c.socketID+"&channel_name=presence-x"), sdk.MemberData{UserID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	c.send(`{"event":"pusher:subscribe","data":` + strings.Replace(string(signed), `{`, `{"channel":"presence-x",`, 1) + `}`)
	c.expect("pusher_internal:subscription_succeeded")

	c.join("private-encrypted-x")
	if err := server.Trigger("private-encrypted-x", "secret", "hidden"); err != nil {
		t.Fatal(err)
	}
	if f := c.expect("secret"); !strings.Contains(f.text(), `"ciphertext"`) {
		t.Errorf("delivered %s", f.text())
	}
	if got := e.get("/apps/1/channels"); got != `200 {"channels":{"presence-x":{},"private-encrypted-x":{}}}` {
		t.Errorf("a user's own channel is told of: %s", got)
	}
}

// The official library hears of a wrong secret.
func TestOfficialLibraryRefused(t *testing.T) {
	e := start(t)
	server := e.official()
	server.Secret = "wrong"
	c := e.connect()
	c.join("news")
	if err := server.Trigger("news", "x", "x"); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("answered with %v", err)
	}
	c.alive()
}

func TestTerminate(t *testing.T) {
	e := start(t)
	signedIn, present, other := e.connect(), e.connect(), e.connect()
	const user = `{"id":"u1"}`
	signedIn.signIn(user, signature.User(key, secret, signedIn.socketID, user))
	signedIn.expect("pusher:signin_success")
	present.enter("presence-room", `{"user_id":"u1"}`)
	other.enter("presence-room", `{"user_id":"u2"}`)
	present.expect("pusher_internal:member_added")
	if got := e.post("/apps/1/users/u1/terminate_connections", ""); got != "200 {}" {
		t.Error(got)
	}
	signedIn.expectEnd(4009)
	present.expectEnd(4009)
	other.expect("pusher_internal:member_removed")
	other.alive()
	if got := e.post("/apps/1/users/nobody/terminate_connections", ""); got != "200 {}" {
		t.Error(got)
	}
}

// A connection ends with any of those for whom it was claimed, however many other
// connections were claimed for them before and since.
func TestTerminateHolder(t *testing.T) {
	e := start(t)
	anns, both, bens := e.connect(), e.connect(), e.connect()
	for _, c := range []struct {
		socket, holder string
	}{{anns.socketID, "ann"}, {both.socketID, "ben"}, {both.socketID, "ann"}, {both.socketID, "ann"}, {bens.socketID, "ben"}, {"1.1", "ann"}} {
		if !e.Claim(c.socket, c.holder) {
			t.Errorf("%s may not hold %s", c.holder, c.socket)
		}
	}
	e.Terminate("nobody")
	e.Terminate("ann")
	anns.expectEnd(4009)
	both.expectEnd(4009)
	bens.alive()
	for i := range 99 { // with ben 100
		if !e.Claim(bens.socketID, strconv.Itoa(i)) {
			t.Fatalf("holder %d is refused", i)
		}
	}
	if e.Claim(bens.socketID, "one more") || !e.Claim(bens.socketID, "ben") {
		t.Error("a connection has more holders than it may have channels, or has lost one")
	}
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// call makes a signed request and gives status and body.
func (e *endpoint) call(method, path, body string, change ...func(url.Values)) string {
	e.t.Helper()
	path, rawQuery, _ := strings.Cut(path, "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		e.t.Fatal(err)
	}
	signature.SignRequest(key, secret, method, path, query, []byte(body), time.Now())
	for _, c := range change {
		c(query)
	}
	return e.do(method, path+"?"+query.Encode(), body)
}

func (e *endpoint) do(method, target, body string) string {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, e.http+target, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, bytes.TrimSpace(b))
}

func (e *endpoint) get(path string) string        { return e.call("GET", path, "") }
func (e *endpoint) post(path, body string) string { return e.call("POST", path, body) }

var routes = []struct{ method, path, body string }{
	{"POST", "/apps/1/events", `{"name":"x","data":"x","channels":["news"]}`},
	{"POST", "/apps/1/batch_events", `{"batch":[{"name":"x","data":"x","channel":"news"}]}`},
	{"GET", "/apps/1/channels", ""},
	{"GET", "/apps/1/channels/news", ""},
	{"GET", "/apps/1/channels/presence-x/users", ""},
	{"POST", "/apps/1/users/u/terminate_connections", "{}"},
	{"GET", "/apps/1/connections", ""},
}

// No route does anything for a call that is not signed just so.
func TestSignatures(t *testing.T) {
	e := start(t)
	c := e.connect()
	c.join("news")
	resign := func(method, path, body, secret string, at time.Time) string {
		return e.do(method, path+"?"+signature.SignRequest(key, secret, method, path, url.Values{}, []byte(body), at).Encode(), body)
	}
	for _, r := range routes {
		refused := map[string]string{
			"unsigned":           e.do(r.method, r.path, r.body),
			"another secret":     resign(r.method, r.path, r.body, "wrong", time.Now()),
			"too old":            resign(r.method, r.path, r.body, secret, time.Now().Add(-601*time.Second)),
			"from the future":    resign(r.method, r.path, r.body, secret, time.Now().Add(602*time.Second)),
			"altered query":      e.call(r.method, r.path, r.body, func(q url.Values) { q.Set("info", "x") }),
			"altered time":       e.call(r.method, r.path, r.body, func(q url.Values) { q.Set("auth_timestamp", fmt.Sprint(time.Now().Unix()+1)) }),
			"altered signature":  e.call(r.method, r.path, r.body, func(q url.Values) { q.Set("auth_signature", strings.Repeat("0", 64)) }),
			"another key":        e.call(r.method, r.path, r.body, func(q url.Values) { q.Set("auth_key", "other-key") }),
			"another's app":      e.do(r.method, strings.Replace(r.path, "/1/", "/2/", 1)+"?"+signature.SignRequest(key, secret, r.method, strings.Replace(r.path, "/1/", "/2/", 1), url.Values{}, []byte(r.body), time.Now()).Encode(), r.body),
			"signed for another": e.do(r.method, r.path+"?"+signature.SignRequest(key, secret, r.method, "/apps/1/other", url.Values{}, []byte(r.body), time.Now()).Encode(), r.body),
		}
		if r.body != "" {
			query := signature.SignRequest(key, secret, r.method, r.path, url.Values{}, []byte(r.body), time.Now()).Encode()
			refused["altered body"] = e.do(r.method, r.path+"?"+query, strings.Replace(r.body, "}", " }", 1))
			refused["no body digest"] = e.do(r.method, r.path+"?"+signature.SignRequest(key, secret, r.method, r.path, url.Values{}, nil, time.Now()).Encode(), r.body)
		}
		for name, got := range refused {
			if !strings.HasPrefix(got, "401 Not authorized") {
				t.Errorf("%s %s, %s: %s", r.method, r.path, name, got)
			}
		}
		for _, at := range []time.Duration{-598 * time.Second, 598 * time.Second} {
			if got := resign(r.method, r.path, r.body, secret, time.Now().Add(at)); !strings.HasPrefix(got, "200 {") {
				t.Errorf("%s %s at %s: %s", r.method, r.path, at, got)
			}
		}
	}
	for range 2 { // nothing but what the two good calls of two routes have sent
		c.expect("x")
		c.expect("x")
	}
	c.alive()
}

func TestAPIRefusals(t *testing.T) {
	e := start(t)
	c := e.connect()
	c.join("news")
	channels := func(n int) string {
		return `{"name":"x","data":"x","channels":["` + strings.Join(slices.Repeat([]string{"none"}, n), `","`) + `"]}`
	}
	batch := func(n int) string {
		return `{"batch":[` + strings.Join(slices.Repeat([]string{`{"name":"x","data":"x","channel":"none"}`}, n), ",") + `]}`
	}
	data := func(n int) string { return `{"name":"x","channel":"none","data":"` + strings.Repeat("x", n) + `"}` }
	name := func(n int) string { return `{"name":"x","data":"x","channel":"` + strings.Repeat("x", n) + `"}` }
	event := func(n int) string { return `{"name":"` + strings.Repeat("x", n) + `","data":"x","channel":"none"}` }
	const events, batches = "/apps/1/events", "/apps/1/batch_events"
	for what, r := range map[string]struct{ method, path, body, want string }{
		"100 channels":              {"POST", events, channels(100), "200 {}"},
		"101 channels":              {"POST", events, channels(101), "400 "},
		"no channel":                {"POST", events, `{"name":"x","data":"x"}`, "400 "},
		"10 events":                 {"POST", batches, batch(10), `200 {"batch":[{},`},
		"11 events":                 {"POST", batches, batch(11), "400 "},
		"no events":                 {"POST", batches, `{"batch":[]}`, "400 "},
		"10 KiB":                    {"POST", events, data(10 << 10), "200 {}"},
		"more than 10 KiB":          {"POST", events, data(10<<10 + 1), "413 "},
		"a body of 256 KiB and one": {"POST", events, data(256<<10 + 1), "413 The body"},
		"a name of 164":             {"POST", events, name(164), "200 {}"},
		"a name of 165":             {"POST", events, name(165), "400 "},
		"a name with a space":       {"POST", events, `{"name":"x","data":"x","channel":"a b"}`, "400 "},
		"an event of 200":           {"POST", events, event(200), "200 {}"},
		"an event of 201":           {"POST", events, event(201), "400 "},
		"no event":                  {"POST", events, `{"data":"x","channel":"none"}`, "400 "},
		"no data":                   {"POST", events, `{"name":"x","channel":"none"}`, "400 "},
		"data an object":            {"POST", events, `{"name":"x","channel":"none","data":{}}`, "400 data must not be a JSON object"},
		"a wrong socket id":         {"POST", events, `{"name":"x","data":"x","channel":"none","socket_id":"1.2:private-x"}`, "400 "},
		"unknown info":              {"POST", events, `{"name":"x","data":"x","channel":"none","info":"secrets"}`, "400 "},
		"no JSON":                   {"POST", events, `{`, "400 "},
		"a list":                    {"POST", events, `[]`, "400 "},
		// The first event of a bad batch is not sent either.
		"a bad second event":   {"POST", batches, `{"batch":[{"name":"x","data":"x","channel":"news"},{"name":"x","channel":"news"}]}`, "400 Event 2: "},
		"users of no presence": {"GET", "/apps/1/channels/news/users", "", "400 "},
		"user_count of all":    {"GET", "/apps/1/channels?info=user_count", "", "400 "},
		"user_count of one":    {"GET", "/apps/1/channels/news?info=user_count", "", "400 "},
		"a wrong channel":      {"GET", "/apps/1/channels/a:b", "", "400 "},
		"no such app":          {"GET", "/apps/3/channels", "", "404 "},
		"no such route":        {"GET", "/apps/1/nothing", "", "404 "},
		"a wrong method":       {"GET", "/apps/1/events", "", "405 "},
	} {
		if got := e.call(r.method, r.path, r.body); !strings.HasPrefix(got, r.want) {
			t.Errorf("%s: %.200s, want %s", what, got, r.want)
		}
	}
	c.alive() // nothing was sent to it
}

func TestDisabledAPI(t *testing.T) {
	e := start(t, func(o *pusher.Options) { o.Apps[0].Disabled = true })
	if got := e.get("/apps/1/channels"); !strings.HasPrefix(got, "403 ") {
		t.Error(got)
	}
}

func TestAPILimitsAreOptions(t *testing.T) {
	e := start(t, func(o *pusher.Options) {
		o.Limits = pusher.Limits{RequestBytes: 200, EventBytes: 5, TriggerChannels: 1, BatchEvents: 1, ChannelName: 5, EventName: 3}
	})
	for body, want := range map[string]string{
		`{"name":"xxx","data":"xxxxx","channels":["xxxxx"]}`:               "200",
		`{"name":"xxx","data":"xxxxxx","channels":["xxxxx"]}`:              "413",
		`{"name":"xxxx","data":"xxxxx","channels":["xxxxx"]}`:              "400",
		`{"name":"xxx","data":"xxxxx","channels":["xxxxxx"]}`:              "400",
		`{"name":"xxx","data":"xxxxx","channels":["xxxxx","x"]}`:           "400",
		`{"name":"xxx","data":"x","x":"` + strings.Repeat("x", 200) + `"}`: "413",
	} {
		if got := e.post("/apps/1/events", body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	if got := e.post("/apps/1/batch_events", `{"batch":[{"name":"x","data":"x","channel":"x"},{"name":"x","data":"x","channel":"x"}]}`); !strings.HasPrefix(got, "400") {
		t.Error(got)
	}
}

func TestChannelInfo(t *testing.T) {
	e := start(t)
	c := e.connect()
	c.join("cache-x")
	c.expect("pusher:cache_miss")
	if got := e.get("/apps/1/channels/cache-x?info=cache,subscription_count"); got != `200 {"cache":null,"occupied":true,"subscription_count":1}` {
		t.Error(got)
	}
	e.publish("cache-x", "x", `{"a":1}`, "")
	got := e.get("/apps/1/channels/cache-x?info=cache")
	if !strings.HasPrefix(got, `200 {"cache":{"data":"{\"a\":1}","ttl":17`) {
		t.Error(got)
	}
	if got := e.get("/apps/1/connections"); got != `200 {"connections":1}` {
		t.Error(got)
	}
	if got := e.do("GET", "/up", ""); got != `200 {"health":"OK"}` {
		t.Error(got)
	}
}

// With a secret that nobody was told, only this machine may call, and no proxy
// on it for others.
func TestLocalAPI(t *testing.T) {
	s := pusher.New(pusher.Options{Apps: []pusher.App{{ID: "1", Key: key, Secret: secret}}, LocalAPI: true})
	for _, r := range routes {
		for peer, want := range map[string]int{"127.0.0.1:5": 200, "[::1]:5": 200, "[::ffff:127.0.0.1]:5": 200, "192.0.2.1:5": 403, "10.0.0.1:5": 403, "@": 403, "127.0.0.1:5 for another": 403} {
			query := signature.SignRequest(key, secret, r.method, r.path, url.Values{}, []byte(r.body), time.Now())
			request := httptest.NewRequest(r.method, r.path+"?"+query.Encode(), strings.NewReader(r.body))
			var forwarded bool
			if request.RemoteAddr, _, forwarded = strings.Cut(peer, " "); forwarded {
				request.Header.Set("X-Forwarded-For", "127.0.0.1")
			}
			answer := httptest.NewRecorder()
			s.ServeHTTP(answer, request)
			if answer.Code != want {
				t.Errorf("%s %s from %s: %d, want %d", r.method, r.path, peer, answer.Code, want)
			}
		}
	}
}
