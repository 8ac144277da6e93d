package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/html"
	"github.com/tdewolff/minify/v2/js"

	"chatbot/widget/ui"
)

// source is an input and how it is published.
type source struct {
	from string // its name in assets/src, by which others refer to it
	name string // the name it is asked for under
	// plain and hashed say which names it gets: the one above, to be
	// revalidated at every use, or one with a hash, which may be kept for ever.
	plain, hashed bool
}

// sources are all files of the widget. A file refers to the hashed names of those
// before it; the loader is last, because pages name it by its plain name.
var sources = []source{
	{from: wasmName, name: "chatbot-widget.wasm", plain: true, hashed: true},
	{from: wasmExecName, name: "wasm_exec.js", hashed: true},
	{from: "emoji.js", name: "chatbot-emoji.js", hashed: true},
	{from: "frame.js", name: "chatbot-frame.js", hashed: true},
	{from: "chatbot-frame.html", name: "chatbot-frame.html", plain: true},
	{from: "chatbot-test.css", name: "chatbot-test.css", plain: true},
	{from: "chatbot-test.js", name: "chatbot-test.js", plain: true},
	{from: "chatbot-test.html", name: "chatbot-test.html", plain: true},
	{from: "chatbot-widget.js", name: "chatbot-widget.js", plain: true, hashed: true},
}

var mediaTypes = map[string]string{
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".wasm": "application/wasm",
}

// parts are inputs that become part of a script, which asks for nothing else: the
// stylesheets of the loader, the frame and the emoji, and the list of these.
var parts = []struct{ name, script, mark string }{
	{"chatbot-widget.css", "chatbot-widget.js", `"@css@"`},
	{"frame.css", "frame.js", `"@css@"`},
	{"emoji.css", "emoji.js", `"@css@"`},
	{"emoji.txt", "emoji.js", `"@emoji@"`},
}

// What the build fills in. The frame's script shows progress by the program's
// length, because a compressed transfer does not tell it.
const (
	paintMark = "<!--paint-->"
	sizeMark  = `data-wasm-size="0"`
)

// marks are what the server and the export fill in; they must reach them.
var marks = []string{
	`name="chatbot-ticket" content=""`,
	`name="chatbot-server" content=""`,
	`name="chatbot-config" content=""`,
}

// file is one finished file.
type file struct {
	source
	content []byte
	hash    string // SHA-256 in hex
}

// hashLength is how many hex digits of a hash stand in a name: enough that two
// contents do not meet by chance.
const hashLength = 16

// hashedName is the name that changes with the content.
func (f file) hashedName() string {
	ext := path.Ext(f.name)
	return strings.TrimSuffix(f.name, ext) + "." + f.hash[:hashLength] + ext
}

// mediaType is what the file is served as.
func (f file) mediaType() string { return mediaTypes[path.Ext(f.name)] }

// lay finishes the inputs: filled in, with references to hashed names, minified.
func lay(inputs map[string][]byte) ([]file, error) {
	if err := fillIn(inputs); err != nil {
		return nil, err
	}
	var files []file
	for _, s := range sources {
		content, err := finish(s, inputs[s.from], files)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.from, err)
		}
		sum := sha256.Sum256(content)
		files = append(files, file{source: s, content: content, hash: hex.EncodeToString(sum[:])})
	}
	return files, checkMarks(files)
}

// fillIn puts in place of each mark what belongs there.
func fillIn(inputs map[string][]byte) error {
	picture := ui.Paint() // so that a visitor sees the chat before the program runs
	for _, p := range parts {
		quoted, err := quotePart(p.name, inputs[p.name])
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := fill(inputs, p.script, p.mark, quoted); err != nil {
			return err
		}
	}
	return errors.Join(
		fill(inputs, "chatbot-frame.html", paintMark, picture),
		fill(inputs, "chatbot-frame.html", sizeMark, fmt.Sprintf(`data-wasm-size="%d"`, len(inputs[wasmName]))),
	)
}

// quotePart is a part as a string of JavaScript.
func quotePart(name string, content []byte) (string, error) {
	if path.Ext(name) == ".css" {
		var err error
		if content, err = minifier.Bytes("text/css", content); err != nil {
			return "", err
		}
	}
	quoted, err := json.Marshal(string(content))
	return string(quoted), err
}

// fill puts a value in place of the one mark that an input has.
func fill(inputs map[string][]byte, name, mark, value string) error {
	if n := bytes.Count(inputs[name], []byte(mark)); n != 1 {
		return fmt.Errorf("%s should have one %s, it has %d", name, mark, n)
	}
	inputs[name] = bytes.Replace(inputs[name], []byte(mark), []byte(value), 1)
	return nil
}

// finish minifies a text and points its references at the files done before it.
func finish(s source, content []byte, done []file) ([]byte, error) {
	kind, _, _ := strings.Cut(mediaTypes[path.Ext(s.name)], ";")
	if kind == "application/wasm" {
		return content, nil
	}
	for _, f := range done {
		if f.hashed {
			content = refer(content, f.from, f.hashedName())
		}
	}
	if kind != "text/html" {
		return minifier.Bytes(kind, content)
	}
	content, err := minifier.Bytes(kind, bytes.ReplaceAll(content, emptyContent, keptContent))
	return bytes.ReplaceAll(content, keptContent, emptyContent), err
}

// The HTML minifier would take an empty value away, and with it the place that
// is filled in later.
var emptyContent, keptContent = []byte(`content=""`), []byte(`content="@"`)

// refer replaces a quoted name, also one at the end of a quoted path.
func refer(content []byte, from, to string) []byte {
	quoted := regexp.MustCompile(`(["'/])` + regexp.QuoteMeta(from) + `(["'])`)
	return quoted.ReplaceAll(content, []byte("${1}"+to+"${2}"))
}

// minifier drops what a browser does not need. Quotes stay: the server and the
// export look for them.
var minifier = func() *minify.M {
	m := minify.New()
	m.Add("text/css", &css.Minifier{})
	m.Add("text/javascript", &js.Minifier{Version: 2020})
	m.Add("text/html", &html.Minifier{
		KeepDocumentTags:    true,
		KeepEndTags:         true,
		KeepQuotes:          true,
		KeepDefaultAttrVals: true,
	})
	return m
}()

// checkMarks makes sure that minifying has left the marks in the frame.
func checkMarks(files []file) error {
	for _, f := range files {
		if f.from != "chatbot-frame.html" {
			continue
		}
		for _, mark := range marks {
			if n := bytes.Count(f.content, []byte(mark)); n != 1 {
				return fmt.Errorf("chatbot-frame.html should have one <meta %s>, it has %d", mark, n)
			}
		}
	}
	return nil
}
