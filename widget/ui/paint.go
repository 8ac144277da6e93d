//go:build !js

package ui

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// Paint is the chat before anything has happened, as HTML: what a visitor sees
// until the program runs. It goes into the element that go-app replaces, and
// holds the frame's words in every language for the boot script.
func Paint() string {
	r := New(Options{Now: func() wire.Time { return 0 }}, session.State{Link: session.Link{State: session.LinkLive}})
	var b strings.Builder
	for _, part := range r.parts() {
		b.WriteString(app.HTMLString(part))
	}
	words, err := json.Marshal(i18n.Frames())
	if err != nil {
		panic(err) // strings can be encoded
	}
	fmt.Fprintf(&b, `<div id="words" hidden data-words="%s"></div>`, html.EscapeString(string(words)))
	return quoteTrue(b.String())
}

// quoteTrue writes out attributes that are "true": go-app shortens them to
// their name, which for these means false.
func quoteTrue(markup string) string {
	for _, end := range []string{" ", ">"} {
		markup = strings.ReplaceAll(markup, " aria-hidden"+end, ` aria-hidden="true"`+end)
	}
	return markup
}
