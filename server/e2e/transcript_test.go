package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// downloads makes a folder for what the visitor's browser saves.
func (v *visitor) downloads() string {
	v.t.Helper()
	folder := v.t.TempDir()
	if _, err := chromedp.CallBrowser(v.page, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(v.page).BrowserContextID, DownloadPath: folder,
	}); err != nil {
		v.fail(err)
	}
	return folder
}

// saved waits for the one file in a folder, takes it away and gives its text. An
// empty one keeps the place of what is still on its way.
func (v *visitor) saved(folder string) (name, text string) {
	v.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
		if err != nil {
			v.fail(err)
		}
		if len(files) == 1 {
			content, err := os.ReadFile(files[0])
			if err != nil {
				v.fail(err)
			}
			if len(content) > 0 {
				if err := os.Remove(files[0]); err != nil {
					v.fail(err)
				}
				return filepath.Base(files[0]), string(content)
			}
		}
		<-tick.C
	}
	v.fail("nothing was saved")
	return "", ""
}

const saveButton = `document.querySelector('.head .save')`

// click clicks an element of the frame as a mouse does: only so is it the
// visitor's own doing to the browser.
func (p *panel) click(element string) {
	p.v.t.Helper()
	p.until(element)
	box := evalIn[[]float64](p.v, p.target, `(r => [r.x + r.width / 2, r.y + r.height / 2])(`+element+`.getBoundingClientRect())`)
	p.v.clickIn(p, box[0], box[1])
}

// A visitor keeps the whole talk as a file, with what came before the page that
// is shown, in the language of the page and the times of their zone.
func TestTranscript(t *testing.T) {
	for _, way := range []string{"reverb", "polling"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.gate.block(way == "polling")
			w.setDocument(`<!doctype html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A site</title><link rel="icon" href="data:,"></head><body>` + w.tag("") + `</body></html>`)
			v := newVisitor(t)
			v.open(w.site.URL)
			p := v.openChat()
			if evalIn[bool](v, p.target, saveButton+` !== null`) {
				t.Error("there is nothing to keep yet")
			}
			p.say("Hello")
			p.untilAnswers(1)
			v.live(way)
			conversation, _ := p.token()
			for i := range 60 {
				w.asAgent(conversation, fmt.Sprintf("Line %d\u202e of many", i))
			}
			p.untilSaid("Line 59")
			p.act("Line 59", "👍")
			p.until(message("Line 59") + `.querySelector('.reactions')`)
			p.act("Line 59", "Antworten")
			p.say("Danke")
			p.until(message("Danke") + `.querySelector('.receipt')`)

			// After a reload the first messages are not there until they are asked for.
			v.open(w.site.URL)
			p = v.openChat()
			p.untilSaid("Danke")
			if _, err := chromedp.Call(p.target, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"}); err != nil {
				t.Fatal(err)
			}
			folder := v.downloads()
			p.until(saveButton + `.getAttribute('aria-label') === 'Unterhaltung speichern'`)
			v.shot("light-save-" + way)
			p.click(saveButton)
			name, text := v.saved(folder)
			if !strings.HasPrefix(name, "chat-20") {
				t.Errorf("the file is called %s", name)
			}
			for _, want := range []string{
				"Chat-Unterhaltung\nGespeichert am ", "(Asia/Tokyo)", "  Sie\n    Hello\n", "  Zoë\n    Line 0 of many\n", "    Line 59 of many\n    👍 Sie\n", "  Sie\n    Antwort an Zoë: „Line 59 of many“\n    Danke\n",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
			if strings.Contains(text, "\u202e") {
				t.Error("a mark of direction is left in it")
			}
			if way == "reverb" {
				if problems := v.console.errors(); len(problems) > 0 {
					t.Errorf("errors on the console: %q", problems)
				}
			}
		})
	}
}

// A tab that follows, opened before there was a conversation, saves it too.
func TestTranscriptInAnotherTab(t *testing.T) {
	w := newWorld(t)
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	other := v.another()
	other.open(w.site.URL)
	q := other.openChat()
	p.say("Hello")
	q.untilAnswers(1)
	folder := v.downloads()
	q.click(saveButton)
	if _, text := other.saved(folder); !strings.Contains(text, "  You\n    Hello\n") {
		t.Errorf("saved\n%s", text)
	}
}

// What cannot be saved is told in plain words, with the wait where there is one.
func TestTranscriptRefused(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	conversation, token := p.token()
	for range 6 {
		if status := evalIn[int](v, p.target, `(x => (x.open('GET', '/api/chatbot/conversations/`+conversation+`/transcript', false), x.setRequestHeader('Authorization', 'Bearer `+token+`'), x.send(), x.status))(new XMLHttpRequest())`); status != 200 {
			t.Fatalf("status %d", status)
		}
	}
	p.click(saveButton)
	p.until(`/That was a lot at once. Please try again in \d+ seconds/.test(document.querySelector('.notice').textContent)`)
	v.shot("light-save-refused")
	p.until(`document.querySelector('.notice').textContent === ''`)
	w.gate.closeAPI(true)
	p.click(saveButton)
	p.until(`document.querySelector('.notice').textContent.includes('cannot be reached')`)
}
