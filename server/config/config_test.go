package config_test

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"chatbot/server/config"
)

// parse reads a command line with no variable of this product set but those
// that the test has set itself.
func parse(t *testing.T, args ...string) (any, string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command, err := config.Parse(args, &stdout, &stderr)
	if stderr.Len() > 0 {
		t.Errorf("written to stderr: %s", stderr.String())
	}
	return command, stdout.String(), err
}

// quiet empties this product's variables for a test; an empty one counts as
// none.
func quiet(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if prefix, _, _ := strings.Cut(name, "_"); slices.Contains([]string{"CHATBOT", "REVERB", "PUSHER", "BROADCAST"}, prefix) {
			t.Setenv(name, "")
		}
	}
}

var defaults = config.Serve{
	Addr: "localhost:8000", DataDir: "./data", BotName: "Assistant",
	Realtime: "on", ActivityTimeout: 30 * time.Second, PollInterval: 2 * time.Second, PollWait: 25 * time.Second,
	Endpoint:          config.Endpoint{Connections: 20_000, PerAddress: 500, PongTimeout: 30 * time.Second, MessageSize: 10_000, RequestSize: 256 << 10, ClientEvents: "members", PrivateWebhooks: "off"},
	Providers:         config.Providers{Reverb: "own", ReverbScheme: "https", PusherCluster: "mt1", PusherScheme: "https"},
	RateConversations: 30, RateMessages: 60, LogLevel: "info", LogFormat: "text",
}

func TestDefaults(t *testing.T) {
	quiet(t)
	for _, args := range [][]string{nil, {"serve"}} {
		if got, _, err := parse(t, args...); err != nil || !reflect.DeepEqual(got, defaults) {
			t.Errorf("%q gives %+v, %v", args, got, err)
		}
	}
	if err := defaults.Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
}

func TestDefaultServeIgnoresTheEnvironment(t *testing.T) {
	t.Setenv("CHATBOT_ADDR", "example:1")
	t.Setenv("CHATBOT_POLL_WAIT", "nonsense")
	if got := config.DefaultServe(); !reflect.DeepEqual(got, defaults) {
		t.Errorf("DefaultServe = %+v", got)
	}
	if os.Getenv("CHATBOT_ADDR") != "example:1" {
		t.Error("DefaultServe changed the environment")
	}
}

