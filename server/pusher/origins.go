package pusher

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Origins are the pages that may connect, as Laravel Reverb lists them: by
// host, where * stands for anything, or by a whole origin.
type Origins []*regexp.Regexp

var originPattern = regexp.MustCompile(`^(https?://)?[a-z0-9._*:\[\]-]+$`)

// ParseOrigins reads such a list. The error tells which entry is wrong.
func ParseOrigins(list []string) (Origins, error) {
	var out Origins
	for _, s := range list {
		s = strings.ToLower(s)
		if !originPattern.MatchString(s) {
			return nil, fmt.Errorf("%q: write hosts such as shop.example, *.shop.example or * for all, or origins such as https://shop.example", s)
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(s), `\*`, `.*`)
		out = append(out, regexp.MustCompile("^"+pattern+"$"))
	}
	return out, nil
}

// Allowed reports whether a page of the origin may connect.
func (o Origins) Allowed(origin string) bool {
	origin = strings.ToLower(origin)
	host := "" // of what is an origin and nothing more
	if u, err := url.Parse(origin); err == nil && origin == u.Scheme+"://"+u.Host {
		host = u.Hostname()
	}
	for _, p := range o {
		if p.String() == "^.*$" || host != "" && (p.MatchString(host) || p.MatchString(origin)) {
			return true
		}
	}
	return false
}
