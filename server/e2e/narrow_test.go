package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// What opens a message's menu can be reached at any width, in both directions.
func TestMoreIsInView(t *testing.T) {
	for name, page := range map[string]string{"ltr": `<html lang="en">`, "rtl": `<html lang="ar" dir="rtl">`} {
		for width, size := range map[int64]string{320: "narrow", 360: "phone"} {
			t.Run(name+"-"+size, func(t *testing.T) {
				w := newWorld(t)
				w.setDocument(`<!doctype html>` + page + `<head><meta name="viewport" content="width=device-width"><title>A site</title><link rel="icon" href="data:,"></head><body>` + w.tag("") + `</body></html>`)
				v := newVisitor(t)
				v.do(chromedp.EmulateViewport(width, 568))
				v.open(w.site.URL)
				p := v.openChat()
				p.say(strings.Repeat("As long as a line can be. ", 8))
				p.untilAnswers(1)
				conversation, _ := p.token()
				w.asAgent(conversation, strings.Repeat("An answer that needs all the room. ", 8))
				p.untilSaid("An answer that needs all the room.")
				p.until(`document.querySelectorAll('.more').length === 3`)
				outside := evalIn[string](v, p.target, `(log => {
					const left = log.getBoundingClientRect().left + log.clientLeft;
					const places = [...log.querySelectorAll('.more')].map(e => e.getBoundingClientRect());
					return JSON.stringify(places.filter(r => r.left < left || r.right > left + log.clientWidth));
				})(document.querySelector('#log'))`)
				if outside != "[]" {
					t.Errorf("out of view: %s", outside)
				}
				evalIn[bool](v, p.target, `(document.querySelectorAll('.more').forEach(e => { e.style.opacity = 1 }), true)`)
				v.shot(size + "-more-" + name)
			})
		}
	}
}
