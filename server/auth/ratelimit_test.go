package auth_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

func TestRateLimit(t *testing.T) {
	l := auth.NewRateLimiter(30)
	for i := range 30 {
		if wait, ok := l.Allow("a", now); !ok || wait != 0 {
			t.Fatalf("call %d of 30: %s, %v", i+1, wait, ok)
		}
	}
	wait, ok := l.Allow("a", now)
	if ok || wait <= 0 || wait > 2*time.Second {
		t.Fatalf("call 31: %s, %v; one in 2 s is allowed", wait, ok)
	}
	if again, ok := l.Allow("a", now); ok || again != wait {
		t.Errorf("a refused call was charged: %s after %s", again, wait)
	}
	if _, ok := l.Allow("b", now); !ok {
		t.Error("another key pays for this one")
	}
	if _, ok := l.Allow("a", now.Add(wait-time.Millisecond)); ok {
		t.Error("allowed before the wait was over")
	}
	if _, ok := l.Allow("a", now.Add(wait)); !ok {
		t.Error("not allowed after the wait")
	}
	later := now.Add(time.Hour)
	for i := range 30 {
		if _, ok := l.Allow("a", later); !ok {
			t.Fatalf("call %d after an hour of quiet was refused", i+1)
		}
	}
	if _, ok := l.Allow("a", later); ok {
		t.Error("an hour of quiet saved up for more than a minute's calls")
	}
}

func TestRateLimitIsAtLeastOne(t *testing.T) {
	l := auth.NewRateLimiter(0)
	if _, ok := l.Allow("a", now); !ok {
		t.Error("nothing is allowed at all")
	}
	if _, ok := l.Allow("a", now); ok {
		t.Error("two are allowed")
	}
}

func TestRateLimitUnderConcurrency(t *testing.T) {
	l := auth.NewRateLimiter(50)
	var allowed atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if _, ok := l.Allow("a", now); ok {
					allowed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if allowed.Load() != 50 {
		t.Errorf("%d calls were allowed, want 50", allowed.Load())
	}
}

func TestRateKey(t *testing.T) {
	key := func(address, site string) string { return auth.RateKey(netip.MustParseAddr(address), site) }
	for _, c := range []struct {
		name string
		a, b string
		same bool
	}{
		{"one address", key("203.0.113.9", site), key("203.0.113.9", site), true},
		{"IPv4 in IPv6", key("::ffff:203.0.113.9", site), key("203.0.113.9", site), true},
		{"neighbours of IPv4", key("203.0.113.9", site), key("203.0.113.10", site), false},
		{"neighbours of IPv4 in IPv6", key("::ffff:203.0.113.9", site), key("::ffff:203.0.113.10", site), false},
		{"one /64", key("2001:db8:1:2::1", site), key("2001:db8:1:2:ffff:ffff:ffff:ffff", site), true},
		{"the next /64", key("2001:db8:1:2::1", site), key("2001:db8:1:3::1", site), false},
		{"one /64, zones", key("fe80::1%eth0", site), key("fe80::2%eth1", site), true},
		{"another site", key("203.0.113.9", site), key("203.0.113.9", "https://other.example"), false},
	} {
		if (c.a == c.b) != c.same {
			t.Errorf("%s: %q and %q", c.name, c.a, c.b)
		}
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1":        "192.0.2.1",
		"::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8::1":      "2001:db8::/64",
		"2001:db8::2:1:1":  "2001:db8::/64",
		"2001:db8:0:1::1":  "2001:db8:0:1::/64",
	} {
		if got := auth.Network(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
	if auth.Network(netip.Addr{}) == "" {
		t.Error("an unknown address counts as nobody")
	}
}

func TestConcurrency(t *testing.T) {
	c := auth.NewConcurrency(2)
	first, ok := c.Acquire("a")
	if !ok {
		t.Fatal("no first place")
	}
	second, ok := c.Acquire("a")
	if !ok {
		t.Fatal("no second place")
	}
	if _, ok := c.Acquire("a"); ok {
		t.Error("a third place of two")
	}
	if release, ok := c.Acquire("b"); !ok {
		t.Error("another key pays for this one")
	} else {
		release()
	}
	first()
	first() // gives back no second place
	third, ok := c.Acquire("a")
	if !ok {
		t.Fatal("the place was not given back")
	}
	if _, ok := c.Acquire("a"); ok {
		t.Error("one place was given back twice")
	}
	second()
	third()
	for i := range 2 {
		if _, ok := c.Acquire("a"); !ok {
			t.Errorf("place %d is lost", i+1)
		}
	}
}

func TestSockets(t *testing.T) {
	s := auth.NewSockets()
	s.Authorize("ann", wire.ProviderReverb, "1.1")
	s.Authorize("ann", wire.ProviderReverb, "1.1")
	s.Authorize("bob", wire.ProviderPusher, "2.2")
	for _, c := range []struct {
		who, socket string
		want        wire.Provider
	}{{"ann", "1.1", wire.ProviderReverb}, {"bob", "2.2", wire.ProviderPusher}, {"bob", "1.1", ""}, {"ann", "2.2", ""}, {"cleo", "1.1", ""}, {"ann", "", ""}, {"", "1.1", ""}} {
		if got, ok := s.Provider(c.who, c.socket); got != c.want || ok != (c.want != "") {
			t.Errorf("%q has %q at %q, %v; want %q", c.who, c.socket, got, ok, c.want)
		}
	}
	s.Authorize("bob", wire.ProviderReverb, "2.2")
	if got, _ := s.Provider("bob", "2.2"); got != wire.ProviderReverb {
		t.Errorf("an id that was authorized twice is at %q, want the latest", got)
	}
	for i := range 8 {
		s.Authorize("ann", wire.ProviderReverb, fmt.Sprintf("3.%d", i))
	}
	if _, ok := s.Provider("ann", "1.1"); ok {
		t.Error("the oldest of nine connections is still remembered")
	}
	for i := range 8 {
		socket := fmt.Sprintf("3.%d", i)
		if _, ok := s.Provider("ann", socket); !ok {
			t.Errorf("%s, one of the latest eight, is forgotten", socket)
		}
	}
}

func TestInvitation(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		code, hash := auth.NewInvitationCode()
		if len(code) != 22 || seen[code] || hash == code || hash != auth.HashInvitation(code) || auth.HashInvitation(code+"x") == hash {
			t.Fatalf("code %q, hash %q", code, hash)
		}
		seen[code] = true
	}
}
