package answer

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

const (
	// MaxDocumentBytes is the size of one page.
	MaxDocumentBytes = 1 << 20
	// MaxDocuments is how many pages a knowledge base may have.
	MaxDocuments = 10_000
	// quoteChars is about how long a quoted passage is, in code points.
	quoteChars = 600
)

// Document is one Markdown page. URL is where people can read it; empty where
// they cannot.
type Document struct {
	Name, URL string
	Markdown  []byte
}

//go:embed knowledge/*.md
var builtin embed.FS

// Builtin is what the bot knows of this product.
func Builtin() ([]Document, error) {
	files, err := fs.Sub(builtin, "knowledge")
	if err != nil {
		return nil, err
	}
	return LoadFS(files, "")
}

// Load reads every Markdown file below a folder. Nothing outside of it is
// reached, neither by a link nor by a name.
func Load(dir string) ([]Document, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the knowledge folder %s does not exist; name one with --knowledge", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("the knowledge folder %s cannot be read: %w", dir, err)
	}
	defer root.Close()
	documents, err := LoadFS(root.FS(), "")
	if err == nil && len(documents) == 0 {
		err = fmt.Errorf("the knowledge folder %s holds no Markdown file (.md)", dir)
	}
	return documents, err
}

// LoadFS reads every Markdown file of files. With a prefix, a page's URL is the
// prefix and its name without the ending; a page may name another with a line
// "url: …" in front matter between two lines of three dashes.
func LoadFS(files fs.FS, prefix string) ([]Document, error) {
	var documents []Document
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.EqualFold(path.Ext(name), ".md") {
			return err
		}
		if len(documents) == MaxDocuments {
			return fmt.Errorf("the knowledge base has more than %d pages", MaxDocuments)
		}
		markdown, err := read(files, name)
		if err != nil {
			return err
		}
		d := Document{Name: strings.TrimSuffix(name, path.Ext(name)), Markdown: markdown}
		if prefix != "" {
			d.URL = prefix + d.Name
		}
		d.frontMatter()
		documents = append(documents, d)
		return nil
	})
	return documents, err
}

func read(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("the page %s cannot be read: %w", name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxDocumentBytes+1))
	if err != nil {
		return nil, fmt.Errorf("the page %s cannot be read: %w", name, err)
	}
	if len(b) > MaxDocumentBytes {
		return nil, fmt.Errorf("the page %s is larger than %d bytes; split it", name, MaxDocumentBytes)
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // as editors on Windows begin and end
	return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), nil
}

// frontMatter takes the lines between "---" off the start. Only a link that
// browsers may safely follow is taken.
func (d *Document) frontMatter() {
	rest, ok := bytes.CutPrefix(d.Markdown, []byte("---\n"))
	if !ok {
		return
	}
	head, body, ok := bytes.Cut(rest, []byte("\n---\n"))
	if !ok {
		return
	}
	d.Markdown = body
	for line := range strings.Lines(string(head)) {
		if url, ok := strings.CutPrefix(line, "url:"); ok {
			if url = strings.Trim(strings.TrimSpace(url), `"'`); strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://") {
				d.URL = url
			}
		}
	}
}

// passage is the text under one heading.
type passage struct {
	document string // the page's title
	url      string
	heading  string
	text     string   // plain, without Markdown's signs: what is searched
	blocks   []string // as Markdown: what is quoted
	language string
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// passages cuts a page at its headings.
func (d Document) passages() []passage {
	tree := markdown.Parser().Parse(text.NewReader(d.Markdown))
	all := []passage{}
	current := passage{document: d.Name, url: d.URL}
	var body strings.Builder
	flush := func() {
		if current.text = strings.TrimSpace(body.String()); current.text != "" {
			current.language = languageOf(current.heading + " " + current.text)
			all = append(all, current)
		}
		current.blocks = nil
		body.Reset()
	}
	titled := false
	for node := tree.FirstChild(); node != nil; node = node.NextSibling() {
		heading, ok := node.(*ast.Heading)
		if !ok {
			writeBlock(&body, node, d.Markdown, "")
			if block := quoteBlock(node, d.Markdown); block != "" {
				current.blocks = append(current.blocks, block)
			}
			continue
		}
		flush()
		current.heading = inline(heading, d.Markdown)
		if heading.Level == 1 && !titled {
			titled, current.document = true, current.heading
		} else if id, ok := heading.AttributeString("id"); ok && d.URL != "" {
			current.url = d.URL + "#" + string(id.([]byte))
		}
	}
	flush()
	if titled { // text that came before the title
		for i := range all {
			all[i].document = current.document
		}
	}
	return all
}

// writeBlock writes a block and those in it as plain lines.
func writeBlock(out *strings.Builder, node ast.Node, source []byte, indent string) {
	switch n := node.(type) {
	case *ast.HTMLBlock, *ast.ThematicBreak:
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		lines := n.Lines()
		if isDrawing(lines.Value(source)) {
			return
		}
		for i := range lines.Len() {
			line := lines.At(i)
			out.WriteString(indent + strings.TrimRight(string(line.Value(source)), "\n") + "\n")
		}
		out.WriteString("\n")
	case *ast.List:
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			out.WriteString(indent + "• ")
			for block := item.FirstChild(); block != nil; block = block.NextSibling() {
				writeBlock(out, block, source, "")
			}
		}
		out.WriteString("\n")
	case *ast.TextBlock:
		out.WriteString(indent + inline(n, source) + "\n")
	case *ast.Paragraph:
		out.WriteString(indent + inline(n, source) + "\n\n")
	case *east.TableRow, *east.TableHeader:
		cells := []string{}
		for cell := n.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, inline(cell, source))
		}
		out.WriteString(strings.Join(cells, " — ") + "\n")
	default:
		for child := n.FirstChild(); child != nil; child = child.NextSibling() {
			writeBlock(out, child, source, indent)
		}
	}
}

// isDrawing reports whether a code block is a picture made of lines and boxes,
// which cannot be read in a bubble.
func isDrawing(code []byte) bool {
	return bytes.ContainsFunc(code, func(r rune) bool { return r >= '─' && r <= '╿' })
}

// inline is the text of a node without any mark-up.
func inline(node ast.Node, source []byte) string {
	return inlineWith(node, source, func(ast.Node) (string, bool) { return "", false })
}

// inlineWith is the text of a node, with what mark makes of those of its parts
// that it knows.
func inlineWith(node ast.Node, source []byte, mark func(ast.Node) (string, bool)) string {
	var out strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		switch n := child.(type) {
		case *ast.Text:
			out.Write(n.Value(source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				out.WriteByte(' ')
			}
		case *ast.String:
			out.Write(n.Value)
		case *ast.AutoLink:
			out.Write(n.Label(source))
		case *ast.RawHTML, *ast.Image:
		default:
			text, known := mark(n)
			if !known {
				text = inlineWith(n, source, mark)
			}
			out.WriteString(text)
		}
	}
	return out.String()
}
