// Package ui draws the chat: go-app components, one a file, that render a
// session.State and turn what the visitor does into session events. What is
// said, grouped, linked and coloured is worked out by plain functions beside
// them.
//
// The components belong to go-app's UI goroutine. Root.Show and Root.Configure
// may be called from any goroutine; everything else is for the UI goroutine.
// The composer is not drawn here: it is static HTML beside go-app's root, so
// that text and focus survive the program's start.
package ui

import (
	"chatbot/widget/i18n"
	"chatbot/widget/session"
)

// Chat takes what the visitor does. It is called on the UI goroutine and must
// not block. It has to be comparable: a pointer.
type Chat interface{ Do(session.Event) }

// View is the scrolling of the log, as the browser does it.
type View interface {
	// AtEnd reports whether the end of the log is in view, or nearly.
	AtEnd() bool
	ToEnd()
	// To scrolls so far up that a message stands at the top of the view.
	To(seq int64)
	// Compose gives the composer the focus, and another text unless that is to
	// stay.
	Compose(text string, stay bool)
	// Blank reports whether the composer is empty.
	Blank() bool
	// Keep remembers what stands at the top of the view before a change, and gives
	// a function that puts it there again afterwards.
	Keep() func()
}

// Site is how the site's owner wants the chat: what the loader passes to the
// frame, as far as it is drawn here.
type Site struct {
	Title       string   `json:"title"`
	Subtitle    string   `json:"subtitle"`
	Logo        string   `json:"logo"` // URL
	Greeting    string   `json:"greeting"`
	Suggestions []string `json:"suggestions"`
	Color       string   `json:"color"` // #rgb or #rrggbb
	Lang        string   `json:"lang"`  // language tag
	Page        string   `json:"page"`  // URL of the page, without a fragment
}

// MaxSuggestions is how many suggestions are shown.
const MaxSuggestions = 3

// complete fills in what the owner left open.
func (s Site) complete(w *i18n.Words) Site {
	if s.Title == "" {
		s.Title = w.Frame.Title
	}
	if s.Greeting == "" {
		s.Greeting = w.Frame.Greeting
	}
	s.Suggestions = s.Suggestions[:min(len(s.Suggestions), MaxSuggestions)]
	return s
}
