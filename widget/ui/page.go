package ui

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// page is some messages that follow each other. One whose list is the same is not
// drawn again, and costs nothing.
type page struct {
	app.Compo

	Lines  []*line
	Common *common
}

// Render draws the rows.
func (p *page) Render() app.UI {
	rows := make([]app.UI, len(p.Lines))
	for i, l := range p.Lines {
		rows[i] = &row{Line: l, Common: p.Common}
	}
	return box("div", "page", rows...)
}

// shelf is the places of some pages that follow each other, of which those that
// are not drawn are empty. In a long talk these are hundreds: a shelf in which
// nothing has changed is not drawn again, and so they cost nothing.
type shelf struct {
	app.Compo

	Pages  [][]*line // nil for an empty place; nil where all are
	Common *common
}

// Render draws the pages.
func (s *shelf) Render() app.UI {
	places := make([]app.UI, len(s.Pages))
	for i, lines := range s.Pages {
		places[i] = box("div", "")
		if lines != nil {
			places[i] = &page{Lines: lines, Common: s.Common}
		}
	}
	return box("div", "shelf", places...)
}
