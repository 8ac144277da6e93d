package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// Whoever goes from the chat to the page and back is there all the time. Whoever
// leaves the window with the focus in the chat reads nothing any more, and is away,
// though the page hears of nothing.
func TestAttention(t *testing.T) {
	w := newWorld(t)
	ann, a := w.chatting()
	ben, b := a.join("Ben")
	ben.live("reverb")
	const presence = `document.querySelector('.subtitle').textContent`
	a.until(presence + ` === 'Ben · online'`)
	evalIn[bool](ann, a.target, `(window.seen = [], new MutationObserver(() => seen.push(`+presence+`)).observe(document.querySelector('.subtitle'), { childList: true, characterData: true, subtree: true }), true)`)
	middle := eval[[]float64](ben, `(r => [r.x + r.width / 2, r.y + r.height / 2])(`+root+`.querySelector('iframe').getBoundingClientRect())`)
	toChat, toPage := chromedp.MouseClickXY(middle[0], middle[1]), chromedp.MouseClickXY(20, 400)
	for step := range 4 {
		inChat := step%2 > 0
		if inChat {
			ben.do(toChat)
		} else {
			ben.do(toPage)
		}
		b.until(fmt.Sprintf(`document.hasFocus() === %t`, inChat))
		text := fmt.Sprintf("Question %d", step)
		a.say(text)
		b.untilSaid(text)
		ben.until(`ChatbotWidget.state.unread === 0`)
		a.until(message(text) + `.querySelector('.receipt').textContent === 'Read by Ben'`)
	}
	if seen := evalIn[string](ann, a.target, `seen.join()`); seen != "" {
		t.Errorf("meanwhile Ann saw %q", seen)
	}
	evalIn[bool](ben, b.target, `(window.dispatchEvent(new Event('blur')), true)`) // as when another window is chosen
	a.until(presence + ` === 'Ben · away'`)
	a.say("And now?")
	ben.until(`ChatbotWidget.state.unread > 0`)
	evalIn[bool](ben, b.target, `(window.dispatchEvent(new Event('focus')), true)`)
	ben.until(`ChatbotWidget.state.unread === 0`)
	a.until(presence + ` === 'Ben · online'`)
}
