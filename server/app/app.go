// Package app is the one place that wires the server: New makes it and listens,
// Run serves until its context ends, and then everything is closed in order.
// The command and the end-to-end tests use it unchanged.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"chatbot/assets"
	"chatbot/server/answer"
	"chatbot/server/auth"
	"chatbot/server/chat"
	"chatbot/server/config"
	"chatbot/server/httpapi"
	"chatbot/server/markdown"
	"chatbot/server/pusher"
	"chatbot/server/store"
	"chatbot/widget/wire"
)

// Version is what the config answer and `chatbot version` say.
const Version = "0.1.0"

// drainTime bounds how long a stop waits for requests under way.
const drainTime = 10 * time.Second

// idleTime is for how long a connection is kept open between two requests.
const idleTime = 2 * time.Minute

var errNotBuilt = errors.New("this binary was built without the widget; run `make build`")

// App is a server that listens. It is used by one goroutine; Addr and URL may
// be called by any.
type App struct {
	config   config.Serve
	log      *slog.Logger
	listener net.Listener
	public   *url.URL

	store    *store.SQLite
	bot      *answer.Bot
	chat     *chat.Service
	realtime *pusher.Server // nil where Reverb is not served here
	ways     ways
	server   *http.Server
	parking  *httpapi.Parking // nil with TLS
	sideDoor *sideDoor        // nil unless the endpoint has a port of its own
	metrics  *metrics         // nil where they are off

	stopping   chan struct{}
	background sync.WaitGroup
}

// New opens the store, loads the secrets and listens. Its errors say in one
// line what to do.
func New(c config.Serve, log *slog.Logger) (*App, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if !assets.Built() {
		return nil, errNotBuilt
	}
	a := &App{config: c, log: log}
	if err := a.open(); err != nil {
		return nil, errors.Join(err, a.closeAll())
	}
	a.ways.tell(log)
	return a, nil
}

// open does what may fail, and stops at the first failure.
func (a *App) open() error {
	c := a.config
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return fmt.Errorf("the data directory %s cannot be made (%w); choose one with --data-dir", c.DataDir, err)
	}
	keys, err := auth.LoadKeys(c.DataDir, c.Env.Get)
	if err != nil {
		return err
	}
	if a.store, err = store.Open(context.Background(), database(c.DataDir)); err != nil {
		return err
	}
	if a.bot, err = newBot(c); err != nil {
		return err
	}
	if err := a.listen(); err != nil {
		return err
	}
	if err := a.listenMetrics(); err != nil {
		return err
	}
	if a.ways, err = a.choose(keys); err != nil {
		return err
	}
	if err := a.listenSideDoor(); err != nil {
		return err
	}
	return a.wire(keys)
}

// newBot knows the operator's pages, or this product's own.
func newBot(c config.Serve) (*answer.Bot, error) {
	if c.Knowledge != "" {
		documents, err := answer.Load(c.Knowledge)
		if err != nil {
			return nil, err
		}
		return answer.New(documents)
	}
	documents, err := answer.Builtin()
	if err != nil {
		return nil, err
	}
	guides, err := answer.LoadFS(assets.Docs(), "/docs/")
	if err != nil {
		return nil, err
	}
	return answer.New(append(documents, guides...))
}

// listen takes the address, and works out under which URL it is reached.
func (a *App) listen() (err error) {
	a.listener, err = net.Listen("tcp", a.config.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program; choose an address with --addr, for example --addr localhost:8001", a.config.Addr)
	}
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose an address with --addr", a.config.Addr, err)
	}
	if a.config.PublicURL != "" {
		a.public, err = asBrowsersSay(a.config.PublicURL)
		return err
	}
	a.public, err = asBrowsersSay(a.scheme() + "://" + a.Addr())
	return err
}

// asBrowsersSay is an address of the server as it stands in a browser's Host and
// Origin: in lower case and without the scheme's own port.
func asBrowsersSay(address string) (*url.URL, error) {
	origin, ok := auth.NormalOrigin(address)
	if !ok {
		return nil, fmt.Errorf("%q is no address that a browser could use; set --public-url", address)
	}
	return url.Parse(origin)
}

func (a *App) scheme() string {
	if a.config.TLSCert != "" {
		return "https"
	}
	return "http"
}

// Addr is the address listened on as a client on this machine would write it,
// with the real port.
func (a *App) Addr() string {
	host, _, err := net.SplitHostPort(a.config.Addr)
	if err != nil || host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(a.listener.Addr().(*net.TCPAddr).Port))
}

