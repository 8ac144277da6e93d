// Package netip stands in for the standard library's in the browser, where
// net/url asks it one thing: whether what stands in a URL's square brackets is
// an IPv6 address. Lost: everything else, and the last certainty about that:
// what is made of the characters of such an address counts as one. The browser
// itself judges the URL when it is used.
package netip

import "errors"

// Addr is what ParseAddr has found.
type Addr struct{}

// Is4 reports whether it is an IPv4 address, which ParseAddr takes for none.
func (a Addr) Is4() bool { return false }

// ParseAddr takes the text of an IPv6 address, with or without a zone.
func ParseAddr(s string) (Addr, error) {
	colons := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ':':
			colons++
		case c == '%' && i > 0 && i < len(s)-1:
			return six(colons)
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'f', c == '.':
		default:
			return Addr{}, errors.New("no IP address")
		}
	}
	return six(colons)
}

func six(colons int) (Addr, error) {
	if colons < 2 {
		return Addr{}, errors.New("no IPv6 address")
	}
	return Addr{}, nil
}
