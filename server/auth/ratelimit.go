package auth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxKeys bounds how many keys a limiter remembers. Beyond it the one that has
// been quiet for longest is forgotten. For a key that was quiet for a minute
// this changes nothing; a flood from more addresses than that in a minute is
// another defence's task.
const maxKeys = 100_000

// RateLimiter allows a number of calls a minute for each key, all of them at
// once if the key was quiet before.
type RateLimiter struct {
	perMinute int

	mu   sync.Mutex
	keys *recent[*rate.Limiter]
}

// NewRateLimiter makes a limiter; perMinute is at least 1.
func NewRateLimiter(perMinute int) *RateLimiter {
	return &RateLimiter{perMinute: max(perMinute, 1), keys: newRecent[*rate.Limiter](maxKeys)}
}

// Allow charges one call to key; where it is not allowed, nothing is charged
// and wait is the time after which one will be.
func (l *RateLimiter) Allow(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, known := l.keys.get(key)
	if !known {
		limiter = rate.NewLimiter(rate.Limit(l.perMinute)/60, l.perMinute)
		l.keys.put(key, limiter)
	}
	reservation := limiter.ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// Network is what one household or machine has to itself: an address, or for IPv6
// its /64.
func Network(address netip.Addr) string {
	address = address.Unmap()
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}

// RateKey is what calls are charged to: the network they come from together with
// the site they were made on. Many people behind one address on different sites do
// not limit each other.
func RateKey(address netip.Addr, site string) string { return Network(address) + " " + site }

// Concurrency bounds how much goes on at once for each key.
type Concurrency struct {
	limit int
	mu    sync.Mutex
	byKey map[string]int
}

// NewConcurrency makes a bound of limit for each key.
func NewConcurrency(limit int) *Concurrency {
	return &Concurrency{limit: limit, byKey: map[string]int{}}
}

// Acquire takes a place, which release gives back, however often it is called;
// ok is false when all are taken.
func (c *Concurrency) Acquire(key string) (release func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey[key] >= c.limit {
		return nil, false
	}
	c.byKey[key]++
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.byKey[key]--; c.byKey[key] == 0 {
			delete(c.byKey, key)
		}
	}), true
}
