package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"

	"chatbot/server/auth"
	"chatbot/server/config"
	"chatbot/server/httpapi"
	"chatbot/server/publish"
	"chatbot/widget/wire"
)

// ways are those by which events reach the browser, apart from polling.
type ways struct {
	order   []wire.Provider // best first
	reverb  wire.ReverbConfig
	pusher  wire.PusherConfig
	signers map[wire.Provider]httpapi.Signer
	// fanout has all but this server's own endpoint, which wire adds.
	fanout  publish.Fanout
	remotes []*publish.Remote

	// serveReverb says that Reverb is served here; ownAddress, that visitors
	// reach it where they reach everything else.
	serveReverb, ownAddress bool

	notes []note
}

// note is a line for the log, which is written once the server stands: one that
// cannot start says why, and nothing else.
type note struct {
	level slog.Level
	text  string
	args  []any
}

func (w *ways) note(level slog.Level, text string, args ...any) {
	w.notes = append(w.notes, note{level, text, args})
}

// tell writes the notes.
func (w ways) tell(log *slog.Logger) {
	for _, n := range w.notes {
		log.Log(context.Background(), n.level, n.text, n.args...)
	}
}

func (w ways) first() wire.Provider {
	if len(w.order) == 0 {
		return wire.ProviderPolling
	}
	return w.order[0]
}

// choose works out the ways from the configuration, and notes why.
func (a *App) choose(keys *auth.Keys) (ways, error) {
	w := ways{
		order:   []wire.Provider{},
		pusher:  wire.PusherConfig{Cluster: a.config.PusherCluster},
		signers: map[wire.Provider]httpapi.Signer{},
		fanout:  publish.Fanout{},
	}
	if a.config.Env.File != "" {
		w.note(slog.LevelInfo, "variables are read from a file", "file", a.config.Env.File)
	}
	if a.config.Realtime == "off" {
		w.note(slog.LevelInfo, "there is no provider: browsers poll", "why", "CHATBOT_REALTIME is off")
		return w, nil
	}
	if err := a.choosePusher(&w, keys); err != nil {
		return w, err
	}
	return w, a.chooseReverb(&w, keys)
}

func (a *App) choosePusher(w *ways, keys *auth.Keys) error {
	c := a.config
	switch set := keys.PusherAppKey != ""; {
	case set && c.Broadcast == "reverb":
		w.note(slog.LevelInfo, "Pusher is left out", "why", "BROADCAST_CONNECTION is reverb")
		return nil
	case !set && c.Broadcast == "pusher":
		return errors.New("BROADCAST_CONNECTION is pusher: set PUSHER_APP_ID, PUSHER_APP_KEY and PUSHER_APP_SECRET")
	case !set:
		return nil
	}
	w.pusher = wire.PusherConfig{Enabled: true, Key: keys.PusherAppKey, AuthEndpoint: wire.PathChannelAuth}
	api := c.PusherAddress()
	cluster, atPusher := c.Cluster()
	w.pusher.Cluster = cluster
	if !atPusher {
		w.pusher.Host, w.pusher.Port, w.pusher.Scheme = api.Host, api.Port, api.Scheme
	}
	why := "PUSHER_APP_KEY is set"
	if c.Broadcast == "pusher" {
		why = "BROADCAST_CONNECTION is pusher"
	}
	return a.publishTo(w, "PUSHER_HOST", api, why, publish.RemoteOptions{
		Provider: wire.ProviderPusher, AppID: keys.PusherAppID, Key: keys.PusherAppKey, Secret: keys.PusherAppSecret,
	})
}

