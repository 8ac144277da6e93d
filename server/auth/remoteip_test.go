package auth_test

import (
	"crypto/tls"
	"net/http/httptest"
	"net/netip"
	"testing"

	"chatbot/server/auth"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:aaaa::/48")}

func TestRemoteIP(t *testing.T) {
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "203.0.113.9:1234", nil, "203.0.113.9"},
		{"direct, forged", "203.0.113.9:1234", []string{"198.51.100.1"}, "203.0.113.9"},
		{"direct, forged as the proxy", "203.0.113.9:1234", []string{"10.0.0.1"}, "203.0.113.9"},
		{"proxy says nothing", "10.0.0.1:1", nil, "10.0.0.1"},
		{"one proxy", "10.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"one proxy, forged before it", "10.0.0.1:1", []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		{"one proxy, forged as a proxy", "10.0.0.1:1", []string{"10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		{"forged in a line of its own", "10.0.0.1:1", []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.0.0.1:1", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"two proxies, forged", "10.0.0.1:1", []string{"198.51.100.1, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"only proxies", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"rubbish", "10.0.0.1:1", []string{"evil"}, "10.0.0.1"},
		{"rubbish before", "10.0.0.1:1", []string{"evil, 203.0.113.9"}, "203.0.113.9"},
		{"empty last", "10.0.0.1:1", []string{"203.0.113.9,"}, "10.0.0.1"},
		{"with a port", "10.0.0.1:1", []string{"203.0.113.9:555"}, "203.0.113.9"},
		{"IPv6", "[2001:db8:aaaa::1]:1", []string{"2001:db8:1::9"}, "2001:db8:1::9"},
		{"IPv6 with a port", "[2001:db8:aaaa::1]:1", []string{"[2001:db8:1::9]:7"}, "2001:db8:1::9"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"] = c.forwarded
			if got := auth.RemoteIP(r, proxies); got != netip.MustParseAddr(c.want) {
				t.Errorf("the client is %s, want %s", got, c.want)
			}
		})
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:1"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	if got := auth.RemoteIP(r, nil); got.String() != "10.0.0.1" {
		t.Errorf("nobody is trusted, and yet the client is %s", got)
	}
	r.RemoteAddr = "@" // a Unix socket's
	if got := auth.RemoteIP(r, proxies); got.IsValid() {
		t.Errorf("the client of a socket without address is %s", got)
	}
}

func TestSecure(t *testing.T) {
	for _, c := range []struct {
		name, peer string
		tls        bool
		proto      []string
		want       bool
	}{
		{"plain", "203.0.113.9:1", false, nil, false},
		{"TLS", "203.0.113.9:1", true, nil, true},
		{"forged", "203.0.113.9:1", false, []string{"https"}, false},
		{"proxy says nothing", "10.0.0.1:1", false, nil, false},
		{"proxy", "10.0.0.1:1", false, []string{"https"}, true},
		{"proxy, other case", "10.0.0.1:1", false, []string{"HTTPS"}, true},
		{"proxy, plain", "10.0.0.1:1", false, []string{"http"}, false},
		{"proxy, forged before it", "10.0.0.1:1", false, []string{"https, http"}, false},
		{"proxy, forged in a line of its own", "10.0.0.1:1", false, []string{"https", "http"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-Proto"] = c.proto
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if got := auth.Secure(r, proxies); got != c.want {
				t.Errorf("secure: %v", got)
			}
		})
	}
}
