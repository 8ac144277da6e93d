package ui

import (
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/wire"
)

// maxContentDepth is how deep formatted text is drawn; the server gives no
// deeper one.
const maxContentDepth = 20

// plainKinds are the kinds that are elements of their own, without anything but
// what is in them.
var plainKinds = map[string]string{
	"p": "p", "quote": "blockquote", "ul": "ul", "ol": "ol", "li": "li", "tr": "tr", "th": "th", "td": "td",
	"em": "em", "strong": "strong", "del": "del",
}

// content draws formatted text as elements. Nothing in it is ever HTML.
func (r *row) content(nodes []wire.Node, depth int) []app.UI {
	if depth > maxContentDepth {
		return nil
	}
	drawn := make([]app.UI, 0, len(nodes))
	for i := range nodes {
		drawn = append(drawn, r.node(&nodes[i], depth))
	}
	return drawn
}

func (r *row) node(n *wire.Node, depth int) app.UI {
	inside := r.content(n.Children, depth+1)
	switch n.Kind {
	case "text":
		return app.Text(readable(n.Text))
	case "codespan":
		return say("code", "", readable(n.Text))
	case "code":
		return r.code(n)
	case "br", "hr":
		return box(n.Kind, "")
	case "h": // below the chat's own headings
		return box("p", "heading", inside...)
	case "a":
		if url := webLink(n.Href); url != "" {
			return outside(url).Body(inside...)
		}
	case "table":
		return with(box("div", "table", box("table", "", inside...)), "tabindex", "0")
	}
	if tag, ok := plainKinds[n.Kind]; ok {
		return box(tag, "", inside...)
	}
	return box("span", "", append(inside, app.Text(readable(n.Text)))...)
}

// code is a block of it, with a button that copies it. The button is the boot
// script's, which looks at what stands before it.
func (r *row) code(n *wire.Node) app.UI {
	text := strings.TrimRight(n.Text, "\n")
	return box("div", "code",
		with(box("pre", "", say("code", "", text)), "tabindex", "0", "dir", "ltr"),
		button("plain", "copy").DataSet("done", r.Common.Words.Copied).Text(r.Common.Words.Copy),
	)
}

// webLink is an address that a link may lead to, or empty.
func webLink(address string) string {
	lower := strings.ToLower(address)
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
		if strings.HasPrefix(lower, scheme) {
			return address
		}
	}
	return ""
}
