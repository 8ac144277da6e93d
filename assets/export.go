package assets

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
)

// serverMark is where an exported frame document says which server it is for.
const serverMark = `name="chatbot-server" content=""`

// exported are the files that a static host serves, under names that stay the
// same from one version to the next.
var exported = []string{
	"chatbot-widget.js",
	"chatbot-widget.wasm",
	"chatbot-emoji.js",
	"chatbot-frame.html",
	"chatbot-frame.js",
	"wasm_exec.js",
}

// Export gives the files that a static host serves in place of this server, by
// name: the loader, the program, and the frame document with what it refers
// to. The loader looks for the frame beside itself; the frame speaks to the
// server, an http or https address.
func Export(server string) (map[string][]byte, error) {
	u, err := url.Parse(server)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not a server's address; give one like https://chat.example", server)
	}
	if !Built() {
		return nil, errors.New("this binary was built without the widget; run `make build`")
	}
	files := map[string][]byte{}
	for _, source := range exported {
		content, err := bySource(source)
		if err != nil {
			return nil, err
		}
		files[source] = plainNames(content)
	}
	frame := files["chatbot-frame.html"]
	if bytes.Count(frame, []byte(serverMark)) != 1 {
		return nil, fmt.Errorf("the frame document should have one <meta %s>", serverMark)
	}
	address := html.EscapeString(strings.TrimRight(server, "/"))
	files["chatbot-frame.html"] = bytes.Replace(frame, []byte(serverMark), []byte(`name="chatbot-server" content="`+address+`"`), 1)
	return files, nil
}

// bySource reads a file by its name without a hash.
func bySource(source string) ([]byte, error) {
	for name, file := range Manifest() {
		if file.Source == source {
			return Read(name)
		}
	}
	return nil, fmt.Errorf("the built widget has no %s", source)
}

// plainNames takes the hashes out of the names that a text refers to.
func plainNames(content []byte) []byte {
	if bytes.HasPrefix(content, []byte("\x00asm")) {
		return content
	}
	for name, file := range Manifest() {
		if file.Immutable {
			content = bytes.ReplaceAll(content, []byte(name), []byte(file.Source))
		}
	}
	return content
}
