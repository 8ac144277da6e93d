package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
)

// lines is what a browser's console shows. It may be read while it grows.
type lines struct {
	mu       sync.Mutex
	all      []string
	problems []string
}

func (l *lines) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		words := []string{}
		for _, arg := range e.Args {
			var text string
			if json.Unmarshal([]byte(arg.Value), &text) != nil {
				text = string(arg.Value) // no string: shown as it is
			}
			words = append(words, text)
		}
		l.add(string(e.Type), strings.Join(words, " "))
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		l.add("error", text)
	case *log.EventEntryAdded:
		l.add(string(e.Entry.Level), e.Entry.Text+" "+e.Entry.URL)
	}
}

func (l *lines) add(level, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, level+": "+text)
	if level == "error" {
		l.problems = append(l.problems, text)
	}
}

// has reports whether a line holds text.
func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.all, func(line string) bool { return strings.Contains(line, text) })
}

// errors are the lines that a site owner would be told of as errors.
func (l *lines) errors() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.problems)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}
