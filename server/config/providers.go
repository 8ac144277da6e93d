package config

import (
	"cmp"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Providers say by which servers events reach the browser, under the names that
// a Laravel application gives them. The credentials that belong to them come
// from the environment alone.
type Providers struct {
	Broadcast string `name:"broadcast-connection" env:"BROADCAST_CONNECTION" placeholder:"NAME" help:"reverb leaves Pusher out, pusher demands it. Otherwise, also with Laravel's log, null, redis and ably, Pusher is used where PUSHER_APP_KEY is set."`

	Reverb           string `name:"reverb" default:"own" env:"CHATBOT_REVERB" placeholder:"own|external" help:"Who serves Reverb: own is this server, external another one, at REVERB_HOST."`
	ReverbHost       string `env:"REVERB_HOST" placeholder:"HOST" help:"Host under which visitors reach Reverb. Default: that of this server."`
	ReverbPort       int    `env:"REVERB_PORT" placeholder:"PORT" help:"Port to go with REVERB_HOST. Default: 443, or 80 for http."`
	ReverbScheme     string `default:"https" env:"REVERB_SCHEME" placeholder:"https|http" help:"Scheme to go with REVERB_HOST."`
	ReverbServerHost string `env:"REVERB_SERVER_HOST" placeholder:"HOST" help:"Host for the port below. Default: that of the main address."`
	ReverbServerPort int    `env:"REVERB_SERVER_PORT" placeholder:"PORT" help:"Port of its own for the realtime endpoint, beside the main one."`
	ReverbServerPath string `env:"REVERB_SERVER_PATH" placeholder:"PATH" help:"Path under which Reverb is served too, such as /ws."`

	PusherCluster string `default:"mt1" env:"PUSHER_APP_CLUSTER" placeholder:"NAME" help:"Cluster of the Pusher application."`
	PusherHost    string `env:"PUSHER_HOST" placeholder:"HOST" help:"Host of a server that is used like Pusher. Default: that of the cluster."`
	PusherPort    int    `env:"PUSHER_PORT" placeholder:"PORT" help:"Port to go with PUSHER_HOST. Default: 443, or 80 for http."`
	PusherScheme  string `default:"https" env:"PUSHER_SCHEME" placeholder:"https|http" help:"Scheme to go with PUSHER_HOST."`
}

// Address is where a server is reached.
type Address struct {
	Scheme string // http or https
	Host   string
	Port   int
	Path   string // begins with a slash, or is empty
}

// HostPort is the host and the port as a URL has them.
func (a Address) HostPort() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// URL has no slash at its end.
func (a Address) URL() string { return a.Scheme + "://" + a.HostPort() + a.Path }

func newAddress(scheme, host string, port int, path string) Address {
	if port == 0 {
		port = 443
		if scheme == "http" {
			port = 80
		}
	}
	return Address{scheme, host, port, path}
}

// ReverbAddress is where REVERB_HOST and its companions say that visitors reach
// Reverb. It is false where they say nothing, or name this machine for Reverb
// that is served here: this server's own address is as good then, and right
// also for visitors who come from elsewhere.
func (p Providers) ReverbAddress() (Address, bool) {
	if p.ReverbHost == "" || p.Reverb == "own" && IsLoopback(p.ReverbHost) {
		return Address{}, false
	}
	return newAddress(p.ReverbScheme, p.ReverbHost, p.ReverbPort, p.ReverbPath()), true
}

// ReverbPath is the path before /app and /apps, empty or with a slash in front
// and none behind.
func (p Providers) ReverbPath() string {
	path := strings.Trim(p.ReverbServerPath, "/")
	if path == "" {
		return ""
	}
	return "/" + path
}

// pusherAPI is the name of a cluster's API host.
var pusherAPI = regexp.MustCompile(`^api-([a-z0-9-]+)\.pusher\.com$`)

// Cluster is Pusher's cluster, and is false with a server that is only used
// like Pusher. In Laravel, PUSHER_HOST may name a cluster's API host.
func (p Providers) Cluster() (string, bool) {
	if named := pusherAPI.FindStringSubmatch(p.PusherHost); named != nil {
		return named[1], true
	}
	return p.PusherCluster, p.PusherHost == ""
}

// PusherAddress is where Pusher's HTTP API is called, and with a PUSHER_HOST of
// its own also where visitors connect.
func (p Providers) PusherAddress() Address {
	if cluster, ok := p.Cluster(); ok {
		return newAddress("https", "api-"+cluster+".pusher.com", 443, "")
	}
	return newAddress(p.PusherScheme, p.PusherHost, p.PusherPort, "")
}

var (
	clusterName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	serverPath  = regexp.MustCompile(`^[A-Za-z0-9._~/-]*$`)
)

// check reports the first setting that cannot be used.
func (p Providers) check() error {
	for _, choice := range []struct {
		flag, value string
		allowed     []string
	}{
		{"--broadcast-connection", cmp.Or(p.Broadcast, "null"), []string{"pusher", "reverb", "log", "null", "redis", "ably"}},
		{"--reverb", p.Reverb, []string{"own", "external"}},
		{"--reverb-scheme", p.ReverbScheme, []string{"https", "http"}},
		{"--pusher-scheme", p.PusherScheme, []string{"https", "http"}},
	} {
		if !slices.Contains(choice.allowed, choice.value) {
			return settingErrorf("%s %q: it may be %s", choice.flag, choice.value, strings.Join(choice.allowed, ", "))
		}
	}
	for _, host := range []struct{ flag, value string }{
		{"--reverb-host", p.ReverbHost}, {"--reverb-server-host", p.ReverbServerHost}, {"--pusher-host", p.PusherHost},
	} {
		if host.value != "" && !isHost(host.value) {
			return settingErrorf("%s %q: write the host alone, such as ws.example.com, without scheme and port", host.flag, host.value)
		}
	}
	for _, port := range []struct {
		flag  string
		value int
	}{{"--reverb-port", p.ReverbPort}, {"--reverb-server-port", p.ReverbServerPort}, {"--pusher-port", p.PusherPort}} {
		if port.value < 0 || port.value > 65535 {
			return settingErrorf("%s %d: it may be 1 to 65535", port.flag, port.value)
		}
	}
	switch {
	case !clusterName.MatchString(p.PusherCluster):
		return settingErrorf("--pusher-cluster %q: write the short name that Pusher shows, such as eu", p.PusherCluster)
	case !serverPath.MatchString(p.ReverbServerPath):
		return settingErrorf("--reverb-server-path %q: write a path of A-Z a-z 0-9 . _ ~ - and /, such as /ws", p.ReverbServerPath)
	case p.Reverb == "external" && p.ReverbHost == "":
		return settingErrorf("--reverb external ($CHATBOT_REVERB): name the server with --reverb-host or $REVERB_HOST")
	}
	return nil
}

// isHost reports whether s is a name or an IP address, without brackets.
func isHost(s string) bool {
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(s, "1")}
	return isAddress(u.String())
}
