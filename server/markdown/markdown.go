// Package markdown turns the Markdown of a bot or an agent into the small typed
// tree that readers draw: no HTML is ever made of it, so none can reach a page.
//
// Format is safe for concurrent use. What it returns is shared and must not be
// written to.
package markdown

import (
	"bufio"
	"bytes"
	"html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	renderer "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"chatbot/widget/wire"
)

const (
	maxDepth = 16
	maxNodes = 2000
)

var markdown = newParser()

func newParser() parser.Parser { return goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser() }

// Parse makes the tree of source. It is nil where there is nothing to show, and
// where the tree would be deeper or larger than a reader should have to draw:
// the text then stands as it was written.
func Parse(source string) []wire.Node {
	w := walker{source: []byte(source)}
	out := w.children(nil, markdown.Parse(text.NewReader(w.source)), 1)
	if w.over {
		return nil
	}
	return out
}

// walker turns goldmark's tree into ours. It stops where that becomes too large.
type walker struct {
	source []byte
	nodes  int
	over   bool
	linked bool // within a link, where there can be no other
}

// children adds what is below parent to out.
func (w *walker) children(out []wire.Node, parent ast.Node, depth int) []wire.Node {
	w.over = w.over || depth > maxDepth
	for n := parent.FirstChild(); n != nil && !w.over; n = n.NextSibling() {
		out = w.add(out, n, depth)
	}
	return out
}

func (w *walker) add(out []wire.Node, n ast.Node, depth int) []wire.Node {
	switch n := n.(type) {
	case *ast.Text:
		out = w.text(out, w.resolve(n))
		if n.HardLineBreak() || n.SoftLineBreak() { // who breaks a line in a chat means it
			out = w.node(out, wire.Node{Kind: "br"})
		}
		return out
	case *ast.String:
		return w.text(out, string(n.Value))
	case *ast.RawHTML:
		return w.text(out, string(n.Segments.Value(w.source)))
	case *ast.CodeSpan:
		return w.node(out, wire.Node{Kind: "codespan", Text: clean(plain(n, w.source))})
	case *ast.AutoLink:
		return w.autoLink(out, n)
	case *ast.Link:
		return w.link(out, n, address(n.Destination), depth)
	case *ast.Image:
		return w.image(out, n)
	case *east.TaskCheckBox:
		return w.text(out, map[bool]string{true: "☑ ", false: "☐ "}[n.IsChecked])
	case *ast.TextBlock:
		return w.children(out, n, depth)
	}
	return w.block(out, n, depth)
}

// kinds are the nodes that hold others and have nothing else to say.
var kinds = map[ast.NodeKind]string{
	ast.KindParagraph: "p", ast.KindListItem: "li", ast.KindBlockquote: "quote",
	east.KindStrikethrough: "del", east.KindTable: "table", east.KindTableHeader: "tr", east.KindTableRow: "tr",
}

func (w *walker) block(out []wire.Node, n ast.Node, depth int) []wire.Node {
	node := wire.Node{Kind: kinds[n.Kind()]}
	switch n := n.(type) {
	case *ast.ThematicBreak:
		return w.node(out, wire.Node{Kind: "hr"})
	case *ast.FencedCodeBlock:
		return w.node(out, wire.Node{Kind: "code", Text: w.lines(n), Language: clean(string(n.Language(w.source)))})
	case *ast.CodeBlock:
		return w.node(out, wire.Node{Kind: "code", Text: w.lines(n)})
	case *ast.HTMLBlock:
		return w.node(out, wire.Node{Kind: "p", Children: w.text(nil, w.lines(n)+closure(n, w.source))})
	case *ast.Heading:
		node.Kind, node.Number = "h", n.Level
	case *ast.Emphasis:
		node.Kind = map[int]string{1: "em", 2: "strong"}[n.Level]
	case *ast.List:
		node.Kind = "ul"
		if n.IsOrdered() {
			node.Kind = "ol"
			if n.Start != 1 {
				node.Number = n.Start
			}
		}
	case *east.TableCell:
		node.Kind = map[bool]string{true: "th", false: "td"}[n.Parent().Kind() == east.KindTableHeader]
	}
	if node.Kind == "" {
		return w.children(out, n, depth) // nothing of ours: what is in it
	}
	node.Children = w.children(nil, n, depth+1)
	return w.node(out, node)
}

func (w *walker) node(out []wire.Node, n wire.Node) []wire.Node {
	w.nodes++
	w.over = w.over || w.nodes > maxNodes
	return append(out, n)
}

// text adds to the text before it, or begins one.
func (w *walker) text(out []wire.Node, s string) []wire.Node {
	s = clean(s)
	if last := len(out) - 1; last >= 0 && out[last].Kind == "text" {
		out[last].Text += s
		return out
	}
	if s == "" {
		return out
	}
	return w.node(out, wire.Node{Kind: "text", Text: s})
}

func (w *walker) autoLink(out []wire.Node, n *ast.AutoLink) []wire.Node {
	url := string(n.URL(w.source))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(url), "mailto:") {
		url = "mailto:" + url
	}
	return w.anchor(out, safe(url), w.text(nil, string(n.Label(w.source))))
}

func (w *walker) link(out []wire.Node, n ast.Node, url string, depth int) []wire.Node {
	outer := w.linked
	w.linked = true
	inside := w.children(nil, n, depth+1)
	w.linked = outer
	return w.anchor(out, url, inside)
}

// image is a link to it: nothing is loaded that nobody asked for.
func (w *walker) image(out []wire.Node, n *ast.Image) []wire.Node {
	return w.anchor(out, address(n.Destination), w.text(nil, plain(n, w.source)))
}

// anchor is a link, or what stands in it where it may not lead anywhere.
func (w *walker) anchor(out []wire.Node, url string, inside []wire.Node) []wire.Node {
	switch {
	case url != "" && !w.linked:
		if len(inside) == 0 {
			inside = w.text(nil, url)
		}
		return w.node(out, wire.Node{Kind: "a", Href: url, Children: inside})
	case len(inside) == 1 && inside[0].Kind == "text":
		return w.text(out, inside[0].Text)
	}
	return append(out, inside...)
}

// lines are those of a block as they were written.
func (w *walker) lines(n ast.Node) string {
	return clean(strings.TrimSuffix(string(n.Lines().Value(w.source)), "\n"))
}

// closure is the last line of an HTML block, which goldmark keeps apart.
func closure(n *ast.HTMLBlock, source []byte) string {
	if !n.HasClosure() {
		return ""
	}
	return "\n" + strings.TrimSuffix(string(n.ClosureLine.Value(source)), "\n")
}

// resolve is a text with its escapes and character references resolved. Only
// goldmark's writer knows both, and escapes for HTML what it has resolved.
func (w *walker) resolve(n *ast.Text) string {
	value := n.Value(w.source)
	if n.IsRaw() || !bytes.ContainsAny(value, "\\&\x00") {
		return string(value)
	}
	var out bytes.Buffer
	buffered := bufio.NewWriter(&out)
	renderer.DefaultWriter.Write(buffered, value)
	buffered.Flush() // to memory: never fails
	return html.UnescapeString(out.String())
}

// plain is the text below a node without any mark-up.
func plain(n ast.Node, source []byte) string {
	var out strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch c := child.(type) {
		case *ast.Text:
			out.Write(bytes.ReplaceAll(c.Value(source), []byte("\n"), []byte(" ")))
			if c.SoftLineBreak() || c.HardLineBreak() {
				out.WriteByte(' ')
			}
		case *ast.String:
			out.Write(c.Value)
		default:
			out.WriteString(plain(c, source))
		}
	}
	return out.String()
}
