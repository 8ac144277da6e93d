package app_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"chatbot/assets"
	"chatbot/server/config"
	"chatbot/server/pusher/pushertest"
	"chatbot/widget/wire"
)

// clients is where the official clients are installed.
const clients = "../pusher/testdata/clients"

// snippets are the pieces of code of the guide for Laravel by name; all of it
// has one.
func snippets(t *testing.T, language string) map[string]string {
	t.Helper()
	guide, err := fs.ReadFile(assets.Docs(), "laravel.md")
	if err != nil {
		t.Fatal(err)
	}
	found, fences := map[string]string{}, 0
	for _, m := range regexp.MustCompile("(?s)<!-- snippet: ([a-z-]+) -->\n```([a-z]+)\n(.*?)```\n").FindAllStringSubmatch(string(guide), -1) {
		fences += 2
		if m[2] == language {
			found[m[1]] = m[3]
		}
	}
	if n := strings.Count(string(guide), "```"); n != fences || len(found) == 0 {
		t.Fatalf("%d of %d pieces of code have a name; %d are in %s", fences/2, n/2, len(found), language)
	}
	return found
}

// fill puts the snippets where the script in file has their names, each once.
func fill(t *testing.T, file, language string) string {
	t.Helper()
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := snippets(t, language)
	filled := regexp.MustCompile(`(?m)^ *// snippet: ([a-z-]+)$`).ReplaceAllStringFunc(string(script), func(line string) string {
		_, name, _ := strings.Cut(line, "snippet: ")
		text, ok := all[name]
		if !ok {
			t.Fatalf("%s: the guide has no snippet %s, or it is there already", file, name)
		}
		delete(all, name)
		return text
	})
	if len(all) > 0 {
		t.Fatalf("%s leaves out snippets: %v", file, all)
	}
	return filled
}

// guided is a server with the .env of the guide, but for the port.
func guided(t *testing.T) (s *server, env string) {
	t.Helper()
	env = strings.ReplaceAll(snippets(t, "dotenv")["env"], "8080", strconv.Itoa(freePort(t)))
	return start(t, env), env
}

// The .env of the guide does what the guide says.
func TestLaravelGuide(t *testing.T) {
	s, env := guided(t)
	port := regexp.MustCompile(`REVERB_SERVER_PORT=(\d+)`).FindStringSubmatch(env)[1]
	for _, url := range []string{"http://localhost:" + port + "/up", s.URL() + "/up"} {
		if got := do(t, "GET", url, ""); !strings.HasPrefix(got, "200") {
			t.Errorf("%s: %s", url, got)
		}
	}
	if c := s.answer(t); c.Reverb.Key != "f4l2tmwqf6eg0f6jz0mw" || c.Pusher.Enabled {
		t.Errorf("config %+v", c)
	}
	ask[wire.ConversationList](t, "GET", s.URL()+wire.PathConversations, guideKey, nil)
	ask[wire.Config](t, "GET", s.URL()+wire.PathConfig, "", nil, "Origin: http://localhost:5173")
}

// guideKey is the server key in the guide.
const guideKey = "change-me-to-something-else"

// Every snippet of the guide does what the guide says: those for browsers with
// the real laravel-echo and pusher-js, those in PHP with stand-ins for Laravel.
func TestLaravelSnippets(t *testing.T) {
	pushertest.Installed(t, clients)
	pushertest.Needs(t, "php")
	s, env := guided(t)
	php := filepath.Join(t.TempDir(), "guide.php")
	if err := os.WriteFile(php, []byte(fill(t, "testdata/guide.php", "php")), 0o600); err != nil {
		t.Fatal(err)
	}
	// From standard input, for then packages are looked for in the folder.
	page := pushertest.Command(t, clients, "node", "--input-type=module", "-", s.URL(), guideKey, php)
	page.Stdin = strings.NewReader(fill(t, filepath.Join(clients, "guide.js"), "js"))
	page.Env = append(os.Environ(), variables(t, env)...)
	out, err := page.Output()
	t.Logf("%s", out)
	if err != nil || !strings.HasSuffix(string(out), "\ndone\n") {
		t.Error(err)
	}
}

// variables are the values of an env file as PHP is given them.
func variables(t *testing.T, text string) (set []string) {
	t.Helper()
	env, err := config.ParseEnv(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^([A-Z_]+)=`).FindAllStringSubmatch(text, -1) {
		set = append(set, m[1]+"="+env.Get(m[1]))
	}
	return set
}
