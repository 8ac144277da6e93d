package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"time"
)

// Endpoint are the settings of the realtime endpoint. Those that Laravel Reverb
// has too are read from its variables.
type Endpoint struct {
	Origins         []string      `env:"REVERB_ALLOWED_ORIGINS" placeholder:"HOST" help:"Further pages that may open WebSockets, by host as Laravel Reverb has it (shop.example, *.shop.example, * for all) or by origin. Pages that may carry the widget always may."`
	Connections     int           `default:"20000" env:"REVERB_APP_MAX_CONNECTIONS" placeholder:"N" help:"WebSockets at a time."`
	PerAddress      int           `default:"500" env:"CHATBOT_REALTIME_PER_ADDRESS" placeholder:"N" help:"WebSockets at a time from one address."`
	PongTimeout     time.Duration `default:"30s" env:"REVERB_APP_PING_INTERVAL" placeholder:"TIME" help:"How long a WebSocket that was asked whether it still lives has to answer."`
	MessageSize     int           `default:"10000" env:"REVERB_APP_MAX_MESSAGE_SIZE" placeholder:"BYTES" help:"Size of a message from a client."`
	RequestSize     int           `default:"262144" env:"REVERB_MAX_REQUEST_SIZE" placeholder:"BYTES" help:"Size of a request to the HTTP API under /apps/."`
	ClientEvents    string        `default:"members" env:"REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM" placeholder:"members|none" help:"Who may send client events on private and presence channels. Reverb's \"all\" is taken for members."`
	Webhooks        []string      `env:"CHATBOT_REALTIME_WEBHOOKS" placeholder:"URL" help:"Addresses that are told of channels, members and client events, as Pusher tells them."`
	PrivateWebhooks string        `default:"off" env:"CHATBOT_REALTIME_PRIVATE_WEBHOOKS" placeholder:"on|off" help:"Let webhooks go to private addresses and to this machine."`
}

var originPattern = regexp.MustCompile(`^(https?://)?[A-Za-z0-9._*:\[\]-]+$`)

// check reports the first setting that cannot be used.
func (e Endpoint) check() error {
	for _, origin := range e.Origins {
		if !originPattern.MatchString(origin) {
			return settingErrorf("--realtime-origins %q: write hosts such as shop.example, *.shop.example or * for all, or origins such as https://shop.example", origin)
		}
	}
	for _, count := range []struct {
		flag             string
		value, low, high int
	}{
		{"--realtime-connections", e.Connections, 1, 1_000_000},
		{"--realtime-per-address", e.PerAddress, 1, 1_000_000},
		{"--realtime-message-size", e.MessageSize, 1000, 10_000_000},
		{"--realtime-request-size", e.RequestSize, 1000, 100_000_000},
	} {
		if count.value < count.low || count.value > count.high {
			return settingErrorf("%s %d: it may be %d to %d", count.flag, count.value, count.low, count.high)
		}
	}
	switch e.ClientEvents {
	case "members", "all", "none":
	default:
		return settingErrorf("--realtime-client-events %q: it may be members, none", e.ClientEvents)
	}
	if e.PrivateWebhooks != "on" && e.PrivateWebhooks != "off" {
		return settingErrorf("--realtime-private-webhooks %q: it may be on, off", e.PrivateWebhooks)
	}
	for _, webhook := range e.Webhooks {
		if u, err := url.Parse(webhook); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			return settingErrorf("--realtime-webhooks %q: write a whole address, such as https://shop.example/webhooks/chat", webhook)
		}
	}
	return nil
}

// checkLoopback is for listeners that only this machine may reach.
func checkLoopback(flag, address string) error {
	host, _, err := net.SplitHostPort(address)
	ip, wrong := netip.ParseAddr(host)
	if err != nil || host != "localhost" && (wrong != nil || !ip.IsLoopback()) {
		return settingErrorf("%s %q: write HOST:PORT on this machine, such as localhost:9100", flag, address)
	}
	return nil
}
