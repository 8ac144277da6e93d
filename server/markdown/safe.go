package markdown

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"
)

// maxHref is the length of an address, in bytes.
const maxHref = 2048

// address is where a link leads, as it was written in Markdown.
func address(destination []byte) string {
	return safe(string(util.URLEscape(destination, true)))
}

// safe is an address that a reader may follow without danger, or nothing: a
// whole one of a scheme that runs no program.
func safe(address string) string {
	if len(address) > maxHref || !utf8.ValidString(address) || strings.ContainsFunc(address, unfit) {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "https", "http":
		if u.Host == "" {
			return ""
		}
	case "mailto", "tel":
		if u.Opaque == "" {
			return ""
		}
	default:
		return ""
	}
	return u.String()
}

func unfit(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || turnsText(r) || r == '\\'
}

// clean takes away what changes the direction of a text that comes after it, and
// control characters: they make one thing look like another.
func clean(s string) string {
	if strings.IndexFunc(s, hidden) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, s)
}

func hidden(r rune) bool {
	return turnsText(r) || unicode.IsControl(r) && r != '\n' && r != '\t'
}

// turnsText reports whether r is one of Unicode's controls of text direction.
func turnsText(r rune) bool {
	return unicode.Is(unicode.Bidi_Control, r)
}
