package markdown

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"chatbot/widget/wire"
)

func TestParse(t *testing.T) {
	for source, want := range map[string]string{
		"Hello":                               `[{"k":"p","c":[{"k":"text","t":"Hello"}]}]`,
		"":                                    `null`,
		"a\nb":                                `[{"k":"p","c":[{"k":"text","t":"a"},{"k":"br"},{"k":"text","t":"b"}]}]`,
		"a\n\nb":                              `[{"k":"p","c":[{"k":"text","t":"a"}]},{"k":"p","c":[{"k":"text","t":"b"}]}]`,
		"*a* **b** ~~c~~":                     `[{"k":"p","c":[{"k":"em","c":[{"k":"text","t":"a"}]},{"k":"text","t":" "},{"k":"strong","c":[{"k":"text","t":"b"}]},{"k":"text","t":" "},{"k":"del","c":[{"k":"text","t":"c"}]}]}]`,
		"## Two":                              `[{"k":"h","n":2,"c":[{"k":"text","t":"Two"}]}]`,
		"- a\n- b":                            `[{"k":"ul","c":[{"k":"li","c":[{"k":"text","t":"a"}]},{"k":"li","c":[{"k":"text","t":"b"}]}]}]`,
		"3. a":                                `[{"k":"ol","n":3,"c":[{"k":"li","c":[{"k":"text","t":"a"}]}]}]`,
		"- a\n  1. b":                         `[{"k":"ul","c":[{"k":"li","c":[{"k":"text","t":"a"},{"k":"ol","c":[{"k":"li","c":[{"k":"text","t":"b"}]}]}]}]}]`,
		"- [x] a":                             `[{"k":"ul","c":[{"k":"li","c":[{"k":"text","t":"☑ a"}]}]}]`,
		"> a":                                 `[{"k":"quote","c":[{"k":"p","c":[{"k":"text","t":"a"}]}]}]`,
		"```go\na\n\nb\n```":                  `[{"k":"code","t":"a\n\nb","l":"go"}]`,
		"    a":                               `[{"k":"code","t":"a"}]`,
		"`a\\*` &amp; \\*":                    `[{"k":"p","c":[{"k":"codespan","t":"a\\*"},{"k":"text","t":" \u0026 *"}]}]`,
		"\\&amp;":                             `[{"k":"p","c":[{"k":"text","t":"\u0026amp;"}]}]`,
		"---":                                 `[{"k":"hr"}]`,
		"[a](https://b.example/?x=1&amp;y#z)": `[{"k":"p","c":[{"k":"a","h":"https://b.example/?x=1\u0026y#z","c":[{"k":"text","t":"a"}]}]}]`,
		"https://b.example":                   `[{"k":"p","c":[{"k":"a","h":"https://b.example","c":[{"k":"text","t":"https://b.example"}]}]}]`,
		"www.b.example":                       `[{"k":"p","c":[{"k":"a","h":"http://www.b.example","c":[{"k":"text","t":"www.b.example"}]}]}]`,
		"<a@b.example>":                       `[{"k":"p","c":[{"k":"a","h":"mailto:a@b.example","c":[{"k":"text","t":"a@b.example"}]}]}]`,
		"[call](tel:+491)":                    `[{"k":"p","c":[{"k":"a","h":"tel:+491","c":[{"k":"text","t":"call"}]}]}]`,
		"![cat](https://b.example/cat.png)":   `[{"k":"p","c":[{"k":"a","h":"https://b.example/cat.png","c":[{"k":"text","t":"cat"}]}]}]`,
		"[![cat](https://b.example/1)](https://b.example/2)": `[{"k":"p","c":[{"k":"a","h":"https://b.example/2","c":[{"k":"text","t":"cat"}]}]}]`,
		"[](https://b.example)":                              `[{"k":"p","c":[{"k":"a","h":"https://b.example","c":[{"k":"text","t":"https://b.example"}]}]}]`,
		"see [it](javascript:x) ok":                          `[{"k":"p","c":[{"k":"text","t":"see it ok"}]}]`,
		"[page](GUIDE.md)":                                   `[{"k":"p","c":[{"k":"text","t":"page"}]}]`,
		"a <b>c</b>":                                         `[{"k":"p","c":[{"k":"text","t":"a \u003cb\u003ec\u003c/b\u003e"}]}]`,
		"<!-- a\nb -->":                                      `[{"k":"p","c":[{"k":"text","t":"\u003c!-- a\nb --\u003e"}]}]`,
		"a\u202eb":                                           `[{"k":"p","c":[{"k":"text","t":"ab"}]}]`,
		"| a | b |\n| - | - |\n| 1 | *2* |":                  `[{"k":"table","c":[{"k":"tr","c":[{"k":"th","c":[{"k":"text","t":"a"}]},{"k":"th","c":[{"k":"text","t":"b"}]}]},{"k":"tr","c":[{"k":"td","c":[{"k":"text","t":"1"}]},{"k":"td","c":[{"k":"em","c":[{"k":"text","t":"2"}]}]}]}]}]`,
	} {
		got, err := json.Marshal(Parse(source))
		if err != nil || string(got) != want {
			t.Errorf("%q became\n%s, want\n%s (%v)", source, got, want, err)
		}
	}
}

