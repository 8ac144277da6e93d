package e2e

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport says for each package which others of this module it may depend on,
// by prefix. What is not listed may be imported by nobody.
var mayImport = map[string][]string{
	"widget/wire":             {},
	"widget/i18n":             {"widget/wire"},
	"widget/session":          {"widget/wire"},
	"widget/realtime":         {"widget/wire"},
	"widget/api":              {"widget/wire"},
	"widget/client":           {"widget/wire", "widget/session", "widget/realtime", "widget/api"},
	"widget/ui":               {"widget/wire", "widget/session", "widget/i18n"},
	"widget/browser":          {"widget/wire", "widget/session", "widget/api"},
	"widget":                  {"widget/"},
	"server/chat":             {"widget/wire"},
	"server/config":           {"widget/wire"},
	"server/auth":             {"widget/wire"},
	"server/answer":           {"widget/wire", "server/chat"},
	"server/markdown":         {"widget/wire"},
	"server/transcript":       {"widget/wire"},
	"server/store":            {"widget/wire", "server/chat"},
	"server/publish":          {"widget/wire", "server/chat", "server/pusher/signature"},
	"server/pusher/signature": {},
	"server/pusher":           {"server/pusher/"},
	"server/httpapi":          {"widget/wire", "server/chat", "server/auth", "server/pusher/signature", "server/transcript"},
	"server/cli":              {"widget/wire"},
	"server/app":              {"widget/wire", "server/", "assets", "assets/"},
	"server/chaos":            {"widget/wire", "widget/session", "widget/realtime", "widget/api", "widget/client", "server/auth"},
	"server":                  {"widget/", "server/", "assets", "assets/"},
	"assets":                  {"assets/build/manifest"},
	"assets/build/manifest":   {},
	"assets/build":            {"assets/build/", "widget/ui", "widget/wire", "widget/session", "widget/i18n"},
}

// Who may import whom: the house stays one that can be lived in.
func TestImports(t *testing.T) {
	for from, allowed := range mayImport {
		for _, env := range []string{"GOOS=linux GOARCH=amd64", "GOOS=js GOARCH=wasm"} {
			if !strings.HasPrefix(from, "widget") && strings.Contains(env, "wasm") {
				continue
			}
			for _, dep := range dependencies(t, "chatbot/"+from, env) {
				name, ours := strings.CutPrefix(dep, "chatbot/")
				if !ours || name == from {
					continue
				}
				if !slices.ContainsFunc(allowed, func(a string) bool { return name == a || strings.HasSuffix(a, "/") && strings.HasPrefix(name, a) }) {
					t.Errorf("%s depends on %s", from, name)
				}
			}
		}
	}
}

func dependencies(t *testing.T, of, env string) []string {
	return list(t, env, "-deps", of)
}

func list(t *testing.T, env string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), strings.Fields(env)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}
