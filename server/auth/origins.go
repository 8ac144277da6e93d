package auth

import (
	"fmt"
	"net/url"
	"strings"
)

// Origins are the sites that may carry the widget. The zero value is the
// default: pages of this machine, on any port.
type Origins struct {
	exact map[string]bool
}

// ParseOrigins takes exact origins such as https://shop.example. An empty list
// gives the default.
func ParseOrigins(list []string) (Origins, error) {
	if len(list) == 0 {
		return Origins{}, nil
	}
	o := Origins{exact: map[string]bool{}}
	for _, s := range list {
		origin, ok := normalOrigin(s)
		if !ok {
			return Origins{}, fmt.Errorf("%q is no origin; write scheme and host such as https://shop.example, with a port where it has one, and nothing after it", s)
		}
		o.exact[origin] = true
	}
	return o, nil
}

// Allowed reports whether a page of the origin, as a browser names it, may
// carry the widget. "null" never may.
func (o Origins) Allowed(origin string) bool {
	normal, ok := normalOrigin(origin)
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

// normalOrigin is s as a browser would write it, and false if s is no origin.
func normalOrigin(s string) (string, bool) {
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	if u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(s, "*?#; ,'\"") {
		return "", false
	}
	if port := u.Port(); port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Scheme + "://" + u.Host, true
}