// URL is where browsers reach the server, without a slash at the end.
func (a *App) URL() string { return a.public.Scheme + "://" + a.public.Host }

// wire joins the rooms.
func (a *App) wire(keys *auth.Keys) error {
	origins, err := auth.ParseOrigins(a.config.AllowedOrigins)
	if err != nil {
		return err
	}
	own := a.ownOrigins()
	proxies, err := a.config.Proxies()
	if err != nil {
		return err
	}
	var endpoint httpapi.Endpoint // an interface with nothing in it where there is none
	if a.ways.serveReverb {
		further, err := pusher.ParseOrigins(a.config.Origins)
		if err != nil {
			return err
		}
		a.realtime = pusher.New(pusher.Options{
			Apps:   []pusher.App{ownApp(keys, a.config.Endpoint)},
			Limits: endpointLimits(a.config.Endpoint),
			AllowedOrigins: func(origin string) bool {
				return origin == "" || origins.Allowed(origin) || slices.Contains(own, origin) || further.Allowed(origin)
			},
			ActivityTimeout: a.config.ActivityTimeout,
			PongTimeout:     a.config.PongTimeout,
			Logger:          a.log,
			RemoteIP:        func(r *http.Request) string { return auth.Network(auth.RemoteIP(r, proxies)) },
			Secure:          func(r *http.Request) bool { return auth.Secure(r, proxies) },
			LocalAPI:        keys.GeneratedReverb,
			PrivateWebhooks: a.config.PrivateWebhooks == "on",
		})
		a.ways.fanout[wire.ProviderReverb] = a.realtime
		endpoint = a.realtime
	}
	a.chat = chat.New(chat.Options{Store: a.store, Publisher: a.ways.fanout, Responder: a.bot, Format: new(markdown.Cache).Format, BotName: a.config.BotName, Logger: a.log})
	tokens := auth.NewTokens(keys)
	if err := a.refuseRevoked(tokens); err != nil {
		return err
	}
	a.stopping = make(chan struct{})
	if a.config.TLSCert == "" {
		a.parking = httpapi.NewParking(idleTime)
	}
	api, err := httpapi.New(httpapi.Options{
		Chat:                   a.chat,
		Config:                 a.answer(),
		OwnReverb:              a.ways.ownAddress,
		Signers:                a.ways.signers,
		Tokens:                 tokens,
		Tickets:                auth.NewTickets(keys),
		Identities:             auth.NewIdentities(keys),
		ServerKey:              keys.ServerKey,
		Origins:                origins,
		Sockets:                auth.NewSockets(),
		Endpoint:               endpoint,
		OwnOrigins:             own,
		TrustedProxies:         proxies,
		ConversationsPerMinute: a.config.RateConversations,
		MessagesPerMinute:      a.config.RateMessages,
		Files:                  &builtFiles{},
		Docs:                   assets.Docs(),
		Stopping:               a.stopping,
		Parking:                a.parking,
		Ready:                  a.ready,
		Logger:                 a.log,
	})
	if err != nil {
		return err
	}
	a.measure(api)
	return a.serveWith(api.Handler())
}

// refuseRevoked tells tokens what was revoked before the server came up.
func (a *App) refuseRevoked(tokens *auth.Tokens) error {
	revoked, err := a.chat.Revocations(context.Background())
	for _, r := range revoked {
		tokens.Refuse(r.Subject, r.At, r.ExpiresAt)
	}
	return err
}

// serveWith makes the HTTP server. Realtime connections do not pass through the
// API's middleware: they have checks of their own and live for hours.
func (a *App) serveWith(api http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	if a.realtime != nil {
		a.mountRealtime(mux)
	}
	a.server = a.newServer(mux)
	if a.config.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(a.config.TLSCert, a.config.TLSKey)
		if err != nil {
			return fmt.Errorf("the certificate cannot be used: %w; check --tls-cert and --tls-key", err)
		}
		a.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	a.openSideDoor()
	return nil
}

func (a *App) newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       idleTime,
		ErrorLog:          connectionLog(a.log),
	}
}

// connectionLog takes what net/http says of connections into the log, without the
// clients' addresses.
func connectionLog(to *slog.Logger) *log.Logger { return log.New(nameless{to}, "", 0) }

type nameless struct{ log *slog.Logger }

var clientAddress = regexp.MustCompile(`(\d+(\.\d+){3}|\[[0-9a-fA-F:.%a-z]+\]):\d+`)

