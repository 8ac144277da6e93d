package ui

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLinkify(t *testing.T) {
	plain := func(s string) span { return span{Text: s} }
	link := func(s string) span { return span{s, s} }
	for text, want := range map[string][]span{
		"":                                   {plain("")},
		"no link":                            {plain("no link")},
		"https://a.example":                  {link("https://a.example")},
		"See https://a.example/x?y=1#z.":     {plain("See "), link("https://a.example/x?y=1#z"), plain(".")},
		"(http://a.example)":                 {plain("("), link("http://a.example"), plain(")")},
		"https://a.example/Go_(language)!":   {link("https://a.example/Go_(language)"), plain("!")},
		"<https://a.example>":                {plain("<"), link("https://a.example"), plain(">")},
		`"https://a.example"`:                {plain(`"`), link("https://a.example"), plain(`"`)},
		"HTTPS://A.example":                  {link("HTTPS://A.example")},
		"https://a.example https://b.de":     {link("https://a.example"), plain(" "), link("https://b.de")},
		"https://a.example\nnext":            {link("https://a.example"), plain("\nnext")},
		"mailto:a@b.example, please":         {link("mailto:a@b.example"), plain(", please")},
		"https://[::1]:8000/x":               {link("https://[::1]:8000/x")},
		"https://münchen.example":            {link("https://münchen.example")},
		"javascript:alert(1)":                {plain("javascript:alert(1)")},
		"data:text/html,x":                   {plain("data:text/html,x")},
		"www.a.example":                      {plain("www.a.example")},
		"xhttps://a.example":                 {plain("xhttps://a.example")},
		"https://":                           {plain("https://")},
		"https:///x":                         {plain("https:///x")},
		"http://...":                         {plain("http://...")},
		"mailto:nobody":                      {plain("mailto:nobody")},
		"https://a.example/\u202eexe.x":      {link("https://a.example/"), plain("\u202eexe.x")},
		"https://a.example\u200b.evil":       {link("https://a.example"), plain("\u200b.evil")},
		"日本語https://a.example/パス。次":          {plain("日本語"), link("https://a.example/パス"), plain("。次")},
		"a https://a.example/?q=a,b;c=(d) b": {plain("a "), link("https://a.example/?q=a,b;c=(d)"), plain(" b")},
	} {
		if got := linkify(text); !reflect.DeepEqual(got, want) {
			t.Errorf("linkify(%q)\n got %q\nwant %q", text, got, want)
		}
	}
}

// Whatever the text is: nothing of it is lost, and every link has a scheme that
// is allowed.
func TestLinkifyLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"https://", "http://a.b", "mailto:", "@", ")", "(", ".", " ", "javascript:"}))).Draw(t, "parts")
		text := strings.Join(parts, "")
		var all strings.Builder
		for _, s := range linkify(text) {
			all.WriteString(s.Text)
			lower := strings.ToLower(s.URL)
			if s.URL != "" && !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "mailto:") {
				t.Fatalf("a link to %q", s.URL)
			}
			if s.URL != "" && s.URL != s.Text {
				t.Fatalf("%q leads to %q", s.Text, s.URL)
			}
		}
		if all.String() != text {
			t.Fatalf("%q became %q", text, all.String())
		}
	})
}

func TestReadable(t *testing.T) {
	if got := readable("a\u202eb\u2066c\u200fd"); got != "abc\u200fd" {
		t.Errorf("got %q", got)
	}
}

func TestWebAddress(t *testing.T) {
	for address, want := range map[string]string{
		"":                    "",
		"https://a.example/x": "https://a.example/x",
		"http://a.example":    "http://a.example",
		"/docs/x":             "https://chat.example/docs/x",
		"//evil.example":      "",
		`/\evil.example`:      "",
		"javascript:alert(1)": "",
		"docs/x":              "",
		"file:///etc/passwd":  "",
	} {
		if got := webAddress(address, "https://chat.example"); got != want {
			t.Errorf("webAddress(%q) = %q, want %q", address, got, want)
		}
	}
}
