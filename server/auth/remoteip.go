package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// RemoteIP is the address of the client. X-Forwarded-For counts only as far as
// trusted proxies wrote it: from the right, the first address that is none of
// theirs is the client, whatever stands to the left of it.
func RemoteIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer := address(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !contains(trusted, peer) {
			return peer
		}
		next := address(strings.TrimSpace(hop))
		if !next.IsValid() {
			return peer
		}
		peer = next
	}
	return peer
}

// address reads an address with or without a port.
func address(s string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr().Unmap()
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Secure reports whether the client speaks https: to this server, or, as the
// X-Forwarded-Proto of a trusted proxy says, to the proxy. Where that header
// has several values, the last is the proxy's own.
func Secure(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	if !contains(trusted, address(r.RemoteAddr)) {
		return false
	}
	values := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",")
	return strings.EqualFold(strings.TrimSpace(values[len(values)-1]), "https")
}
