// Package config is the command line and the environment as typed values, their
// defaults and what is wrong with them. It is a leaf and does nothing: no file
// is opened and no address taken here.
package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

// ErrDone means that the command line asked for help or the version, which has
// been printed.
var ErrDone = errors.New("done")

// Serve is how the server runs.
type Serve struct {
	Addr           string   `default:"localhost:8000" env:"CHATBOT_ADDR" placeholder:"HOST:PORT" help:"Address to listen on."`
	DataDir        string   `default:"data" env:"CHATBOT_DATA_DIR" placeholder:"DIR" help:"Folder for the database and the secrets; made if missing."`
	Knowledge      string   `env:"CHATBOT_KNOWLEDGE" placeholder:"DIR" help:"Folder of Markdown files from which the bot answers. Without it the bot knows this product."`
	AllowedOrigins []string `env:"CHATBOT_ALLOWED_ORIGINS" placeholder:"ORIGIN,…" help:"Origins whose pages may carry the widget, such as https://shop.example. Default: pages of this machine, on any port."`
	PublicURL      string   `name:"public-url" env:"CHATBOT_PUBLIC_URL" placeholder:"URL" help:"Address under which visitors reach this server, such as https://chat.example. Default: the one listened on."`
	TLSCert        string   `name:"tls-cert" env:"CHATBOT_TLS_CERT" placeholder:"FILE" help:"Certificate chain (PEM), to serve https."`
	TLSKey         string   `name:"tls-key" env:"CHATBOT_TLS_KEY" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	TrustedProxies []string `env:"CHATBOT_TRUSTED_PROXIES" placeholder:"ADDRESS,…" help:"Addresses or networks of proxies whose X-Forwarded-For is believed."`
	BotName        string   `default:"Assistant" env:"CHATBOT_BOT_NAME" placeholder:"NAME" help:"Name that the bot's answers carry."`

	Realtime        string        `default:"on" env:"CHATBOT_REALTIME" placeholder:"on|off" help:"Serve WebSockets; off leaves polling alone."`
	ActivityTimeout time.Duration `default:"30s" env:"CHATBOT_ACTIVITY_TIMEOUT" placeholder:"TIME" help:"Silence after which a WebSocket is asked whether it still lives."`
	PollInterval    time.Duration `default:"2s" env:"CHATBOT_POLL_INTERVAL" placeholder:"TIME" help:"How often the widget polls where a poll is not held open."`
	PollWait        time.Duration `default:"25s" env:"CHATBOT_POLL_WAIT" placeholder:"TIME" help:"How long a poll is held open while nothing changes; 0 answers at once. At most 25s."`

	RateConversations int `default:"30" env:"CHATBOT_RATE_CONVERSATIONS" placeholder:"N" help:"New conversations a minute from one address and site."`
	RateMessages      int `default:"60" env:"CHATBOT_RATE_MESSAGES" placeholder:"N" help:"Messages a minute from one address and site."`

	LogLevel  string `default:"info" env:"CHATBOT_LOG_LEVEL" placeholder:"LEVEL" help:"debug, info, warn or error."`
	LogFormat string `default:"text" env:"CHATBOT_LOG_FORMAT" placeholder:"FORMAT" help:"text or json."`
}

// Export writes the widget for a static host.
type Export struct {
	Dir    string `arg:"" placeholder:"DIR" help:"Folder to write into; made if missing."`
	Server string `required:"" placeholder:"URL" help:"Address of the chat server, such as https://chat.example."`
}

// Remote names the running server that a command speaks to.
type Remote struct {
	URL     string `name:"url" default:"http://localhost:8000" env:"CHATBOT_URL" placeholder:"URL" help:"Address of the running server."`
	DataDir string `default:"data" env:"CHATBOT_DATA_DIR" placeholder:"DIR" help:"The server's data folder, for its key. CHATBOT_SERVER_KEY is taken first."`
}

// Conversations lists what visitors have begun.
type Conversations struct {
	Remote
	Follow bool `help:"Print every message from now on."`
	Limit  int  `default:"20" placeholder:"N" help:"How many to list, 1 to 100."`
}

// Reply answers in a conversation.
type Reply struct {
	Remote
	Name string `default:"Support" env:"CHATBOT_AGENT_NAME" placeholder:"NAME" help:"Name that the visitor sees."`
	ID   string `arg:"" help:"The conversation."`
	Text string `arg:"" help:"What to say."`
}

// Version prints the version.
type Version struct{}

type commands struct {
	Serve         Serve         `cmd:"" default:"withargs" help:"Run the chat server (the default)."`
	Export        Export        `cmd:"" help:"Write the widget for a static host."`
	Conversations Conversations `cmd:"" help:"List conversations, or follow what is said."`
	Reply         Reply         `cmd:"" help:"Answer in a conversation."`
	Version       Version       `cmd:"" help:"Print the version."`
}

// Parse reads a command line (without the program's name) and the environment.
// The result is a Serve, Export, Conversations, Reply or Version. The error is
// one line; it is ErrDone after --help.
func Parse(args []string, stdout, stderr io.Writer) (command any, err error) {
	var all commands
	done := false
	parser, err := kong.New(&all,
		kong.Name("chatbot"),
		kong.Description("A chat widget for any website and the server behind it."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { done = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(args)
	if done {
		return nil, ErrDone
	}
	if err != nil {
		return nil, fmt.Errorf("%w; chatbot --help lists what there is", err)
	}
	name, _, _ := strings.Cut(parsed.Command(), " ")
	switch name {
	case "export":
		return all.Export, all.Export.Validate()
	case "conversations":
		return all.Conversations, all.Conversations.Validate()
	case "reply":
		return all.Reply, all.Reply.Validate()
	case "version":
		return all.Version, nil
	}
	return all.Serve, all.Serve.Validate()
}

// DefaultServe is how the server runs without flags or environment.
func DefaultServe() Serve {
	var all commands
	parser, err := kong.New(&all, kong.Exit(func(int) {}))
	if err == nil {
		err = clean(func() error { _, err := parser.Parse(nil); return err })
	}
	if err != nil {
		panic(err) // the struct tags above are wrong
	}
	return all.Serve
}

// clean runs f without this product's variables in the environment.
func clean(f func() error) error {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "CHATBOT_") {
			os.Unsetenv(name)
			defer os.Setenv(name, value)
		}
	}
	return f()
}

// Validate reports the first setting that cannot be used, by its flag.
func (s Serve) Validate() error {
	if _, port, err := net.SplitHostPort(s.Addr); err != nil || port == "" {
		return fmt.Errorf("--addr %q: write HOST:PORT, such as localhost:8000 or :8000", s.Addr)
	}
	if s.PublicURL != "" {
		if err := checkURL("--public-url", s.PublicURL); err != nil {
			return err
		}
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together: give both or none")
	}
	if _, err := auth.ParseOrigins(s.AllowedOrigins); err != nil {
		return fmt.Errorf("--allowed-origins: %w", err)
	}
	if _, err := s.Proxies(); err != nil {
		return err
	}
	if s.DataDir == "" {
		return errors.New("--data-dir must name a folder")
	}
	if err := wire.ValidateName(s.BotName); err != nil || s.BotName == "" {
		return fmt.Errorf("--bot-name must be 1 to %d plain characters", wire.MaxNameChars)
	}
	for _, choice := range []struct{ flag, value, allowed string }{
		{"--realtime", s.Realtime, "on off"},
		{"--log-level", s.LogLevel, "debug info warn error"},
		{"--log-format", s.LogFormat, "text json"},
	} {
		if !oneOf(choice.value, choice.allowed) {
			return fmt.Errorf("%s %q: it may be %s", choice.flag, choice.value, strings.ReplaceAll(choice.allowed, " ", ", "))
		}
	}
	for _, span := range []struct {
		flag             string
		value, low, high time.Duration
	}{
		{"--activity-timeout", s.ActivityTimeout, time.Second, 10 * time.Minute},
		{"--poll-interval", s.PollInterval, 200 * time.Millisecond, time.Minute},
		{"--poll-wait", s.PollWait, 0, wire.MaxWaitSeconds * time.Second},
	} {
		if span.value < span.low || span.value > span.high {
			return fmt.Errorf("%s %s: it may be %s to %s", span.flag, span.value, span.low, span.high)
		}
	}
	for _, count := range []struct {
		flag  string
		value int
	}{{"--rate-conversations", s.RateConversations}, {"--rate-messages", s.RateMessages}} {
		if count.value < 1 || count.value > 1_000_000 {
			return fmt.Errorf("%s %d: it may be 1 to 1000000", count.flag, count.value)
		}
	}
	return nil
}

// Proxies are the trusted proxies as networks.
func (s Serve) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, proxy := range s.TrustedProxies {
		if a, err := netip.ParseAddr(proxy); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(proxy)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies %q: write addresses or networks, such as 10.0.0.5 or 10.0.0.0/8", proxy)
		}
		out = append(out, p)
	}
	return out, nil
}

// Validate reports what cannot be used.
func (e Export) Validate() error { return checkURL("--server", e.Server) }

// Validate reports what cannot be used.
func (r Remote) Validate() error { return checkURL("--url", r.URL) }

// Validate reports what cannot be used.
func (c Conversations) Validate() error {
	if c.Limit < 1 || c.Limit > wire.MaxPageSize {
		return fmt.Errorf("--limit %d: it may be 1 to %d", c.Limit, wire.MaxPageSize)
	}
	return c.Remote.Validate()
}

func checkURL(flag, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%s %q: write scheme and host, such as https://chat.example, and nothing after it", flag, s)
	}
	return nil
}

func oneOf(s, list string) bool {
	for allowed := range strings.FieldsSeq(list) {
		if s == allowed {
			return true
		}
	}
	return false
}
