package config_test

import (
	"testing"

	"chatbot/server/config"
)

func TestReverbAddress(t *testing.T) {
	for _, c := range []struct {
		p    config.Providers
		want string // "" for none
	}{
		{config.Providers{Reverb: "own"}, ""},
		{config.Providers{Reverb: "own", ReverbHost: "localhost", ReverbPort: 8080, ReverbScheme: "http"}, ""},
		{config.Providers{Reverb: "own", ReverbHost: "127.0.0.1", ReverbScheme: "http"}, ""},
		{config.Providers{Reverb: "own", ReverbHost: "ws.example", ReverbScheme: "https"}, "https://ws.example:443"},
		{config.Providers{Reverb: "own", ReverbHost: "ws.example", ReverbScheme: "http", ReverbServerPath: "ws/"}, "http://ws.example:80/ws"},
		{config.Providers{Reverb: "external", ReverbHost: "localhost", ReverbPort: 8080, ReverbScheme: "http"}, "http://localhost:8080"},
		{config.Providers{Reverb: "external", ReverbHost: "::1", ReverbPort: 8080, ReverbScheme: "http", ReverbServerPath: "/a/b"}, "http://[::1]:8080/a/b"},
	} {
		address, ok := c.p.ReverbAddress()
		got := ""
		if ok {
			got = address.URL()
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

func TestPusherAddress(t *testing.T) {
	for _, c := range []struct {
		p             config.Providers
		cluster, want string
	}{
		{config.Providers{PusherCluster: "mt1", PusherScheme: "https"}, "mt1", "https://api-mt1.pusher.com:443"},
		{config.Providers{PusherCluster: "eu", PusherScheme: "http", PusherPort: 80}, "eu", "https://api-eu.pusher.com:443"},
		{config.Providers{PusherCluster: "mt1", PusherHost: "api-ap1.pusher.com", PusherPort: 443, PusherScheme: "https"}, "ap1", "https://api-ap1.pusher.com:443"},
		{config.Providers{PusherCluster: "mt1", PusherHost: "soketi.example", PusherScheme: "https"}, "", "https://soketi.example:443"},
		{config.Providers{PusherCluster: "mt1", PusherHost: "localhost", PusherPort: 6001, PusherScheme: "http"}, "", "http://localhost:6001"},
	} {
		cluster, ok := c.p.Cluster()
		if !ok {
			cluster = ""
		}
		if got := c.p.PusherAddress().URL(); got != c.want || cluster != c.cluster {
			t.Errorf("%+v: %q in %q, want %q in %q", c.p, got, cluster, c.want, c.cluster)
		}
	}
}
