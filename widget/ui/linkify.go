package ui

import "strings"

// span is a stretch of text; with a URL it is a link.
type span struct{ Text, URL string }

// schemes are what becomes a link. Nothing else does: not javascript:, not
// data:, and no bare host names, which may be the end of a sentence.
var schemes = []string{"https://", "http://", "mailto:"}

// linkify cuts a text into plain stretches and links.
func linkify(text string) []span {
	var spans []span
	plain := 0 // where the plain text began
	for i := 0; i < len(text); {
		end := linkEnd(text, i)
		if end == 0 {
			i++
			continue
		}
		if plain < i {
			spans = append(spans, span{Text: text[plain:i]})
		}
		spans = append(spans, span{Text: text[i:end], URL: text[i:end]})
		i, plain = end, end
	}
	if plain < len(text) || len(spans) == 0 {
		spans = append(spans, span{Text: text[plain:]})
	}
	return spans
}

// linkEnd is where the link that begins at start ends, or 0 where none begins.
func linkEnd(text string, start int) int {
	if start > 0 && isWord(text[start-1]) {
		return 0
	}
	for _, scheme := range schemes {
		if len(text)-start < len(scheme) || !strings.EqualFold(text[start:start+len(scheme)], scheme) {
			continue
		}
		rest := text[start+len(scheme):]
		n := strings.IndexFunc(rest, endsLink)
		if n < 0 {
			n = len(rest)
		}
		n = trimLink(rest[:n])
		if n == 0 || !isWord(rest[0]) && rest[0] < 0x80 && rest[0] != '[' {
			return 0
		}
		if scheme == "mailto:" && !strings.Contains(rest[:n], "@") {
			return 0
		}
		return start + len(scheme) + n
	}
	return 0
}

func isWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// endsLink reports whether a link ends before r: at space, quotes, angle
// brackets, and at what turns the direction of text or cannot be seen.
func endsLink(r rune) bool {
	return r <= ' ' || strings.ContainsRune("\"<>`\u00a0\u201c\u201d\u00ab\u00bb\u3000\u3001\u3002", r) ||
		r == 0x7f || r >= 0x200b && r <= 0x200f || isBidi(r)
}

// trimLink is the length of a link without the punctuation that ends the
// sentence it stands in; a closing bracket stays if the link has opened it.
func trimLink(link string) int {
	n := len(link)
	for n > 0 {
		switch c := link[n-1]; c {
		case '.', ',', ';', ':', '!', '?', '\'', '*', '_', '~', '|':
			n--
			continue
		case ')', ']', '}':
			open := string("([{"[strings.IndexByte(")]}", c)])
			if strings.Count(link[:n], string(c)) > strings.Count(link[:n], open) {
				n--
				continue
			}
		}
		return n
	}
	return 0
}

// isBidi reports whether r overrides or isolates the direction of text. Such
// characters can make a text or a link look like another one.
func isBidi(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

// readable is a text as it may be shown: without direction overrides.
func readable(text string) string {
	return strings.Map(func(r rune) rune {
		if isBidi(r) {
			return -1
		}
		return r
	}, text)
}

// webAddress is the address that a source's link leads to: http, https, or a
// path on the server. It is empty for anything else.
func webAddress(address, server string) string {
	lower := strings.ToLower(address)
	switch {
	case strings.HasPrefix(lower, "https://"), strings.HasPrefix(lower, "http://"):
		return address
	case strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.HasPrefix(address, `/\`):
		return server + address
	}
	return ""
}