// kindsOf are all that a reader has to know.
const kindsOf = "p h ul ol li quote code table tr th td em strong del codespan a br text hr"

// check reports what must never be in a tree.
func check(nodes []wire.Node) (count, depth int, err error) {
	for _, n := range nodes {
		if !slices.Contains(strings.Fields(kindsOf), n.Kind) {
			return 0, 0, fmt.Errorf("kind %q", n.Kind)
		}
		for _, s := range []string{n.Text, n.Href, n.Language} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) {
				return 0, 0, fmt.Errorf("text %q", s)
			}
		}
		if (n.Kind == "a") != (n.Href != "") {
			return 0, 0, fmt.Errorf("%s leads to %q", n.Kind, n.Href)
		}
		if u, err := url.Parse(n.Href); n.Href != "" && (err != nil || !slices.Contains([]string{"https", "http", "mailto", "tel"}, u.Scheme) || !strings.HasPrefix(n.Href, u.Scheme+":")) {
			return 0, 0, fmt.Errorf("a link to %q (%v)", n.Href, err)
		}
		below, deep, err := check(n.Children)
		if err != nil {
			return 0, 0, err
		}
		count, depth = count+1+below, max(depth, deep+1)
	}
	return count, depth, nil
}

func links(nodes []wire.Node) (all []string) {
	for _, n := range nodes {
		if n.Href != "" {
			all = append(all, n.Href)
		}
		all = append(all, links(n.Children)...)
	}
	return all
}

// Nothing that has ever been tried on a page gets further than a text or a link
// to a plain address.
func TestCrossSiteScripting(t *testing.T) {
	corpus, err := os.ReadFile("testdata/xss.txt")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for line := range strings.Lines(string(corpus)) {
		source := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\x01`, "\x01", `\u202e`, "\u202e", `\u00a0`, "\u00a0").Replace(strings.TrimSuffix(line, "\n"))
		if source == "" {
			continue
		}
		tried++
		tree := Parse(source)
		if _, _, err := check(tree); err != nil {
			t.Errorf("%q: %v", source, err)
		}
		for _, link := range links(tree) {
			if !strings.Contains(link, ".example") {
				t.Errorf("%q leads to %q", source, link)
			}
		}
	}
	if tried < 80 {
		t.Errorf("only %d were tried", tried)
	}
}

// A tree that would be too deep or too large is none: the text stays as it is.
func TestBounds(t *testing.T) {
	for source, shown := range map[string]bool{
		strings.Repeat("> ", 14) + "a":  true, // and the paragraph and its text
		strings.Repeat("> ", 15) + "a":  false,
		strings.Repeat("*a* b\n", 390):  true,
		strings.Repeat("*a* b\n", 1000): false,
	} {
		tree := Parse(source)
		count, depth, err := check(tree)
		if (tree != nil) != shown || err != nil || count > maxNodes || depth > maxDepth {
			t.Errorf("%.20q: %d nodes, %d deep, %v", source, count, depth, err)
		}
	}
}

// hostile are texts that are made to take long.
func hostile() []string {
	var all []string
	for _, piece := range []string{"> ", "- ", "*", "_", "*a ", "[", "[a](", "![", "`", "``a`", "<", "<!--", "&", "\\", "a**b", "|", "1. ", "~~", "#", "]("} {
		all = append(all, strings.Repeat(piece, wire.MaxMessageChars/len(piece)))
	}
	return append(all,
		strings.Repeat("- a\n", 500)+strings.Repeat(" ", 50)+"b",
		"|"+strings.Repeat("a|", 900)+"\n|"+strings.Repeat("-|", 900),
		strings.Repeat("[a]: b\n", 500)+strings.Repeat("[a]", 100))
}

func TestHostile(t *testing.T) {
	for _, source := range hostile() {
		began := time.Now()
		_, _, err := check(Parse(source))
		if took := time.Since(began); err != nil || took > 2*time.Second {
			t.Errorf("%.20q took %s, %v", source, took, err)
		}
	}
}

func TestCache(t *testing.T) {
	var c Cache
	first := c.Format("a")
	if again := c.Format("a"); &first[0] != &again[0] {
		t.Error("parsed twice")
	}
	for i := range 2 * cacheSize {
		c.Format(fmt.Sprint(i))
	}
	if n := len(c.young) + len(c.old); n > 2*cacheSize {
		t.Errorf("%d texts are kept", n)
	}
	if again := c.Format("a"); &first[0] == &again[0] {
		t.Error("never forgotten")
	}
}

func FuzzParse(f *testing.F) {
	for _, source := range hostile() {
		f.Add(source[:60]) // short ones are varied faster
	}
	f.Add("# a\n\n- [b](https://c.example) `d`\n\n| a |\n| - |\n| b |\n\n```go\nx\n```\n<script>alert(1)</script>")
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > wire.MaxMessageChars {
			return
		}
		count, depth, err := check(Parse(source))
		if err != nil || count > maxNodes || depth > maxDepth {
			t.Errorf("%q: %d nodes, %d deep, %v", source, count, depth, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	source := strings.Repeat("Set `data-color` on *the tag*, see [the guide](https://a.example/).\n\n- one\n- two\n\n", 6)
	for b.Loop() {
		Parse(source)
	}
}
