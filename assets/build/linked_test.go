package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"chatbot/assets/build/standins"
)

// notInTheBrowser are packages that the widget must not link, with those below
// them: every visitor pays for them.
var notInTheBrowser = map[string]string{
	"bufio":                     "what comes over the network comes whole",
	"compress":                  "the browser unpacks what it loads",
	"crypto/ecdh":               "curves and their tables; the browser does TLS",
	"crypto/internal":           "the FIPS 140 module tests itself when it starts",
	"crypto/tls":                "the browser does it",
	"crypto/x509":               "the browser checks certificates",
	"database/sql":              "storage is the browser's",
	"encoding/gob":              "JSON is what the contract speaks",
	"encoding/xml":              "JSON is what the contract speaks",
	"expvar":                    "the server counts, not the widget",
	"flag":                      "a page has no command line; it brings fmt and reflect's methods",
	"github.com/golang-jwt/jwt": "tokens are opaque to the widget",
	"github.com/yuin/goldmark":  "198 KB in brotli; Markdown is turned on the server",
	"golang.org/x/net":          "HTTP/2 and its tables; the browser speaks it",
	"golang.org/x/text":         "Unicode tables of megabytes",
	"html/template":             "reflection keeps every method alive, and HTML is never made of text",
	"internal/fmtsort":          "fmt alone needs it, which has a stand-in",
	"log":                       "the console is told through the page",
	"math/big":                  "150 KB as it is; nothing in a chat has so many digits",
	"mime":                      "its tables; the browser tells media types",
	"net/textproto":             "headers come from the browser",
	"os/exec":                   "there is nothing to execute",
	"os/signal":                 "nobody sends any",
	"regexp/syntax":             "260 KB as it is, with the tables of Unicode's scripts",
	"runtime/debug":             "a stack is no use to a visitor",
	"runtime/pprof":             "a visitor's browser is no place to measure in",
	"testing":                   "tests do not ship",
	"text/template":             "reflection keeps every method alive",
	"vendor/golang.org":         "what net/http brings along",
}

// allowed is below one of them: uuid needs its few types.
const allowed = "database/sql/driver"

// The widget's own packages may use these stand-ins: they are the real thing but
// for what is rare.
var fitForUse = []string{"fmt"}

// What is linked, with the stand-ins in their places, by either compiler.
func TestNotInTheBrowser(t *testing.T) {
	overlay, err := writeOverlay(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for compiler, tags := range map[string]string{standard: "", tinyGoName: "tinygo,tinygo.wasm"} {
		linked := list(t, "-deps", "-overlay", overlay, "-tags", tags, "chatbot/widget")
		if !slices.Contains(linked, "chatbot/widget/ui") {
			t.Fatalf("by %s the widget is made of %q", compiler, linked)
		}
		for _, dep := range linked {
			for denied, why := range notInTheBrowser {
				if dep != allowed && (dep == denied || strings.HasPrefix(dep, denied+"/")) {
					t.Errorf("by %s the widget links %s: %s", compiler, dep, why)
				}
			}
		}
	}
}

// Stand-ins are there for the libraries. What the widget itself uses must be
// whole.
func TestOwnPackagesUseNoStandIn(t *testing.T) {
	own := list(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "chatbot/widget/...")
	for _, f := range standins.Files() {
		if !f.Part && slices.Contains(own, f.Package) && !slices.Contains(fitForUse, f.Package) {
			t.Errorf("the widget imports %s, of which it gets the stand-in", f.Package)
		}
	}
}

func list(t *testing.T, args ...string) []string {
	t.Helper()
	command := exec.Command("go", append([]string{"list"}, args...)...)
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}