// Every setting of the server, by flag and by variable.
var settings = []struct {
	flag, variable, text string
	want                 func(*config.Serve)
}{
	{"--addr", "CHATBOT_ADDR", ":9000", func(s *config.Serve) { s.Addr = ":9000" }},
	{"--data-dir", "CHATBOT_DATA_DIR", "elsewhere", func(s *config.Serve) { s.DataDir = "elsewhere" }},
	{"--knowledge", "CHATBOT_KNOWLEDGE", "pages", func(s *config.Serve) { s.Knowledge = "pages" }},
	{"--allowed-origins", "CHATBOT_ALLOWED_ORIGINS", "https://a.example,http://b.example:81", func(s *config.Serve) { s.AllowedOrigins = []string{"https://a.example", "http://b.example:81"} }},
	{"--public-url", "CHATBOT_PUBLIC_URL", "https://chat.example", func(s *config.Serve) { s.PublicURL = "https://chat.example" }},
	{"--trusted-proxies", "CHATBOT_TRUSTED_PROXIES", "10.0.0.5,10.1.0.0/16", func(s *config.Serve) { s.TrustedProxies = []string{"10.0.0.5", "10.1.0.0/16"} }},
	{"--bot-name", "CHATBOT_BOT_NAME", "Ada", func(s *config.Serve) { s.BotName = "Ada" }},
	{"--realtime", "CHATBOT_REALTIME", "off", func(s *config.Serve) { s.Realtime = "off" }},
	{"--activity-timeout", "CHATBOT_ACTIVITY_TIMEOUT", "2m", func(s *config.Serve) { s.ActivityTimeout = 2 * time.Minute }},
	{"--realtime-pong-timeout", "REVERB_APP_PING_INTERVAL", "1m", func(s *config.Serve) { s.PongTimeout = time.Minute }},
	{"--poll-interval", "CHATBOT_POLL_INTERVAL", "500ms", func(s *config.Serve) { s.PollInterval = 500 * time.Millisecond }},
	{"--poll-wait", "CHATBOT_POLL_WAIT", "0s", func(s *config.Serve) { s.PollWait = 0 }},
	{"--realtime-origins", "REVERB_ALLOWED_ORIGINS", "*.a.example,b.example", func(s *config.Serve) { s.Origins = []string{"*.a.example", "b.example"} }},
	{"--realtime-connections", "REVERB_APP_MAX_CONNECTIONS", "7", func(s *config.Serve) { s.Connections = 7 }},
	{"--realtime-per-address", "CHATBOT_REALTIME_PER_ADDRESS", "7", func(s *config.Serve) { s.PerAddress = 7 }},
	{"--realtime-message-size", "REVERB_APP_MAX_MESSAGE_SIZE", "20000", func(s *config.Serve) { s.MessageSize = 20_000 }},
	{"--realtime-request-size", "REVERB_MAX_REQUEST_SIZE", "10000", func(s *config.Serve) { s.RequestSize = 10_000 }},
	{"--realtime-client-events", "REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM", "none", func(s *config.Serve) { s.ClientEvents = "none" }},
	{"--realtime-webhooks", "CHATBOT_REALTIME_WEBHOOKS", "https://a.example/hook?x=1,http://b.example", func(s *config.Serve) { s.Webhooks = []string{"https://a.example/hook?x=1", "http://b.example"} }},
	{"--realtime-private-webhooks", "CHATBOT_REALTIME_PRIVATE_WEBHOOKS", "on", func(s *config.Serve) { s.PrivateWebhooks = "on" }},
	{"--metrics-addr", "CHATBOT_METRICS_ADDR", "[::1]:9100", func(s *config.Serve) { s.MetricsAddr = "[::1]:9100" }},
	{"--broadcast-connection", "BROADCAST_CONNECTION", "reverb", func(s *config.Serve) { s.Broadcast = "reverb" }},
	{"--reverb", "CHATBOT_REVERB", "own", func(s *config.Serve) { s.Reverb = "own" }},
	{"--reverb-host", "REVERB_HOST", "ws.example", func(s *config.Serve) { s.ReverbHost = "ws.example" }},
	{"--reverb-port", "REVERB_PORT", "8443", func(s *config.Serve) { s.ReverbPort = 8443 }},
	{"--reverb-scheme", "REVERB_SCHEME", "http", func(s *config.Serve) { s.ReverbScheme = "http" }},
	{"--reverb-server-host", "REVERB_SERVER_HOST", "0.0.0.0", func(s *config.Serve) { s.ReverbServerHost = "0.0.0.0" }},
	{"--reverb-server-port", "REVERB_SERVER_PORT", "8080", func(s *config.Serve) { s.ReverbServerPort = 8080 }},
	{"--reverb-server-path", "REVERB_SERVER_PATH", "/ws", func(s *config.Serve) { s.ReverbServerPath = "/ws" }},
	{"--pusher-cluster", "PUSHER_APP_CLUSTER", "eu", func(s *config.Serve) { s.PusherCluster = "eu" }},
	{"--pusher-host", "PUSHER_HOST", "::1", func(s *config.Serve) { s.PusherHost = "::1" }},
	{"--pusher-port", "PUSHER_PORT", "6001", func(s *config.Serve) { s.PusherPort = 6001 }},
	{"--pusher-scheme", "PUSHER_SCHEME", "http", func(s *config.Serve) { s.PusherScheme = "http" }},
	{"--rate-conversations", "CHATBOT_RATE_CONVERSATIONS", "7", func(s *config.Serve) { s.RateConversations = 7 }},
	{"--rate-messages", "CHATBOT_RATE_MESSAGES", "8", func(s *config.Serve) { s.RateMessages = 8 }},
	{"--log-level", "CHATBOT_LOG_LEVEL", "debug", func(s *config.Serve) { s.LogLevel = "debug" }},
	{"--log-format", "CHATBOT_LOG_FORMAT", "json", func(s *config.Serve) { s.LogFormat = "json" }},
}

func TestSettings(t *testing.T) {
	quiet(t)
	for _, c := range settings {
		t.Run(c.flag, func(t *testing.T) {
			want := defaults
			c.want(&want)
			if got, _, err := parse(t, c.flag+"="+c.text); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("by flag: %+v, %v", got, err)
			}
			t.Setenv(c.variable, c.text)
			if got, _, err := parse(t); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("by variable: %+v, %v", got, err)
			}
			t.Setenv(c.variable, "")
			if got, _, err := parse(t); err != nil || !reflect.DeepEqual(got, defaults) {
				t.Errorf("by an empty variable: %+v, %v", got, err)
			}
		})
	}
	t.Setenv("CHATBOT_ADDR", "a:1")
	if got, _, err := parse(t, "--addr", "b:2"); err != nil || got.(config.Serve).Addr != "b:2" {
		t.Errorf("the flag does not come before the variable: %+v, %v", got, err)
	}
}