func (n nameless) Write(line []byte) (int, error) {
	n.log.Debug(clientAddress.ReplaceAllLiteralString(strings.TrimSpace(string(line)), "a client"))
	return len(line), nil
}

// answer is what GET /api/chatbot/config says.
func (a *App) answer() wire.Config {
	return wire.Config{
		RealtimeProvider: a.ways.first(),
		Providers:        a.ways.order,
		Reverb:           a.ways.reverb,
		Pusher:           a.ways.pusher,
		Polling: wire.PollingConfig{
			Interval: int(a.config.PollInterval.Milliseconds()),
			Wait:     int(a.config.PollWait.Seconds()),
		},
		Limits: wire.Limits{
			MessageChars:           wire.MaxMessageChars,
			BodyBytes:              wire.MaxBodyBytes,
			PageSize:               wire.MaxPageSize,
			EditSeconds:            wire.EditSeconds,
			MessagesPerMinute:      a.config.RateMessages,
			ConversationsPerMinute: a.config.RateConversations,
		},
		Features: []string{wire.FeatureInvitations, wire.FeatureRejoin, wire.FeatureSignals, wire.FeatureReadMarks, wire.FeatureDelivered, wire.FeatureTokens, wire.FeatureIdentity, wire.FeatureTyping, wire.FeatureEdit, wire.FeatureReply, wire.FeatureReactions, wire.FeatureContent, wire.FeaturePresence, wire.FeatureStreaming, wire.FeatureTranscript},
		Version:  Version,
	}
}

func port(u *url.URL) int {
	if p, err := strconv.Atoi(u.Port()); err == nil {
		return p
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// ownOrigins are the origins under which this server may be asked: the public
// one, and when it listens to this machine only, every name of this machine.
func (a *App) ownOrigins() []string {
	own := []string{a.URL()}
	address := a.listener.Addr().(*net.TCPAddr)
	if address.IP.IsLoopback() || a.config.PublicURL == "" {
		for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
			if origin, ok := auth.NormalOrigin(fmt.Sprintf("%s://%s:%d", a.scheme(), host, address.Port)); ok {
				own = append(own, origin)
			}
		}
	}
	return own
}

func (a *App) ready(r *http.Request) error {
	select {
	case <-a.stopping:
		return errors.New("the server is stopping")
	default:
	}
	return a.store.Ping(r.Context())
}

// Run serves until ctx ends, then stops in order: sockets are told to
// reconnect elsewhere, waiting polls are answered, requests under way are
// finished, what is to be published elsewhere is, and the store is closed last.
func (a *App) Run(ctx context.Context) error {
	working, stopWork := context.WithCancel(context.Background())
	defer stopWork()
	failed := make(chan error, 4)
	secure := a.config.TLSCert != ""
	a.background.Go(func() {
		if err := a.chat.Run(working); err != nil {
			failed <- err
		}
	})
	a.background.Go(func() {
		if err := serve(a.server, a.listener, secure); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	if a.parking != nil {
		a.background.Go(func() { a.server.Serve(a.parking) }) // ends when it is closed; what else may fail, fails above
	}
	a.background.Go(func() {
		if err := a.sideDoor.serve(secure); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	a.background.Go(func() { a.runMetrics(working, failed) })
	stopPublishing := a.publish()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	close(a.stopping)
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	err = errors.Join(err, a.drain(drain))
	stopWork()
	a.background.Wait()
	stopPublishing()
	return errors.Join(err, a.closeAll())
}

func serve(server *http.Server, listener net.Listener, secure bool) error {
	if secure {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// drain waits for what is under way. All is drained at once, so that a webhook's
// receiver that is down takes no time from requests, and nobody who is told to
// come back finds the door open meanwhile.
func (a *App) drain(ctx context.Context) error {
	shut := []func(context.Context) error{a.server.Shutdown, a.sideDoor.shutdown}
	if a.parking != nil {
		shut = append(shut, a.parking.Shutdown)
	}
	if a.realtime != nil {
		shut = append(shut, a.realtime.Shutdown)
	}
	errs := make([]error, len(shut))
	var all sync.WaitGroup
	for i, end := range shut {
		all.Go(func() { errs[i] = end(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// closeAll frees what New has opened so far.
func (a *App) closeAll() error {
	var errs []error
	if a.listener != nil {
		if err := a.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, a.sideDoor.close())
	if a.metrics != nil {
		errs = append(errs, a.metrics.close())
	}
	if a.bot != nil {
		errs = append(errs, a.bot.Close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}
