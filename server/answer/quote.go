package answer

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// quoteBlock is a block of a page as Markdown of our own: on lines of their own,
// without HTML, pictures, drawings, and links that lead nowhere from a chat. It
// is empty for what is left out.
func quoteBlock(node ast.Node, source []byte) string {
	switch n := node.(type) {
	case *ast.HTMLBlock, *ast.ThematicBreak:
		return ""
	case *ast.FencedCodeBlock:
		return quoteCode(string(n.Language(source)), string(n.Lines().Value(source)))
	case *ast.CodeBlock:
		return quoteCode("", string(n.Lines().Value(source)))
	case *ast.Heading:
		return "**" + quoteInline(n, source) + "**"
	case *ast.Paragraph, *ast.TextBlock:
		return quoteInline(n, source)
	case *ast.List:
		return quoteList(n, source)
	case *ast.Blockquote:
		return indent(quoteBlocks(n, source, "\n\n"), "> ", "> ")
	case *east.Table:
		return quoteTable(n, source)
	}
	return quoteBlocks(node, source, "\n\n")
}

func quoteBlocks(parent ast.Node, source []byte, between string) string {
	var blocks []string
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if block := quoteBlock(n, source); block != "" {
			blocks = append(blocks, block)
		}
	}
	return strings.Join(blocks, between)
}

func quoteCode(language, code string) string {
	if isDrawing([]byte(code)) {
		return ""
	}
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(code, "\n") + "\n" + fence
}

func quoteList(list *ast.List, source []byte) string {
	between := "\n\n"
	if list.IsTight {
		between = "\n"
	}
	var items []string
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "- "
		if list.IsOrdered() {
			mark = fmt.Sprintf("%d. ", list.Start+len(items))
		}
		items = append(items, indent(quoteBlocks(item, source, between), mark, strings.Repeat(" ", len(mark))))
	}
	return strings.Join(items, between)
}

// indent puts first before the first line and rest before the others.
func indent(text, first, rest string) string {
	return first + strings.ReplaceAll(text, "\n", "\n"+rest)
}

func quoteTable(table *east.Table, source []byte) string {
	var rows []string
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		line := "|"
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			line += " " + quoteInline(cell, source) + " |"
		}
		rows = append(rows, line)
		if len(rows) == 1 {
			rows = append(rows, "|"+strings.Repeat(" --- |", row.ChildCount()))
		}
	}
	return strings.Join(rows, "\n")
}

// quoteInline is what stands in a block. Texts keep the escapes that they were
// written with.
func quoteInline(node ast.Node, source []byte) string {
	return inlineWith(node, source, func(n ast.Node) (string, bool) {
		switch n := n.(type) {
		case *ast.CodeSpan:
			return quoteSpan(inline(n, source)), true
		case *ast.Emphasis:
			mark := strings.Repeat("*", n.Level)
			return mark + quoteInline(n, source) + mark, true
		case *east.Strikethrough:
			return "~~" + quoteInline(n, source) + "~~", true
		case *ast.Link:
			return quoteLink(quoteInline(n, source), string(n.Destination)), true
		}
		return "", false
	})
}

func quoteSpan(code string) string {
	if strings.Contains(code, "`") {
		return "`` " + code + " ``"
	}
	return "`" + code + "`"
}

// quoteLink is the text alone where the address is one within the page.
func quoteLink(text, destination string) string {
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if strings.HasPrefix(destination, scheme) {
			return "[" + text + "](<" + destination + ">)"
		}
	}
	return text
}

// quote is the passage cut to a readable length: after a block, a line or a
// sentence.
func (p passage) quote() string {
	if len(p.blocks) == 0 {
		return p.text
	}
	whole := strings.Join(p.blocks, "\n\n")
	if len([]rune(whole)) <= quoteChars {
		return whole
	}
	quoted := p.blocks[0]
	for _, block := range p.blocks[1:] {
		if len([]rune(quoted+"\n\n"+block)) > quoteChars {
			break
		}
		quoted += "\n\n" + block
	}
	if len([]rune(quoted)) <= quoteChars {
		return quoted + "\n\n…"
	}
	return cutBlock(quoted)
}

// cutBlock cuts one block that is too long.
func cutBlock(block string) string {
	cut := string([]rune(block)[:quoteChars])
	if fence, _, ok := strings.Cut(block, "\n"); ok && strings.HasPrefix(fence, "```") {
		return cut[:strings.LastIndex(cut, "\n")+1] + "…\n" + fence[:len(fence)-len(strings.TrimLeft(fence, "`"))]
	}
	if i := strings.LastIndex(cut, "\n"); i > len(cut)/2 {
		return cut[:i] + "\n\n…"
	}
	for _, end := range []string{". ", "。", " "} {
		for rest := cut; ; {
			i := strings.LastIndex(rest, end)
			if i <= len(cut)/2 {
				break
			}
			if rest = rest[:i]; closed(rest) {
				return rest + strings.TrimSpace(end) + " …"
			}
		}
	}
	return cut + " …"
}

// closed reports whether no mark-up is left open at the end of text.
func closed(text string) bool {
	return strings.Count(text, "`")%2 == 0 && strings.Count(text, "*")%2 == 0 && strings.Count(text, "~~")%2 == 0 &&
		strings.Count(text, "[") == strings.Count(text, "]") && strings.Count(text, "(") == strings.Count(text, ")")
}