// Laravel writes times in bare seconds.
func TestBareSeconds(t *testing.T) {
	quiet(t)
	t.Setenv("REVERB_APP_ACTIVITY_TIMEOUT", "45")
	t.Setenv("REVERB_APP_PING_INTERVAL", "60")
	t.Setenv("CHATBOT_RATE_MESSAGES", "7")
	want := defaults
	want.ActivityTimeout, want.PongTimeout, want.RateMessages = 45*time.Second, time.Minute, 7
	if got, _, err := parse(t); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for variable, flag := range map[string]string{"REVERB_APP_ACTIVITY_TIMEOUT": "--activity-timeout", "REVERB_APP_PING_INTERVAL": "--realtime-pong-timeout"} {
		t.Setenv(variable, "0")
		if _, _, err := parse(t); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s=0: %v", variable, err)
		}
		t.Setenv(variable, "60")
	}
}

func TestCertificate(t *testing.T) {
	quiet(t)
	want := defaults
	want.TLSCert, want.TLSKey = "c.pem", "k.pem"
	if got, _, err := parse(t, "--tls-cert=c.pem", "--tls-key=k.pem"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("by flag: %+v, %v", got, err)
	}
	t.Setenv("CHATBOT_TLS_CERT", "c.pem")
	t.Setenv("CHATBOT_TLS_KEY", "k.pem")
	if got, _, err := parse(t); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("by variable: %+v, %v", got, err)
	}
}

func TestCommands(t *testing.T) {
	quiet(t)
	remote := config.Remote{URL: "http://localhost:8000", DataDir: "./data"}
	for _, c := range []struct {
		args []string
		want any
	}{
		{[]string{"export", "out", "--server", "https://chat.example"}, config.Export{Dir: "out", Server: "https://chat.example"}},
		{[]string{"conversations"}, config.Conversations{Remote: remote, Limit: 20}},
		{[]string{"conversations", "--follow", "--limit=100"}, config.Conversations{Remote: remote, Follow: true, Limit: 100}},
		{[]string{"conversations", "--url=https://chat.example", "--data-dir=d"}, config.Conversations{Remote: config.Remote{URL: "https://chat.example", DataDir: "d"}, Limit: 20}},
		{[]string{"reply", "c1", "Hello there"}, config.Reply{Remote: remote, Name: "Support", ID: "c1", Text: "Hello there"}},
		{[]string{"delete", "c1"}, config.Delete{Remote: remote, ID: "c1"}},
		{[]string{"reply", "c1", "--name=Ann", "--", "-5 is fine"}, config.Reply{Remote: remote, Name: "Ann", ID: "c1", Text: "-5 is fine"}},
		{[]string{"version"}, config.Version{}},
	} {
		if got, _, err := parse(t, c.args...); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q gives %#v, %v", c.args, got, err)
		}
	}
	t.Setenv("CHATBOT_URL", "https://other:1")
	t.Setenv("CHATBOT_AGENT_NAME", "Bo")
	got, _, err := parse(t, "reply", "c1", "x")
	if reply, ok := got.(config.Reply); err != nil || !ok || reply.URL != "https://other:1" || reply.Name != "Bo" {
		t.Errorf("by variable: %+v, %v", got, err)
	}
}

