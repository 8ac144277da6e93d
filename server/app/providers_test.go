package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chatbot/assets"
	"chatbot/server/app"
	"chatbot/server/config"
	"chatbot/widget/realtime"
	"chatbot/widget/wire"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// canary is in every secret of these tests.
const canary = "canary"

// ours and theirs are two applications as a .env names them.
const (
	ours   = "REVERB_APP_ID=1\nREVERB_APP_KEY=our-key\nREVERB_APP_SECRET=canary-reverb\n"
	theirs = "PUSHER_APP_ID=2\nPUSHER_APP_KEY=their-key\nPUSHER_APP_SECRET=canary-pusher\n"
)

// buffer is a log that may be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// server is an App that runs.
type server struct {
	*app.App
	log  *buffer
	stop func()
}

// parse reads an env file and flags as the command does.
func parse(t *testing.T, env string, flags ...string) config.Serve {
	t.Helper()
	knowledge := t.TempDir() // little of it, which is read faster than the built-in one
	file := filepath.Join(t.TempDir(), "env")
	for name, text := range map[string]string{file: env, filepath.Join(knowledge, "a.md"): "# Hours\n\nWe are here from nine to five.\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Parse(append([]string{"--env-file", file, "--addr=localhost:0", "--data-dir", t.TempDir(), "--knowledge", knowledge}, flags...), io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c.(config.Serve)
}

// start runs a server; nothing secret may be found in what it tells.
func start(t *testing.T, env string, flags ...string) *server {
	t.Helper()
	if !assets.Built() {
		t.Fatal("the widget is not built; run `make assets`")
	}
	s := &server{log: &buffer{}}
	var err error
	s.App, err = app.New(parse(t, env, flags...), slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if told := s.log.String() + s.Welcome(); strings.Contains(told, canary) || strings.Contains(told, "auth_signature") {
			t.Errorf("a secret is told: %s", told)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *server) port(t *testing.T) int {
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// ask makes one request and decodes its answer.
func ask[T any](t *testing.T, method, url, token string, body any, header ...string) (answer T) {
	t.Helper()
	answer, err := try[T](t.Context(), method, url, token, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func try[T any](ctx context.Context, method, url, token string, body any, header ...string) (answer T, err error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return answer, err
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(encoded))
	if err != nil {
		return answer, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode > 299 {
		err = fmt.Errorf("%s %s: %s", method, url, res.Status)
	}
	if err != nil {
		return answer, err
	}
	if strings.Contains(string(text), canary) {
		return answer, fmt.Errorf("%s tells a secret: %s", url, text)
	}
	return answer, json.Unmarshal(text, &answer)
}

func (s *server) answer(t *testing.T) wire.Config {
	t.Helper()
	return ask[wire.Config](t, "GET", s.URL()+wire.PathConfig, "", nil)
}

// visitor is a conversation at a server and the widget's ladder that follows it.
type visitor struct {
	t       *testing.T
	url     string
	session wire.Session
	ladder  *realtime.Ladder
	events  chan realtime.Event
}

func (s *server) visit(t *testing.T) *visitor {
	t.Helper()
	return listen(t, s.URL(), ask[wire.Session](t, "POST", s.URL()+wire.PathConversations, "", struct{}{}), s.answer(t))
}

// listen follows a conversation with a ladder, by the ways of c.
func listen(t *testing.T, url string, session wire.Session, c wire.Config, change ...func(*realtime.Options)) *visitor {
	v := &visitor{t: t, url: url, session: session, events: make(chan realtime.Event, 1000)}
	o := realtime.Options{
		Authorize: func(ctx context.Context, _, endpoint string, r wire.ChannelAuthRequest) (wire.ChannelAuth, error) {
			return try[wire.ChannelAuth](ctx, "POST", url+endpoint, session.Token, r)
		},
		Fetch:  func(context.Context, string, int) (realtime.Fetched, error) { return realtime.Fetched{}, nil },
		Emit:   func(e realtime.Event) { v.events <- e },
		Jitter: func(time.Duration) time.Duration { return 0 },
	}
	for _, c := range change {
		c(&o)
	}
	v.ladder = realtime.New(o)
	v.ladder.Configure(c)
	v.ladder.Follow(session.Conversation.ID)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { v.ladder.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return v
}

func (v *visitor) send(body string) {
	v.t.Helper()
	url := v.url + strings.Replace(wire.PathMessages, "{id}", v.session.Conversation.ID, 1)
	ask[wire.SendAnswer](v.t, "POST", url, v.session.Token, wire.SendRequest{ClientID: body, Body: body}, wire.HeaderSocketID+": "+v.ladder.SocketID())
}

// await waits for a report that is as wanted.
func await[E realtime.Event](v *visitor, what string, wanted func(E) bool) E {
	v.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case e := <-v.events:
			if e, ok := e.(E); ok && wanted(e) {
				return e
			}
		case <-deadline:
			v.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (v *visitor) subscribed(by wire.Provider) {
	v.t.Helper()
	await(v, "a subscription by "+string(by), func(e realtime.Subscribed) bool { return e.Provider == by })
}

// hears waits for the event of a message.
func (v *visitor) hears(body string) {
	v.t.Helper()
	await(v, "the message "+body, func(e realtime.Received) bool { return strings.Contains(string(e.Data), body) })
}

// elsewhere is the env of a server whose provider is another of ours.
func elsewhere(prefix string, s *server, t *testing.T) string {
	return fmt.Sprintf("%[1]s_HOST=localhost\n%[1]s_PORT=%[2]d\n%[1]s_SCHEME=http\n", prefix, s.port(t))
}

// What the variables of a Laravel application make of the config answer, and
// why, as the log has it.
func TestChoices(t *testing.T) {
	for _, c := range []struct {
		name, env string
		flags     []string
		providers []wire.Provider
		reverb    string // the URL
		pusher    string // cluster, or host
		log       string
	}{
		{name: "nothing", providers: []wire.Provider{"reverb"}, reverb: "http://localhost:{port}", log: `address=http://localhost:{port} why="CHATBOT_REVERB is own"`},
		{name: "off", env: ours + theirs, flags: []string{"--realtime=off"}, providers: []wire.Provider{}, log: "CHATBOT_REALTIME is off"},
		{name: "as reverb:install writes it", env: ours + "BROADCAST_CONNECTION=reverb\nREVERB_HOST=\"localhost\"\nREVERB_PORT=8080\nREVERB_SCHEME=http\n", providers: []wire.Provider{"reverb"}, reverb: "http://localhost:{port}", log: "set REVERB_SERVER_PORT as well"},
		{name: "public host", env: ours + "REVERB_HOST=ws.example\nREVERB_SERVER_PATH=ws\n", providers: []wire.Provider{"reverb"}, reverb: "https://ws.example:443/ws", log: "address=https://ws.example:443/ws"},
		{name: "this host is told to others by its public name", env: ours + "REVERB_HOST=127.0.0.1\nREVERB_SCHEME=http\n", flags: []string{"--public-url=https://chat.example"}, providers: []wire.Provider{"reverb"}, reverb: "https://chat.example:443"},
		{name: "both", env: ours + theirs + "PUSHER_APP_CLUSTER=eu\n", providers: []wire.Provider{"pusher", "reverb"}, reverb: "http://localhost:{port}", pusher: "eu", log: `provider=pusher address=https://api-eu.pusher.com:443 why="PUSHER_APP_KEY is set"`},
		{name: "Laravel's log", env: theirs + "BROADCAST_CONNECTION=log\n", providers: []wire.Provider{"pusher", "reverb"}, reverb: "http://localhost:{port}", pusher: "mt1"},
		{name: "Pusher demanded", env: theirs + "BROADCAST_CONNECTION=pusher\n", providers: []wire.Provider{"pusher", "reverb"}, reverb: "http://localhost:{port}", pusher: "mt1", log: "BROADCAST_CONNECTION is pusher"},
		{name: "Pusher left out", env: theirs + "BROADCAST_CONNECTION=reverb\n", providers: []wire.Provider{"reverb"}, reverb: "http://localhost:{port}", log: `"Pusher is left out" why="BROADCAST_CONNECTION is reverb"`},
		{name: "like Pusher", env: theirs + "PUSHER_HOST=soketi.example\nPUSHER_PORT=6001\nPUSHER_SCHEME=http\n", providers: []wire.Provider{"pusher", "reverb"}, reverb: "http://localhost:{port}", pusher: "http://soketi.example:6001", log: "travels unencrypted"},
		{name: "external", env: ours + "CHATBOT_REVERB=external\nREVERB_HOST=ws.example\n", providers: []wire.Provider{"reverb"}, reverb: "https://ws.example:443", log: `provider=reverb address=https://ws.example:443 why="CHATBOT_REVERB is external"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, c.env, c.flags...)
			port := fmt.Sprint(s.port(t))
			request, err := http.NewRequestWithContext(t.Context(), "GET", "http://localhost:"+port+wire.PathConfig, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, request.Host, _ = strings.Cut(s.URL(), "://")
			res, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var got wire.Config
			if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if first := append(slices.Clone(c.providers), wire.ProviderPolling)[0]; !slices.Equal(got.Providers, c.providers) || got.RealtimeProvider != first {
				t.Errorf("providers %q, first %q", got.Providers, got.RealtimeProvider)
			}
			reverb := ""
			if r := got.Reverb; r.Enabled {
				reverb = config.Address{Scheme: r.Scheme, Host: r.Host, Port: r.Port, Path: r.Path}.URL()
			}
			if want := strings.ReplaceAll(c.reverb, "{port}", port); reverb != want {
				t.Errorf("Reverb at %q, want %q", reverb, want)
			}
			pusher := ""
			if p := got.Pusher; p.Enabled && p.Host != "" {
				pusher = fmt.Sprintf("%s://%s:%d", p.Scheme, p.Host, p.Port)
			} else if p.Enabled {
				pusher = p.Cluster
			}
			if pusher != c.pusher || got.Pusher.Enabled && got.Pusher.Key != "their-key" {
				t.Errorf("Pusher at %q, want %q", pusher, c.pusher)
			}
			if want := strings.ReplaceAll(c.log, "{port}", port); !strings.Contains(s.log.String(), want) {
				t.Errorf("the log lacks %q: %s", want, s.log)
			}
		})
	}
}

// Wrong combinations are told in one line that names what to change.
func TestWrongChoices(t *testing.T) {
	if !assets.Built() {
		t.Fatal("the widget is not built; run `make assets`")
	}
	port := freePort(t)
	self := fmt.Sprintf("_HOST=127.0.0.1\nREVERB_PORT=%[1]d\nPUSHER_PORT=%[1]d\n", port)
	taken, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for want, env := range map[string]string{
		"PUSHER_APP_KEY without PUSHER_APP_ID and PUSHER_APP_SECRET":             "PUSHER_APP_KEY=k\n",
		"REVERB_APP_ID and REVERB_APP_KEY without REVERB_APP_SECRET":             "REVERB_APP_ID=1\nREVERB_APP_KEY=k\n",
		"BROADCAST_CONNECTION is pusher: set PUSHER_APP_ID, PUSHER_APP_KEY and":  "BROADCAST_CONNECTION=pusher\n",
		"CHATBOT_REVERB is external: set REVERB_APP_ID, REVERB_APP_KEY and":      "CHATBOT_REVERB=external\nREVERB_HOST=ws.example\n",
		"REVERB_HOST names this server itself, at 127.0.0.1:" + fmt.Sprint(port): ours + "CHATBOT_REVERB=external\nREVERB" + self,
		"PUSHER_HOST names this server itself":                                   theirs + "PUSHER" + self,
		"--reverb-server-port":                                                   fmt.Sprintf("REVERB_SERVER_PORT=%d\n", taken.Addr().(*net.TCPAddr).Port),
	} {
		var log buffer
		a, err := app.New(parse(t, env, fmt.Sprintf("--addr=localhost:%d", port)), slog.New(slog.NewTextHandler(&log, nil)))
		if err == nil {
			t.Fatalf("accepted: %q, %v", env, a.URL())
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), canary) || log.String() != "" {
			t.Errorf("%q: %v, want %q; log: %s", env, err, want, &log)
		}
	}
}

// Reverb elsewhere, end to end: one server is the Reverb, also under a path, the
// other publishes there.
func TestExternalReverb(t *testing.T) {
	for _, path := range []string{"", "REVERB_SERVER_PATH=/ws\n"} {
		reverb := start(t, ours+path)
		chat := start(t, ours+path+"CHATBOT_REVERB=external\n"+elsewhere("REVERB", reverb, t))
		v := chat.visit(t)
		up := await(v, "a socket", func(realtime.Up) bool { return true })
		if want := "localhost:" + fmt.Sprint(reverb.port(t)); up.Address != want {
			t.Errorf("connected to %s, want %s", up.Address, want)
		}
		v.subscribed(wire.ProviderReverb)
		v.send("Hello")
		await(v, "the bot's answer", func(e realtime.Received) bool {
			if strings.Contains(string(e.Data), `"clientId":"Hello"`) && strings.Contains(string(e.Data), `"role":"visitor"`) && e.Name == wire.EventMessageReceived {
				t.Errorf("the sender's own socket heard %s", e.Data)
			}
			return strings.Contains(string(e.Data), `"role":"bot"`) && e.Name == wire.EventMessageReceived
		})
		if res, err := http.Get(chat.URL() + "/up"); err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusNotFound {
			t.Errorf("Reverb is served here too: %v", err)
		}
	}
}

// Pusher and Reverb both on: whoever is connected to either hears everything.
func TestBothProviders(t *testing.T) {
	pusher := start(t, strings.ReplaceAll(theirs, "PUSHER", "REVERB"))
	chat := start(t, ours+theirs+elsewhere("PUSHER", pusher, t))
	byPusher := chat.visit(t)
	byPusher.subscribed(wire.ProviderPusher)
	onlyReverb := chat.answer(t)
	onlyReverb.Providers = []wire.Provider{wire.ProviderReverb}
	byReverb := listen(t, chat.URL(), byPusher.session, onlyReverb)
	byReverb.subscribed(wire.ProviderReverb)
	byPusher.send("from-pusher")
	byReverb.hears("from-pusher")
	byReverb.send("from-reverb")
	byPusher.hears("from-reverb")
	// A provider that is away slows nobody down.
	pusher.stop()
	byPusher.send("while-away")
	byReverb.hears("while-away")
}

// Switching the provider is configuration: it reaches pages that are open.
func TestSwitchReachesOpenPages(t *testing.T) {
	port, data := freePort(t), t.TempDir()
	flags := []string{fmt.Sprintf("--addr=localhost:%d", port), "--data-dir=" + data}
	pusher := start(t, strings.ReplaceAll(theirs, "PUSHER", "REVERB"))
	env := ours + theirs + elsewhere("PUSHER", pusher, t)
	before := start(t, env+"BROADCAST_CONNECTION=pusher\n", flags...)
	v := before.visit(t)
	v.subscribed(wire.ProviderPusher)

	before.stop()
	pusher.stop()
	after := start(t, ours+"BROADCAST_CONNECTION=reverb\n"+"REVERB_APP_KEY=new-key\n", flags...)
	// The page still tries what it knew: Pusher, that is away, and a Reverb
	// whose key is another one now.
	await(v, "a wish for a new config", func(realtime.ConfigWanted) bool { return true })
	answer := after.answer(t)
	if !slices.Equal(answer.Providers, []wire.Provider{wire.ProviderReverb}) {
		t.Errorf("providers %q", answer.Providers)
	}
	v.ladder.Configure(answer)
	v.subscribed(wire.ProviderReverb)
	ask[wire.SendAnswer](t, "POST", v.url+strings.Replace(wire.PathMessages, "{id}", v.session.Conversation.ID, 1), v.session.Token, wire.SendRequest{ClientID: "x", Body: "after-the-switch"})
	v.hears("after-the-switch")
}

// The endpoint has a port of its own where Reverb would, and nothing else is
// behind it.
func TestPortOfItsOwn(t *testing.T) {
	port := freePort(t)
	s := start(t, ours+fmt.Sprintf("REVERB_SERVER_HOST=127.0.0.1\nREVERB_SERVER_PORT=%d\nREVERB_SERVER_PATH=/ws/\n", port))
	own := fmt.Sprintf("http://127.0.0.1:%d", port)
	for url, want := range map[string]string{
		own + "/up": "200", own + "/ws/up": "200", own + wire.PathConfig: "404", own + "/chatbot-test.html": "404",
		own + "/apps/1/channels": "401", own + "/ws/apps/1/channels": "401",
		s.URL() + "/up": "200", s.URL() + "/ws/up": "200", s.URL() + "/ws/x": "404",
	} {
		if got := do(t, "GET", url, ""); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %.100s, want %s", url, got, want)
		}
	}
	c := s.answer(t)
	c.Reverb.Host, c.Reverb.Port, c.Reverb.Path = "127.0.0.1", port, "/ws"
	v := listen(t, s.URL(), ask[wire.Session](t, "POST", s.URL()+wire.PathConversations, "", struct{}{}), c)
	v.subscribed(wire.ProviderReverb)
	s.stop()
	await(v, "the end", func(realtime.Down) bool { return true })
	if _, err := http.Get(own + "/up"); err == nil {
		t.Error("the port is still served")
	}
}
