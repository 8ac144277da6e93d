package app

import (
	"net/netip"
	"testing"
)

func TestSubscriber(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1":       "192.0.2.1",
		"2001:db8::1":     "2001:db8::/64",
		"2001:db8::2:1:1": "2001:db8::/64",
		"2001:db8:0:1::1": "2001:db8:0:1::/64",
	} {
		if got := subscriber(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
	if got := subscriber(netip.Addr{}); got == "" {
		t.Error("an unknown address counts as nobody")
	}
}
