package e2e

import (
	"testing"
)

// frames counts the chat's frames in the page.
const frames = root + `.querySelectorAll('iframe').length`

// The chat is under way before the click: when the pointer comes over the
// button, and with data-load earlier.
func TestLoad(t *testing.T) {
	for load, begin := range map[string]string{
		"intent": root + `.querySelector('.launcher').dispatchEvent(new PointerEvent('pointerenter'))`,
		"idle":   "",
		"eager":  "",
	} {
		t.Run(load, func(t *testing.T) {
			w := newWorld(t)
			w.setPage(w.tag(`data-load="` + load + `"`))
			v := newVisitor(t)
			v.open(w.site.URL)
			v.until(root + `.querySelector('.launcher')`)
			if begin != "" {
				if n := eval[int](v, frames); n != 0 {
					t.Errorf("%d frames before intent", n)
				}
				eval[bool](v, begin)
			}
			v.until(frames + ` === 1`)
			p := &panel{v: v, target: v.frame()}
			p.until(`document.querySelector('#app .head .close')`)
			v.until(`ChatbotWidget.state.realtimeConnected`)
			if eval[bool](v, `ChatbotWidget.state.open`) {
				t.Error("it opened by itself")
			}
			if n := eval[int](v, `localStorage.length`); n != 0 {
				t.Errorf("%d keys on the page before anything was sent", n)
			}
		})
	}
}

// A visitor who saves data pays nothing before the click.
func TestSaveData(t *testing.T) {
	w := newWorld(t)
	w.more["/save.js"] = `Object.defineProperty(navigator, 'connection', { value: { saveData: true, effectiveType: '4g' } })`
	w.setPage(`<script src="/save.js"></script>` + w.tag(`data-load="eager"`))
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(root + `.querySelector('.launcher')`)
	v.until(`document.readyState === 'complete'`)
	eval[bool](v, root+`.querySelector('.launcher').dispatchEvent(new PointerEvent('pointerenter'))`)
	if n := eval[int](v, frames); n != 0 {
		t.Errorf("%d frames before the click", n)
	}
	p := v.openChat()
	p.say("Hello")
	p.untilAnswers(1)
}