func (a *App) chooseReverb(w *ways, keys *auth.Keys) error {
	address, named := a.config.ReverbAddress()
	switch {
	case a.config.Reverb == "own":
		if !named {
			address = a.ownAddress()
		}
		w.serveReverb, w.ownAddress = true, !named
		w.order = append(w.order, wire.ProviderReverb)
		w.signers[wire.ProviderReverb] = httpapi.Signer{Key: keys.ReverbAppKey, Secret: keys.ReverbAppSecret}
		w.note(slog.LevelInfo, "Reverb is served here", "address", address.URL(), "why", "CHATBOT_REVERB is own")
		a.warnOfPort(w)
	case keys.GeneratedReverb:
		return errors.New("CHATBOT_REVERB is external: set REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET to those of that server")
	default:
		if err := a.publishTo(w, "REVERB_HOST", address, "CHATBOT_REVERB is external", publish.RemoteOptions{
			Provider: wire.ProviderReverb, AppID: keys.ReverbAppID, Key: keys.ReverbAppKey, Secret: keys.ReverbAppSecret,
		}); err != nil {
			return err
		}
	}
	w.reverb = wire.ReverbConfig{
		Enabled:      true,
		Key:          keys.ReverbAppKey,
		Host:         address.Host,
		Port:         address.Port,
		Scheme:       address.Scheme,
		ForceTLS:     address.Scheme == "https",
		Path:         address.Path,
		AuthEndpoint: wire.PathChannelAuth,
	}
	return nil
}

// warnOfPort tells of an env file that was written for a Reverb on this machine:
// visitors are led elsewhere, but who publishes there finds nobody.
func (a *App) warnOfPort(w *ways) {
	c := a.config
	served := c.ReverbPort == c.ReverbServerPort || c.ReverbPort == a.listener.Addr().(*net.TCPAddr).Port
	if c.ReverbPort != 0 && config.IsLoopback(c.ReverbHost) && !served {
		w.note(slog.LevelWarn, "nothing is served on REVERB_PORT; set REVERB_SERVER_PORT as well if others publish there", "port", c.ReverbPort)
	}
}

// publishTo adds a provider that is served elsewhere.
func (a *App) publishTo(w *ways, variable string, api config.Address, why string, o publish.RemoteOptions) error {
	if a.isSelf(api) {
		return fmt.Errorf("%s names this server itself, at %s, which cannot publish to itself; for its own endpoint leave CHATBOT_REVERB at own and PUSHER_HOST unset", variable, api.HostPort())
	}
	o.URL, o.Logger = api.URL(), a.log
	remote, err := publish.NewRemote(o)
	if err != nil {
		return err
	}
	w.order = append(w.order, o.Provider)
	w.signers[o.Provider] = httpapi.Signer{Key: o.Key, Secret: o.Secret}
	w.fanout[o.Provider] = remote
	w.remotes = append(w.remotes, remote)
	w.note(slog.LevelInfo, "events are published", "provider", o.Provider, "address", api.URL(), "why", why)
	if api.Scheme == "http" && !config.IsLoopback(api.Host) {
		w.note(slog.LevelWarn, "what people write travels unencrypted to the provider", "provider", o.Provider)
	}
	return nil
}

// ownAddress is where visitors reach this server.
func (a *App) ownAddress() config.Address {
	return config.Address{Scheme: a.public.Scheme, Host: a.public.Hostname(), Port: port(a.public)}
}

// isSelf reports whether an address is one of this server's.
func (a *App) isSelf(address config.Address) bool {
	for _, origin := range a.ownOrigins() {
		u, err := url.Parse(origin)
		if err == nil && strings.EqualFold(u.Hostname(), address.Host) && port(u) == address.Port {
			return true
		}
	}
	return false
}

// describe tells the ways in order, for people.
func (w ways) describe() string {
	names := []string{}
	for _, provider := range w.order {
		switch {
		case provider == wire.ProviderPusher:
			names = append(names, "Pusher ("+cmp.Or(w.pusher.Host, "cluster "+w.pusher.Cluster)+")")
		case w.serveReverb:
			names = append(names, "own endpoint (Reverb-compatible)")
		default:
			names = append(names, "Reverb ("+net.JoinHostPort(w.reverb.Host, fmt.Sprint(w.reverb.Port))+")")
		}
	}
	if len(names) == 0 {
		return "off: polling only"
	}
	return strings.Join(append(names, "polling"), ", then ")
}

// publish runs what sends events elsewhere, until stop is called; stop returns
// when what is left has been sent, or given up.
func (a *App) publish() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var senders sync.WaitGroup
	for _, remote := range a.ways.remotes {
		senders.Go(func() { remote.Run(ctx) })
	}
	return func() {
		cancel()
		senders.Wait()
	}
}
