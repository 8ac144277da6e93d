package tinygo

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// unhurried are packages in which nothing ever waits: no channel, no lock that
// is held over a wait, no call of what may wait.
var unhurried = []string{
	"encoding/json", "reflect", "internal/reflectlite", "fmt", "strconv", "internal/strconv", "strings", "bytes",
	"slices", "errors", "net/url", "math", "unicode", "unicode/utf8", "encoding/base64", "chatbot/widget/session", "chatbot/widget/wire",
}

// patient are further functions of that kind, as patterns: reading and writing
// times; drawing, because what a component waits for on the engine's goroutine
// would never come; and calls by interfaces that describe, encode or draw.
var patient = []string{
	"(*time.Time)*", "(*time.Location)*", "(*time.Duration)*", "time.*arse*", "time.*ppend*", "time.*td*",
	"(*go-app/v10/pkg/app.nodeManager).Mount", "(*go-app/v10/pkg/app.nodeManager).Update", "(*go-app/v10/pkg/app.nodeManager).UpdateComponentRoot",
	"(*go-app/v10/pkg/app.nodeManager).renderComponent", "(*go-app/v10/pkg/app.nodeManager).mountHTMLAttributes", "(*go-app/v10/pkg/app.nodeManager).Dismount",
	"interface:*JSValue*", "interface:*.Error$invoke", "interface:*.String$invoke", "interface:*.Marshal*$invoke", "interface:*.Unmarshal*$invoke",
}

// optScript is what TinyGo calls in place of wasm-opt. That makes functions that
// can be left in the middle, for goroutines, of all that might wait; it takes
// calls of JavaScript and of function values for such. The former never leave
// one: a callback runs to its end on a stack of its own. Nor do the unhurried
// packages and the patient functions.
func optScript(home string) ([]byte, error) {
	opt, err := findOpt(home)
	functions := slices.Clone(patient)
	for _, name := range unhurried {
		functions = append(functions, name+".*", "(*"+name+".*)*")
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' --pass-arg=asyncify-ignore-imports '--pass-arg=asyncify-removelist@%s' \"$@\"\n", opt, strings.Join(functions, ","))
	return []byte(script), err
}

// findOpt finds wasm-opt: that on the path, or the one that TinyGo brings along.
func findOpt(home string) (string, error) {
	opt, err := exec.LookPath("wasm-opt")
	if err == nil {
		return opt, nil
	}
	bundled := filepath.Join(home, rootName, "bin", "wasm-opt")
	if _, missing := os.Stat(bundled); missing != nil {
		return "", fmt.Errorf("wasm-opt, of the package binaryen: %w", err)
	}
	return bundled, nil
}
