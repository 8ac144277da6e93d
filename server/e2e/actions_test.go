package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatbot/widget/wire"
)

// message is the row of the message with a text.
func message(text string) string {
	return fmt.Sprintf(`[...%s.querySelectorAll('.row')].find(r => r.querySelector('.text') && r.querySelector('.text').textContent.includes(%s))`, logBox, quote(text))
}

// act opens a message's menu by its button and presses what has a name.
func (p *panel) act(text, name string) {
	p.v.t.Helper()
	row := message(text)
	p.until(row + ` && ` + row + `.querySelector('.more')`)
	evalIn[bool](p.v, p.target, `(`+row+`.querySelector('.more').click(), true)`)
	button := fmt.Sprintf(`[...%s.querySelectorAll('.menu button')].find(b => b.textContent === %s)`, row, quote(name))
	p.until(button)
	p.v.shot("light-menu")
	evalIn[bool](p.v, p.target, `(`+button+`.click(), true)`)
	p.until(`!` + row + ` || !` + row + `.querySelector('.menu')`)
}

// Two people react, answer, correct and delete, and see each other's doings, by
// socket and by polling.
func TestActions(t *testing.T) {
	for _, way := range []string{"reverb", "polling"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.gate.block(way == "polling")
			ann, a := w.chatting()
			ann.live(way)
			ben, b := a.join("Ben")
			ben.live(way)

			b.act("Hello", "👍")
			count := message("Hello") + `.querySelector('.reactions .emoji').textContent`
			a.until(count + ` === '👍 1' && ` + message("Hello") + `.querySelector('.reactions .emoji').title === 'Ben'`)
			evalIn[bool](ann, a.target, `(`+message("Hello")+`.querySelector('.reactions .emoji').click(), true)`)
			b.until(count + ` === '👍 2'`)
			a.until(count + ` === '👍 2'`)
			evalIn[bool](ann, a.target, `(`+message("Hello")+`.querySelector('.reactions .emoji').click(), true)`)
			b.until(count + ` === '👍 1'`)

			b.act("Hello", "Reply")
			b.until(`document.querySelector('.mode').textContent.includes('Hello')`)
			ben.shot("light-replying")
			b.say("An answer to that")
			a.until(message("An answer to that") + ` && ` + message("An answer to that") + `.querySelector('.quote').textContent.includes('Hello')`)

			b.act("An answer to that", "Edit")
			b.until(`document.querySelector('textarea').value === 'An answer to that'`)
			evalIn[bool](ben, b.target, `(document.querySelector('textarea').select(), true)`)
			b.say("A better answer")
			a.until(message("A better answer") + ` && ` + message("A better answer") + `.querySelector('.edited')`)
			ann.shot("light-edited-" + way)

			b.act("A better answer", "Delete")
			a.until(message("This message was deleted"))
			b.until(message("This message was deleted"))
			if evalIn[bool](ann, a.target, message("Hi there!")+`.querySelector('.menu') !== null`) {
				t.Error("a menu is open")
			}
			for _, v := range []*visitor{ann, ben} {
				if problems := v.console.errors(); way == "reverb" && len(problems) > 0 {
					t.Errorf("errors on the console: %q", problems)
				}
			}
		})
	}
}

// asSite calls the server as the site's own backend does, with the server key.
func (w *world) asSite(method, path string, body, answer any) {
	w.t.Helper()
	key, err := os.ReadFile(filepath.Join(w.config.DataDir, "keys", "server-key"))
	if err != nil {
		w.t.Fatal(err)
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequest(method, w.url(path), bytes.NewReader(encoded))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", method, path, res.Status, content)
	}
	if err == nil && answer != nil {
		err = json.Unmarshal(content, answer)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// asAgent says something as a person of the site.
func (w *world) asAgent(conversation, body string) {
	w.t.Helper()
	w.asSite("POST", strings.Replace(wire.PathMessages, "{id}", conversation, 1), wire.SendRequest{
		ClientID: fmt.Sprintf("agent-%d", time.Now().UnixNano()), Body: body, Author: &wire.Author{Role: wire.RoleAgent, Name: "Zoë"},
	}, nil)
}

// Markdown of people who answer is shown as what it means.
func TestFormatting(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	conversation, _ := p.token()
	w.asAgent(conversation, "# Steps\n\nFirst **do this**, then *that*:\n\n1. One\n2. Two with `code`\n\n> Quoted\n\n```js\nalert(\"<b>\")\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\nSee [the page](https://example.com/x).")
	rich := logBox + `.querySelector('[data-role=agent] .rich')`
	p.until(rich)
	for what, js := range map[string]string{
		"heading": `.querySelector('.heading').textContent === 'Steps'`,
		"strong":  `.querySelector('strong').textContent === 'do this'`,
		"em":      `.querySelector('em').textContent === 'that'`,
		"list":    `.querySelectorAll('ol > li').length === 2`,
		"span":    `.querySelector('li code').textContent === 'code'`,
		"quote":   `.querySelector('blockquote').textContent.trim() === 'Quoted'`,
		"code":    `.querySelector('pre').textContent === 'alert("<b>")'`,
		"copy":    `.querySelector('.code button').textContent === 'Copy'`,
		"table":   `.querySelectorAll('td').length === 2`,
		"link":    `.querySelector('a').href === 'https://example.com/x'`,
	} {
		if !evalIn[bool](v, p.target, rich+js) {
			t.Errorf("%s: %s", what, evalIn[string](v, p.target, rich+`.outerHTML`))
		}
	}
	v.shot("light-formatted")
}

// hostile is text that would run a script if anybody made HTML of it.
var hostile = []string{
	`<script>document.title='hacked'</script>`, `<img src=x onerror="document.title='hacked'">`, `<svg/onload=document.title='hacked'>`,
	`[x](javascript:document.title='hacked')`, `[x](JaVaScRiPt:document.title='hacked')`, `[x](data:text/html,<script>document.title='hacked'</script>)`,
	`![x](https://example.com/beacon.png)`, `<iframe srcdoc="<script>parent.document.title='hacked'</script>">`, "```\n</code></pre><script>document.title='hacked'</script>\n```",
	`<a href="javascript:document.title='hacked'">x</a>`, `[x]: javascript:document.title='hacked'` + "\n\n[x]", `<style>*{display:none}</style>`, `<base href="https://evil.example/">`,
	"\u202egnp.exe", `<details open ontoggle=document.title='hacked'>`, `<math><mtext></p><script>document.title='hacked'</script>`, `vbscript:x <vbscript:x>`, `[x](\x01javascript:alert(1))`,
}

// Nothing that anybody writes runs, or loads anything from elsewhere.
func TestHostileText(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	conversation, _ := p.token()
	for _, text := range hostile {
		w.asAgent(conversation, text)
	}
	w.asAgent(conversation, "The end")
	p.untilSaid("The end")
	got := evalIn[string](v, p.target, `JSON.stringify([document.title, document.querySelectorAll('#log script, #log img, #log iframe, #log style, #log base, #log details, #log svg:not(.icon), #log math').length,
		[...document.querySelectorAll('#log a')].filter(a => !/^(https?|mailto|tel):$/.test(a.protocol)).length,
		performance.getEntriesByType('resource').filter(e => e.name.includes('example')).length])`)
	if got != `["Chat",0,0,0]` {
		t.Errorf("title, elements, links and requests: %s", got)
	}
	if eval[string](v, `document.title`) != "A site" {
		t.Error("the page's title was changed")
	}
}
