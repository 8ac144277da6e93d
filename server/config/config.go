// Package config is the command line and the environment as typed values, their
// defaults and what is wrong with them. It is a leaf and does nothing: no file
// but the env file is opened and no address taken here. Values are plain data,
// to be shared once they are no longer written to.
package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"chatbot/widget/wire"
)

// ErrDone means that the command line asked for help or the version, which has
// been printed.
var ErrDone = errors.New("done")

// MaxRate is the highest rate limit, in calls a minute.
const MaxRate = 1_000_000

// Serve is how the server runs.
type Serve struct {
	Addr           string   `default:"localhost:8000" env:"CHATBOT_ADDR" placeholder:"HOST:PORT" help:"Address to listen on."`
	DataDir        string   `default:"./data" env:"CHATBOT_DATA_DIR" placeholder:"DIR" help:"Folder for the database and the secrets; made if missing."`
	Knowledge      string   `env:"CHATBOT_KNOWLEDGE" placeholder:"DIR" help:"Folder of Markdown files from which the bot answers. Without it the bot knows this product."`
	AllowedOrigins []string `env:"CHATBOT_ALLOWED_ORIGINS" placeholder:"ORIGIN" help:"Origins whose pages may carry the widget, such as https://shop.example. Default: pages of this machine, on any port."`
	PublicURL      string   `name:"public-url" env:"CHATBOT_PUBLIC_URL" placeholder:"URL" help:"Address under which visitors reach this server, such as https://chat.example. Default: the one listened on."`
	TLSCert        string   `name:"tls-cert" env:"CHATBOT_TLS_CERT" placeholder:"FILE" help:"Certificate chain (PEM), to serve https."`
	TLSKey         string   `name:"tls-key" env:"CHATBOT_TLS_KEY" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	TrustedProxies []string `env:"CHATBOT_TRUSTED_PROXIES" placeholder:"ADDRESS" help:"Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."`
	BotName        string   `default:"Assistant" env:"CHATBOT_BOT_NAME" placeholder:"NAME" help:"Name that the bot's answers carry."`

	Realtime        string        `default:"on" env:"CHATBOT_REALTIME" placeholder:"on|off" help:"Serve WebSockets; off leaves polling alone."`
	ActivityTimeout time.Duration `default:"30s" env:"CHATBOT_ACTIVITY_TIMEOUT,REVERB_APP_ACTIVITY_TIMEOUT" placeholder:"TIME" help:"Silence after which a WebSocket is asked whether it still lives."`
	PollInterval    time.Duration `default:"2s" env:"CHATBOT_POLL_INTERVAL" placeholder:"TIME" help:"How often the widget polls where a poll is not held open."`
	PollWait        time.Duration `default:"25s" env:"CHATBOT_POLL_WAIT" placeholder:"TIME" help:"How long a poll is held open while nothing changes; 0 answers at once. At most 25s."`

	Providers `embed:""`
	Endpoint  `embed:"" prefix:"realtime-"`

	RateConversations int `default:"30" env:"CHATBOT_RATE_CONVERSATIONS" placeholder:"N" help:"New conversations a minute from one address and site."`
	RateMessages      int `default:"60" env:"CHATBOT_RATE_MESSAGES" placeholder:"N" help:"Messages a minute from one address and site."`

	LogLevel  string `default:"info" env:"CHATBOT_LOG_LEVEL" placeholder:"LEVEL" help:"debug, info, warn or error."`
	LogFormat string `default:"text" env:"CHATBOT_LOG_FORMAT" placeholder:"FORMAT" help:"text or json."`

	MetricsAddr string `env:"CHATBOT_METRICS_ADDR" placeholder:"HOST:PORT" help:"Address on this machine for metrics (/metrics, as Prometheus reads them) and profiles (/debug/pprof/). Off by default."`

	// Env is where the secrets are.
	Env Env `kong:"-"`
}

// Export writes the widget for a static host.
type Export struct {
	Dir    string `arg:"" placeholder:"DIR" help:"Folder to write into; made if missing."`
	Server string `required:"" placeholder:"URL" help:"Address of the chat server, such as https://chat.example."`
}

// Remote names the running server that a command speaks to.
type Remote struct {
	URL     string `name:"url" default:"http://localhost:8000" env:"CHATBOT_URL" placeholder:"URL" help:"Address of the running server."`
	DataDir string `default:"./data" env:"CHATBOT_DATA_DIR" placeholder:"DIR" help:"The server's data folder, for its key. The environment's CHATBOT_SERVER_KEY comes first."`

	// Env is where the server key may be.
	Env Env `kong:"-"`
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

// Delete removes a conversation.
type Delete struct {
	Remote
	ID string `arg:"" help:"The conversation."`
}

// Identity makes the hash that vouches for a user of a site.
type Identity struct {
	Data
	UserID   string `name:"user-id" required:"" placeholder:"ID" help:"The user's id at the site."`
	UserName string `name:"name" placeholder:"NAME" help:"Name that the others in the conversation see."`
	Site     string `required:"" placeholder:"ORIGIN" help:"Origin of the site, such as https://shop.example."`

	Lifetime time.Duration `default:"1h" placeholder:"TIME" help:"How long the hash is good, at most 24h."`
	// Env is where the identity secret may be.
	Env Env `kong:"-"`
}

// Validate reports what cannot be used.
func (i Identity) Validate() error {
	if i.Lifetime <= 0 || i.Lifetime > 24*time.Hour {
		return settingErrorf("--lifetime %s: it may be up to 24h", i.Lifetime)
	}
	if err := (wire.User{ID: i.UserID, Name: i.UserName}).Validate(); err != nil {
		return settingErrorf("--user-id and --name: %s", err)
	}
	return checkURL("--site", i.Site)
}

// Data names the server's data folder.
type Data struct {
	DataDir string `default:"./data" env:"CHATBOT_DATA_DIR" placeholder:"DIR" help:"The server's data folder."`
}

// Backup copies the database.
type Backup struct {
	Data
	File string `arg:"" placeholder:"FILE" help:"File to write; it must not exist."`
}

// Restore makes the database of a backup.
type Restore struct {
	Data
	File string `arg:"" placeholder:"FILE" help:"The backup."`
}

// Version prints the version.
type Version struct{}

type commands struct {
	EnvFile string `env:"CHATBOT_ENV_FILE" placeholder:"FILE" help:"File of further variables, read as Laravel reads it; the environment comes first. Default: .env, if there is one."`

	Serve         Serve         `cmd:"" default:"withargs" help:"Run the chat server (the default)."`
	Export        Export        `cmd:"" help:"Write the widget for a static host."`
	Conversations Conversations `cmd:"" help:"List conversations, or follow what is said."`
	Reply         Reply         `cmd:"" help:"Answer in a conversation."`
	Delete        Delete        `cmd:"" help:"Delete a conversation for good."`
	Identity      Identity      `cmd:"" help:"Make the hash that vouches for a user of your site, for trying out."`
	Backup        Backup        `cmd:"" help:"Copy the database, also while the server runs."`
	Restore       Restore       `cmd:"" help:"Make the database of a backup."`
	Version       Version       `cmd:"" help:"Print the version."`
}

// Parse reads a command line (without the program's name), the environment and
// the env file, where an empty variable counts as none. The result is one of
// the commands, such as Serve. The error is one line; it is ErrDone after
// --help, which is written to stdout.
func Parse(args []string, stdout, stderr io.Writer) (command any, err error) {
	var all commands
	helped := false
	variables := &variables{}
	parser, err := newParser(&all,
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.Resolvers(variables),
	)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(args)
	var wrong *settingError
	switch {
	case helped:
		return nil, ErrDone
	case errors.As(err, &wrong): // from a Validate, which the parser has called
		return nil, wrong
	case err != nil:
		return nil, errors.New(oneLine(err.Error()) + "; chatbot --help lists what there is")
	}
	all.Serve.Env, all.Conversations.Env, all.Reply.Env, all.Delete.Env, all.Identity.Env = variables.env, variables.env, variables.env, variables.env, variables.env
	name, _, _ := strings.Cut(parsed.Command(), " ")
	switch name {
	case "export":
		return all.Export, nil
	case "conversations":
		return all.Conversations, nil
	case "reply":
		return all.Reply, nil
	case "delete":
		return all.Delete, nil
	case "identity":
		return all.Identity, nil
	case "backup":
		return all.Backup, nil
	case "restore":
		return all.Restore, nil
	case "version":
		return all.Version, nil
	}
	return all.Serve, nil
}

// DefaultServe is how the server runs without flags or environment.
func DefaultServe() Serve {
	var all commands
	parser, err := newParser(&all)
	if err == nil {
		_, err = parser.Parse(nil)
	}
	if err != nil {
		panic(err) // the struct tags above are wrong
	}
	return all.Serve
}

// newParser makes a parser that does not look at the environment by itself.
func newParser(all *commands, options ...kong.Option) (*kong.Kong, error) {
	parser, err := kong.New(all, append(options,
		kong.Name("chatbot"),
		kong.Description("A chat widget for any website and the server behind it."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(help),
		kong.ValueFormatter(describe),
	)...)
	if err != nil {
		return nil, err
	}
	for _, node := range append(parser.Model.Children, parser.Model.Node) {
		for _, flag := range node.Flags {
			flag.Tag.Envs = nil // the help has them from flag.Envs
		}
	}
	return parser, nil
}

// variables gives the parser what the command line does not set. The env file is
// read when its first variable is asked for, which is after the command line,
// that may name the file.
type variables struct {
	env  Env
	read bool
}

// Validate has nothing to say: every flag may be set.
func (v *variables) Validate(*kong.Application) error { return nil }

// Resolve is the flag's variable; an empty one counts as none.
func (v *variables) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if len(flag.Envs) == 0 || flag.Name == envFileFlag {
		return nil, nil
	}
	if !v.read {
		env, err := ReadEnv(envFileName(ctx))
		if err != nil {
			return nil, err
		}
		v.env, v.read = env, true
	}
	for _, variable := range flag.Envs {
		if value := v.env.Get(variable); value != "" {
			return withUnit(value, flag), nil
		}
	}
	return nil, nil
}

// withUnit reads a bare number as seconds where a time is wanted, for that is how
// Laravel writes it.
func withUnit(value string, flag *kong.Flag) string {
	if _, err := strconv.ParseUint(value, 10, 32); err == nil && flag.Target.Type() == reflect.TypeFor[time.Duration]() {
		return value + "s"
	}
	return value
}

const envFileFlag = "env-file"

// envFileName is the env file that the command line names, or else the
// environment.
func envFileName(ctx *kong.Context) string {
	for _, path := range ctx.Path {
		if path.Flag != nil && path.Flag.Name == envFileFlag {
			return fmt.Sprint(ctx.FlagValue(path.Flag))
		}
	}
	return os.Getenv("CHATBOT_ENV_FILE")
}

// Validate reports the first setting that cannot be used, by its flag.
func (s Serve) Validate() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil {
		return settingErrorf("--addr %q: write HOST:PORT with a port of 0 to 65535, such as localhost:8000 or :8000", s.Addr)
	}
	if s.PublicURL != "" {
		if err := checkURL("--public-url", s.PublicURL); err != nil {
			return err
		}
		if u, err := url.Parse(s.PublicURL); err == nil && u.Scheme == "http" && !IsLoopback(u.Hostname()) {
			return settingErrorf("--public-url %q: visitors' tokens travel over https only; write https:// (a proxy or --tls-cert can serve it), or http with localhost", s.PublicURL)
		}
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return settingErrorf("--tls-cert and --tls-key go together: give both or none")
	}
	for _, origin := range s.AllowedOrigins {
		if !isAddress(origin) {
			return settingErrorf("--allowed-origins %q: write scheme and host, such as https://shop.example, and nothing after it; no patterns, and a name with other letters in its xn-- form", origin)
		}
	}
	if _, err := s.Proxies(); err != nil {
		return err
	}
	if s.DataDir == "" {
		return settingErrorf("--data-dir must name a folder")
	}
	if err := checkName("--bot-name", s.BotName); err != nil {
		return err
	}
	for _, choice := range []struct{ flag, value, allowed string }{
		{"--realtime", s.Realtime, "on, off"},
		{"--log-level", s.LogLevel, "debug, info, warn, error"},
		{"--log-format", s.LogFormat, "text, json"},
	} {
		if !slices.Contains(strings.Split(choice.allowed, ", "), choice.value) {
			return settingErrorf("%s %q: it may be %s", choice.flag, choice.value, choice.allowed)
		}
	}
	for _, span := range []struct {
		flag                   string
		value, low, high, unit time.Duration
	}{
		{"--activity-timeout", s.ActivityTimeout, time.Second, 10 * time.Minute, time.Second}, // the protocol counts seconds
		{"--realtime-pong-timeout", s.PongTimeout, time.Second, 10 * time.Minute, time.Second},
		{"--poll-interval", s.PollInterval, 200 * time.Millisecond, time.Minute, time.Millisecond},
		{"--poll-wait", s.PollWait, 0, wire.MaxWaitSeconds * time.Second, time.Second},
	} {
		if span.value < span.low || span.value > span.high || span.value%span.unit != 0 {
			return settingErrorf("%s %s: it may be %s to %s in steps of %s", span.flag, span.value, span.low, span.high, span.unit)
		}
	}
	for _, count := range []struct {
		flag  string
		value int
	}{{"--rate-conversations", s.RateConversations}, {"--rate-messages", s.RateMessages}} {
		if count.value < 1 || count.value > MaxRate {
			return settingErrorf("%s %d: it may be 1 to %d", count.flag, count.value, MaxRate)
		}
	}
	if s.MetricsAddr != "" {
		if err := checkLoopback("--metrics-addr", s.MetricsAddr); err != nil {
			return err
		}
	}
	if err := s.Providers.check(); err != nil {
		return err
	}
	return s.Endpoint.check()
}

// Proxies are the trusted proxies as networks.
func (s Serve) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, proxy := range s.TrustedProxies {
		p, err := network(proxy)
		if err != nil {
			return nil, settingErrorf("--trusted-proxies %q: write addresses or networks, such as 10.0.0.5 or 10.0.0.0/8", proxy)
		}
		out = append(out, p)
	}
	return out, nil
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("write the IPv4 network itself")
	}
	return p, err
}

// Validate reports what cannot be used.
func (e Export) Validate() error { return checkURL("--server", e.Server) }

// Validate reports what cannot be used.
func (r Remote) Validate() error {
	if err := checkURL("--url", r.URL); err != nil {
		return err
	}
	if u, err := url.Parse(r.URL); err == nil && u.Scheme == "http" && !IsLoopback(u.Hostname()) {
		return settingErrorf("--url %q: the server's key travels over https only; write https://, or http with localhost", r.URL)
	}
	return nil
}

// Validate reports what cannot be used.
func (c Conversations) Validate() error {
	if c.Limit < 1 || c.Limit > wire.MaxPageSize {
		return settingErrorf("--limit %d: it may be 1 to %d", c.Limit, wire.MaxPageSize)
	}
	return c.Remote.Validate()
}

// Validate reports what cannot be used.
func (r Reply) Validate() error {
	if err := checkName("--name", r.Name); err != nil {
		return err
	}
	return r.Remote.Validate()
}

// settingError says what is wrong with a setting, by its flag, and what is
// allowed.
type settingError struct{ text string }

func (e *settingError) Error() string { return e.text }

func settingErrorf(format string, args ...any) error {
	return &settingError{fmt.Sprintf(format, args...)}
}

// IsLoopback reports whether a host is this machine for every browser.
func IsLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.IsLoopback()
}

func checkURL(flag, s string) error {
	if isAddress(s) {
		return nil
	}
	return settingErrorf("%s %q: write scheme and host, such as https://chat.example, and nothing after it", flag, s)
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

// isAddress reports whether s is http or https, a host and perhaps a port.
func isAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return false
	}
	if u.Path != "" && u.Path != "/" || strings.ContainsAny(s, "?#%") || strings.HasSuffix(u.Host, ":") {
		return false
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return hostName.MatchString(u.Hostname()) || err == nil && ip.Is6()
}

func checkName(flag, name string) error {
	if wire.ValidateName(name) != nil || strings.TrimSpace(name) == "" {
		return settingErrorf("%s %q: write a name of 1 to %d characters, none of them for control or text direction", flag, name, wire.MaxNameChars)
	}
	return nil
}

// oneLine keeps what somebody typed from breaking the line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
