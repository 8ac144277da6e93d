package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"chatbot/server/httpapi"
	"chatbot/server/pusher/signature"
	"chatbot/widget/wire"
)

// withPusher puts Pusher before Reverb.
func withPusher(o *httpapi.Options) {
	o.Config.RealtimeProvider = wire.ProviderPusher
	o.Config.Providers = []wire.Provider{wire.ProviderPusher, wire.ProviderReverb}
	o.Config.Pusher = wire.PusherConfig{Enabled: true, Key: "pusher-key", Cluster: "eu"}
	o.Signers[wire.ProviderPusher] = httpapi.Signer{Key: "pusher-key", Secret: "pusher-secret"}
}

// Each subscription is signed with its own provider's secret, the first one's
// where the client names none.
func TestEachProviderSigns(t *testing.T) {
	s := newServer(t, withPusher)
	session := s.begin()
	channel := wire.Channel(session.Conversation.ID)
	for _, c := range []struct{ provider, key, secret string }{
		{"", "pusher-key", "pusher-secret"}, {"pusher", "pusher-key", "pusher-secret"}, {"reverb", "key", "secret"},
	} {
		w := s.call("POST", wire.PathChannelAuth, fmt.Sprintf("socket_id=1.1&channel_name=%s&provider=%s", channel, c.provider), bearer(session.Token), "Content-Type: application/x-www-form-urlencoded")
		if got, want := decode[wire.ChannelAuth](t, w).Auth, signature.Channel(c.key, c.secret, "1.1", channel, ""); got != want {
			t.Errorf("provider %q: channel signed as %s, want %s", c.provider, got, want)
		}
		w = s.call("POST", wire.PathUserAuth, fmt.Sprintf(`{"socket_id":"1.1","provider":%q}`, c.provider), bearer(session.Token))
		if user := decode[wire.UserAuth](t, w); user.Auth != signature.User(c.key, c.secret, "1.1", user.UserData) {
			t.Errorf("provider %q: user signed as %s", c.provider, user.Auth)
		}
	}
	for _, provider := range []string{"polling", "x"} {
		if w := s.call("POST", wire.PathChannelAuth, fmt.Sprintf(`{"socket_id":"1.1","channel_name":%q,"provider":%q}`, channel, provider), bearer(session.Token)); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("provider %q: %d", provider, w.Code)
		}
	}
}

// A socket is left out at the provider where its owner has authorized it. The
// holder of the server key is believed, and names no provider.
func TestSocketOfAProvider(t *testing.T) {
	s := newServer(t, withPusher)
	session := s.begin()
	channel := wire.Channel(session.Conversation.ID)
	for socket, provider := range map[string]string{"1.1": "pusher", "2.2": "reverb"} {
		if w := s.call("POST", wire.PathChannelAuth, fmt.Sprintf(`{"socket_id":%q,"channel_name":%q,"provider":%q}`, socket, channel, provider), bearer(session.Token)); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	s.send(session, "k1", "Hello", wire.HeaderSocketID+": 1.1")
	s.send(session, "k2", "Hello", wire.HeaderSocketID+": 2.2")
	s.send(session, "k3", "Hello", wire.HeaderSocketID+": 3.3")
	path := of(wire.PathMessages, session.Conversation.ID)
	if w := s.call("POST", path, `{"clientId":"a1","body":"Hi"}`, bearer(serverKey), wire.HeaderSocketID+": 4.4"); w.Code != http.StatusCreated {
		t.Errorf("with the server key: %d %s", w.Code, w.Body)
	}
	if w := s.call("POST", path, `{"clientId":"a2","body":"Hi"}`, bearer(serverKey), wire.HeaderSocketID+": x"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a malformed socket id with the server key: %d", w.Code)
	}
	got := s.events.list()
	for _, want := range []string{"1.1@pusher", "2.2@reverb", "", "4.4"} {
		if !slices.Contains(got, channel+" ChatMessageReceived "+want) {
			t.Errorf("not published without socket %q: %q", want, got)
		}
	}
	if strings.Contains(strings.Join(got, " "), "3.3") {
		t.Errorf("a socket that nobody has authorized is left out: %q", got)
	}
}

// The frame may connect to the configured providers and to no other host.
func TestFrameConnectsToProviders(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*wire.Config)
		want, not string
	}{
		"cluster":   {func(c *wire.Config) { c.Pusher = wire.PusherConfig{Enabled: true, Cluster: "eu"} }, " wss://ws-eu.pusher.com;", "mt1"},
		"no Pusher": {func(c *wire.Config) { c.Pusher.Cluster = "mt1" }, " ws://chat.test:80;", "pusher.com"},
		"like Pusher": {func(c *wire.Config) {
			c.Pusher = wire.PusherConfig{Enabled: true, Host: "soketi.example", Port: 6001, Scheme: "http"}
		}, " ws://soketi.example:6001;", "pusher.com"},
		"Reverb": {func(c *wire.Config) {
			c.Reverb = wire.ReverbConfig{Enabled: true, Host: "ws.example", Port: 443, Scheme: "https", Path: "/x"}
		}, " wss://ws.example:443;", "/x"},
		"IPv6": {func(c *wire.Config) {
			c.Reverb = wire.ReverbConfig{Enabled: true, Host: "::1", Port: 443, Scheme: "https"}
		}, "connect-src 'self' ws://chat.test;", "::1"},
	} {
		s := newServer(t, func(o *httpapi.Options) { c.change(&o.Config) })
		csp := s.call("GET", "/chatbot-frame.html?site="+site, "").Header().Get("Content-Security-Policy")
		_, connect, _ := strings.Cut(csp, "connect-src")
		connect, _, _ = strings.Cut("connect-src"+connect, "; ")
		if connect += ";"; !strings.Contains(connect, c.want) || strings.Contains(connect, c.not) {
			t.Errorf("%s: %s, want %q and not %q", name, connect, c.want, c.not)
		}
	}
}
