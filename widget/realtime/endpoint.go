package realtime

import (
	"net/url"
	"strconv"
	"strings"

	"chatbot/widget/wire"
)

// endpoint is where a provider's sockets are opened.
type endpoint struct {
	provider wire.Provider
	url      string
	address  string // host:port
	auth     string // where channels are authorized
}

// endpoints are those of the config, best first. A provider that is unknown,
// not enabled or not fully described is left out.
func endpoints(c wire.Config) []endpoint {
	var found []endpoint
	for _, provider := range c.Providers {
		switch {
		case provider == wire.ProviderReverb && c.Reverb.Enabled && c.Reverb.Key != "" && c.Reverb.Host != "":
			r := c.Reverb
			found = append(found, newEndpoint(provider, r.Host, r.Port, r.Scheme == "https" || r.ForceTLS, r.Path, r.Key, r.AuthEndpoint))
		case provider == wire.ProviderPusher && c.Pusher.Enabled && c.Pusher.Key != "":
			p := c.Pusher
			host := p.Host
			if host == "" {
				cluster := p.Cluster
				if cluster == "" {
					cluster = "mt1" // where applications live that name none
				}
				host = "ws-" + cluster + ".pusher.com"
			}
			found = append(found, newEndpoint(provider, host, p.Port, p.Scheme != "http", "", p.Key, p.AuthEndpoint))
		}
	}
	return found
}

// newEndpoint puts the address together as Pusher's clients do.
func newEndpoint(provider wire.Provider, host string, port int, tls bool, path, key, auth string) endpoint {
	scheme := "ws"
	if tls {
		scheme = "wss"
	}
	if port == 0 {
		port = 80
		if tls {
			port = 443
		}
	}
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	address := host + ":" + strconv.Itoa(port)
	if path = strings.Trim(path, "/"); path != "" {
		path = "/" + path
	}
	return endpoint{
		provider: provider,
		url:      scheme + "://" + address + path + "/app/" + url.PathEscape(key) + "?protocol=7&client=chatbot-widget&version=1.0.0&flash=false",
		address:  address,
		auth:     auth,
	}
}
