package auth

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Origins are the sites that may carry the widget. The zero value is the
// default: pages of this machine, on any port.
type Origins struct {
	exact map[string]bool
}

// ParseOrigins takes exact origins such as https://shop.example, in any case
// and with or without the scheme's own port. An empty list gives the default.
func ParseOrigins(list []string) (Origins, error) {
	if len(list) == 0 {
		return Origins{}, nil
	}
	o := Origins{exact: map[string]bool{}}
	for _, s := range list {
		origin, ok := NormalOrigin(s)
		if !ok {
			return Origins{}, fmt.Errorf("%q is no origin; write scheme and host such as https://shop.example, with a port where it has one, and nothing after it (no patterns; a name with other letters in its xn-- form)", s)
		}
		o.exact[origin] = true
	}
	return o, nil
}

// Allowed reports whether a page of the origin, as a browser names it, may
// carry the widget. Any other spelling is refused, so that an allowed origin
// can be put into a header as it is. "null" never may.
func (o Origins) Allowed(origin string) bool {
	normal, ok := NormalOrigin(origin)
	if !ok || normal != origin {
		return false
	}
	if o.exact != nil {
		return o.exact[origin]
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}

// thisMachine is what all origins of the default count as together.
const thisMachine = "this machine"

// Group is what a site counts as where calls are limited. Sites are limited one by
// one, but for those of this machine where all of them are allowed: they differ in
// what whoever calls can choose.
func (o Origins) Group(site string) string {
	if o.exact == nil && o.Allowed(site) {
		return thisMachine
	}
	return site
}

var hostName = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$`)

// NormalOrigin is s as a browser would write it (WHATWG URL, "origin"): in lower
// case and without the scheme's own port. It is false if s is no origin of a web
// page.
func NormalOrigin(s string) (string, bool) {
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	if u.User != nil || u.Path != "" && u.Path != "/" || strings.ContainsAny(s, "?#%") {
		return "", false
	}
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); err == nil && address.Is6() {
		host = "[" + address.String() + "]"
	} else if !hostName.MatchString(host) {
		return "", false
	}
	if u.Port() == "" {
		return u.Scheme + "://" + host, !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		return "", false
	}
	if u.Scheme == "http" && port == 80 || u.Scheme == "https" && port == 443 {
		return u.Scheme + "://" + host, true
	}
	return fmt.Sprintf("%s://%s:%d", u.Scheme, host, port), true
}