func TestWrongCommandLines(t *testing.T) {
	quiet(t)
	for _, c := range []struct {
		args []string
		want []string // what the line says: what is wrong, and what is allowed
	}{
		{[]string{"--bogus"}, []string{"--bogus", "chatbot --help"}},
		{[]string{"--bo\ngus"}, []string{"--bo gus"}},
		{[]string{"frob"}, []string{"frob", "chatbot --help"}},
		{[]string{"--addr", "x"}, []string{`--addr "x"`, "HOST:PORT"}},
		{[]string{"--addr", "localhost:"}, []string{`--addr "localhost:"`, "0 to 65535"}},
		{[]string{"--addr", "localhost:65536"}, []string{"0 to 65535"}},
		{[]string{"--addr", "localhost:http"}, []string{"0 to 65535"}},
		{[]string{"--addr", "::1:8000"}, []string{"HOST:PORT"}},
		{[]string{"--data-dir="}, []string{"--data-dir"}},
		{[]string{"--bot-name= "}, []string{"--bot-name", "1 to 80"}},
		{[]string{"--bot-name=" + strings.Repeat("x", 81)}, []string{"--bot-name", "1 to 80"}},
		{[]string{"--bot-name=a\u202eb"}, []string{"--bot-name"}},
		{[]string{"--public-url", "chat.example"}, []string{`--public-url "chat.example"`, "https://chat.example"}},
		{[]string{"--public-url", "https://chat.example/path"}, []string{"nothing after it"}},
		{[]string{"--public-url", "https://u:p@chat.example"}, []string{"--public-url"}},
		{[]string{"--public-url", "https://chat.example:70000"}, []string{"--public-url"}},
		{[]string{"--public-url", "https://"}, []string{"--public-url"}},
		{[]string{"--public-url", "ftp://chat.example"}, []string{"--public-url"}},
		{[]string{"--public-url", "http://chat.example"}, []string{"--public-url", "https"}},
		{[]string{"--tls-cert", "c.pem"}, []string{"--tls-cert and --tls-key", "both or none"}},
		{[]string{"--tls-key", "k.pem"}, []string{"--tls-cert and --tls-key"}},
		{[]string{"--allowed-origins", "https://a.example,null"}, []string{`--allowed-origins "null"`, "https://shop.example"}},
		{[]string{"--allowed-origins", "*"}, []string{"no patterns"}},
		{[]string{"--allowed-origins", "https://*.a.example"}, []string{"no patterns"}},
		{[]string{"--allowed-origins", "https://bücher.example"}, []string{"xn--"}},
		{[]string{"--allowed-origins", "https://a.example,,https://b.example"}, []string{`--allowed-origins ""`}},
		{[]string{"--allowed-origins", "https://a.example/page"}, []string{"nothing after it"}},
		{[]string{"--trusted-proxies", "proxy"}, []string{`--trusted-proxies "proxy"`, "10.0.0.0/8"}},
		{[]string{"--trusted-proxies", "10.0.0.0/33"}, []string{"--trusted-proxies"}},
		{[]string{"--trusted-proxies", "::ffff:10.0.0.0/104"}, []string{"--trusted-proxies"}},
		{[]string{"--realtime", "maybe"}, []string{`--realtime "maybe"`, "on, off"}},
		{[]string{"--realtime", "on, off"}, []string{"it may be on, off"}},
		{[]string{"--log-level", "loud"}, []string{`--log-level "loud"`, "debug, info, warn, error"}},
		{[]string{"--log-format", "xml"}, []string{`--log-format "xml"`, "text, json"}},
		{[]string{"--activity-timeout", "0s"}, []string{"--activity-timeout 0s", "1s to 10m0s"}},
		{[]string{"--activity-timeout", "11m"}, []string{"1s to 10m0s"}},
		{[]string{"--activity-timeout", "1500ms"}, []string{"in steps of 1s"}},
		{[]string{"--poll-interval", "100ms"}, []string{"--poll-interval 100ms", "200ms to 1m0s"}},
		{[]string{"--poll-interval", "2m"}, []string{"200ms to 1m0s"}},
		{[]string{"--poll-wait", "26s"}, []string{"--poll-wait 26s", "0s to 25s"}},
		{[]string{"--poll-wait=-1s"}, []string{"0s to 25s"}},
		{[]string{"--poll-wait", "500ms"}, []string{"in steps of 1s"}},
		{[]string{"--poll-wait", "soon"}, []string{"--poll-wait", `"soon"`}},
		{[]string{"--realtime-origins", "https://a.example/page"}, []string{`--realtime-origins "https://a.example/page"`, "*.shop.example"}},
		{[]string{"--realtime-connections", "0"}, []string{"--realtime-connections 0", "1 to 1000000"}},
		{[]string{"--realtime-per-address", "0"}, []string{"--realtime-per-address 0", "1 to 1000000"}},
		{[]string{"--realtime-message-size", "999"}, []string{"--realtime-message-size 999", "1000 to 10000000"}},
		{[]string{"--realtime-request-size", "999"}, []string{"--realtime-request-size 999", "1000 to 100000000"}},
		{[]string{"--realtime-client-events", "some"}, []string{`--realtime-client-events "some"`, "members, none"}},
		{[]string{"--realtime-webhooks", "a.example"}, []string{`--realtime-webhooks "a.example"`, "https://shop.example/webhooks/chat"}},
		{[]string{"--realtime-private-webhooks", "yes"}, []string{`--realtime-private-webhooks "yes"`, "on, off"}},
		{[]string{"--metrics-addr", ":9100"}, []string{`--metrics-addr ":9100"`, "localhost:9100"}},
		{[]string{"--metrics-addr", "192.0.2.1:9100"}, []string{"--metrics-addr", "on this machine"}},
		{[]string{"--broadcast-connection", "revreb"}, []string{`--broadcast-connection "revreb"`, "pusher, reverb, log"}},
		{[]string{"--reverb", "mine"}, []string{`--reverb "mine"`, "own, external"}},
		{[]string{"--reverb", "external"}, []string{"--reverb external", "--reverb-host", "$REVERB_HOST"}},
		{[]string{"--reverb-host", "https://ws.example"}, []string{`--reverb-host "https://ws.example"`, "the host alone"}},
		{[]string{"--reverb-host", "ws.example:8080"}, []string{"--reverb-host", "without scheme and port"}},
		{[]string{"--reverb-port", "70000"}, []string{"--reverb-port 70000", "1 to 65535"}},
		{[]string{"--reverb-port", "x"}, []string{"--reverb-port"}},
		{[]string{"--reverb-scheme", "wss"}, []string{`--reverb-scheme "wss"`, "https, http"}},
		{[]string{"--reverb-server-host", "a b"}, []string{"--reverb-server-host"}},
		{[]string{"--reverb-server-port=-1"}, []string{"--reverb-server-port -1"}},
		{[]string{"--reverb-server-path", "/a?b"}, []string{"--reverb-server-path", "/ws"}},
		{[]string{"--reverb-server-path", "/{a}"}, []string{"--reverb-server-path"}},
		{[]string{"--pusher-cluster", "EU.x"}, []string{"--pusher-cluster", "eu"}},
		{[]string{"--pusher-cluster", "eu; script-src *"}, []string{"--pusher-cluster"}},
		{[]string{"--pusher-host", "a;b"}, []string{"--pusher-host"}},
		{[]string{"--pusher-port", "65536"}, []string{"--pusher-port 65536"}},
		{[]string{"--pusher-scheme", "ftp"}, []string{"--pusher-scheme"}},
		{[]string{"--env-file", "no-such-file"}, []string{"--env-file", "no-such-file"}},
		{[]string{"--env-file", "."}, []string{"--env-file", "no file"}},
		{[]string{"--rate-conversations", "0"}, []string{"--rate-conversations 0", "1 to 1000000"}},
		{[]string{"--rate-messages", "1000001"}, []string{"--rate-messages 1000001", "1 to 1000000"}},
		{[]string{"--rate-messages", "many"}, []string{"--rate-messages", `"many"`}},
		{[]string{"export", "out"}, []string{"--server"}},
		{[]string{"export", "--server=https://chat.example"}, []string{"<dir>"}},
		{[]string{"export", "out", "--server=chat.example"}, []string{`--server "chat.example"`}},
		{[]string{"conversations", "--limit=0"}, []string{"--limit 0", "1 to 100"}},
		{[]string{"conversations", "--limit=101"}, []string{"1 to 100"}},
		{[]string{"conversations", "--url=localhost:8000"}, []string{`--url "localhost:8000"`}},
		{[]string{"reply", "c1"}, []string{"<text>"}},
		{[]string{"delete"}, []string{"<id>"}},
		{[]string{"delete", "c1", "--url=x"}, []string{`--url "x"`}},
		{[]string{"delete", "c1", "--url=http://chat.example"}, []string{"--url", "https"}},
		{[]string{"reply", "c1", "x", "--name= "}, []string{"--name", "1 to 80"}},
		{[]string{"reply", "c1", "x", "--url=x"}, []string{`--url "x"`}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			command, stdout, err := parse(t, c.args...)
			checkRefusal(t, err, c.want)
			if command != nil || stdout != "" {
				t.Errorf("command %+v, output %q", command, stdout)
			}
		})
	}
}

