package ui

import (
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
)

// typing shows that somebody is writing: dots for those who see, words for
// those who hear, and for those who want no motion.
type typing struct {
	app.Compo

	Visible     bool
	Names, Logo string
	Words       *i18n.Words
}

// Render draws the dots where the next message will stand.
func (t *typing) Render() app.UI {
	place := with(box("div", "typing"), "role", "status")
	if !t.Visible {
		return place
	}
	return place.Body(
		box("div", "row theirs first last fresh",
			face(t.Logo),
			box("div", "bubble",
				with(box("span", "dots", box("i", ""), box("i", ""), box("i", "")), "aria-hidden", "true"),
				say("span", "words", i18n.With(t.Words.Writing, "name", t.Names)),
			),
		),
	)
}

// present says who is here, and whether somebody of them looks on.
func (s *scene) present() (text string, online bool) {
	people, online := s.state.Present(s.now)
	var names []string
	for _, a := range people {
		names = append(names, s.name(a))
	}
	if len(names) == 0 {
		return "", false
	}
	text = s.words.Away
	if online {
		text = s.words.Online
	}
	return i18n.With(text, "name", strings.Join(names, ", ")), online
}

// names are those who are writing, each once.
func (s *scene) names() string {
	var names []string
	for _, a := range s.state.Typing(s.now) {
		names = append(names, s.name(a))
	}
	return strings.Join(names, ", ")
}
