// Package regexp stands in for the standard library's in the browser, where
// go-app matches routes by it. The widget has one route, ".*". Lost: every
// pattern but literal text, text followed by ".*", and either between ^ and $;
// any other panics when it is compiled, which is when the program starts.
package regexp

import "strings"

// Regexp is a compiled pattern. It may be used by several goroutines.
type Regexp struct {
	text         string // what must be found
	atStart, all bool   // from the first byte; up to the last
}

// MustCompile compiles a pattern of the kinds named above.
func MustCompile(pattern string) *Regexp {
	r := &Regexp{}
	rest := pattern
	rest, r.atStart = strings.CutPrefix(rest, "^")
	rest, r.all = strings.CutSuffix(rest, "$")
	if text, ok := strings.CutSuffix(rest, ".*"); ok {
		rest, r.all = text, false
	}
	if strings.ContainsAny(rest, `\.+*?()|[]{}^$`) {
		panic("regexp: the browser's stand-in knows no " + pattern)
	}
	r.text = rest
	return r
}

// MatchString reports whether s holds a match.
func (r *Regexp) MatchString(s string) bool {
	switch {
	case r.atStart && r.all:
		return s == r.text
	case r.atStart:
		return strings.HasPrefix(s, r.text)
	case r.all:
		return strings.HasSuffix(s, r.text)
	}
	return strings.Contains(s, r.text)
}