// What is wrong with a setting is told by its flag, which comes first.
func TestRefusalBeginsWithTheFlag(t *testing.T) {
	quiet(t)
	_, _, err := parse(t, "--log-level=loud")
	if err == nil || err.Error() != `--log-level "loud": it may be debug, info, warn, error` {
		t.Errorf("the error is %v", err)
	}
}

func checkRefusal(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil || errors.Is(err, config.ErrDone) {
		t.Fatalf("the error is %v, want %q", err, want)
	}
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("more than one line: %q", err)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error is %q, without %q", err, part)
		}
	}
}

func TestWrongVariables(t *testing.T) {
	quiet(t)
	for variable, value := range map[string]string{
		"CHATBOT_ADDR": "x", "CHATBOT_LOG_LEVEL": "loud", "CHATBOT_POLL_WAIT": "soon", "CHATBOT_RATE_MESSAGES": "x", "CHATBOT_ALLOWED_ORIGINS": "null",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, value)
			_, _, err := parse(t)
			flag := "--" + strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(variable, "CHATBOT_")), "_", "-")
			checkRefusal(t, err, []string{flag, `"` + value + `"`})
		})
	}
}

func TestProxies(t *testing.T) {
	s := defaults
	s.TrustedProxies = []string{"10.0.0.5", "::ffff:10.0.0.6", "192.168.0.0/16", "2001:db8::1", "fd00::/8"}
	got, err := s.Proxies()
	want := []netip.Prefix{}
	for _, p := range []string{"10.0.0.5/32", "10.0.0.6/32", "192.168.0.0/16", "2001:db8::1/128", "fd00::/8"} {
		want = append(want, netip.MustParsePrefix(p))
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Proxies = %v, %v", got, err)
	}
}

// The help of the program tells every flag with its variable and default; the
// secrets have variables alone.
func TestHelp(t *testing.T) {
	quiet(t)
	for _, args := range [][]string{{"--help"}, {"-h"}, {"serve", "--help"}} {
		command, stdout, err := parse(t, args...)
		if !errors.Is(err, config.ErrDone) || command != nil {
			t.Fatalf("%q gives %v, %v", args, command, err)
		}
		text := strings.Join(strings.Fields(stdout), " ") // it is wrapped
		for _, c := range settings {
			checkDocumented(t, text, c.flag, c.variable)
		}
		checkDocumented(t, text, "--tls-cert", "CHATBOT_TLS_CERT")
		checkDocumented(t, text, "--tls-key", "CHATBOT_TLS_KEY")
		checkDocumented(t, text, "--env-file", "CHATBOT_ENV_FILE")
		for _, part := range []string{
			"CHATBOT_SECRET", "CHATBOT_SERVER_KEY", "REVERB_APP_ID", "REVERB_APP_KEY", "REVERB_APP_SECRET",
			"PUSHER_APP_ID", "PUSHER_APP_KEY", "PUSHER_APP_SECRET",
			"default localhost:8000", "default ./data", "default 25s", "default Assistant",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("the help of %q lacks %s", args, part)
			}
		}
	}
	_, stdout, _ := parse(t, "--help")
	for _, command := range []string{"serve", "export", "conversations", "reply", "delete", "version"} {
		if !regexp.MustCompile(`(?m)^  ` + command + ` +[A-Z]`).MatchString(stdout) {
			t.Errorf("the help lacks the command %s", command)
		}
	}
	_, stdout, err := parse(t, "reply", "--help")
	if !errors.Is(err, config.ErrDone) {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(stdout), " ")
	checkDocumented(t, text, "--url", "CHATBOT_URL")
	checkDocumented(t, text, "--data-dir", "CHATBOT_DATA_DIR")
	checkDocumented(t, text, "--name", "CHATBOT_AGENT_NAME")
	if strings.Contains(text, "--addr") {
		t.Error("the help of reply tells the server's flags")
	}
}

// checkDocumented wants the flag, and behind it, before the next flag, its
// variable.
func checkDocumented(t *testing.T, text, flag, variable string) {
	t.Helper()
	_, rest, ok := strings.Cut(text, " "+flag+"=")
	entry, _, _ := strings.Cut(rest, " --")
	if !ok || !strings.Contains(entry, "$"+variable+"]") && !strings.Contains(entry, "$"+variable+", $") {
		t.Errorf("the help does not document %s with $%s", flag, variable)
	}
}

// Each field of Serve has a flag in the table above, so that a new setting
// cannot go untested.
func TestEverySettingIsTested(t *testing.T) {
	const certificate, env = 2, 1 // tested by themselves
	fields := slices.DeleteFunc(reflect.VisibleFields(reflect.TypeFor[config.Serve]()), func(f reflect.StructField) bool { return f.Anonymous })
	if n := len(fields); n != len(settings)+certificate+env {
		t.Errorf("Serve has %d settings, %d are tested", n, len(settings)+certificate+env)
	}
}
