package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatbot/widget/wire"
)

// Every helper of the guide makes a hash that the server takes.
func TestIdentityGuide(t *testing.T) {
	const secret, site = "the-identity-secret-of-the-test", "https://shop.example"
	folder := t.TempDir()
	install(t, folder)
	keys := filepath.Join(folder, "data", "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "identity-secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, freeAddr(t), filepath.Dir(keys), "--allowed-origins", site)
	env := append(command(t).Env, "CHATBOT_IDENTITY_SECRET="+secret)
	var first wire.Session
	for _, helper := range []struct{ name, file, install string }{
		{"identity-go", "helper.go", "Go"},
		{"identity-php", "helper.php", "the package php-cli"},
		{"identity-js", "helper.js", "the package nodejs"},
		{"identity-cli", "helper.sh", "bash"},
	} {
		source := filepath.Join(folder, helper.file)
		if err := os.WriteFile(source, []byte(snippet(t, "identity.md", helper.name)), 0o600); err != nil {
			t.Fatal(err)
		}
		program := map[string][]string{
			".go": {"go", "run"}, ".php": {"php"}, ".js": {"node"}, ".sh": {"bash"},
		}[filepath.Ext(source)]
		if _, err := exec.LookPath(program[0]); err != nil {
			t.Errorf("%s cannot be run: install %s (.ci/clients does)", helper.name, helper.install)
			continue
		}
		run := exec.Command(program[0], append(program[1:], source)...)
		run.Dir, run.Env, run.Stderr = folder, env, os.Stderr
		out, err := run.Output()
		if err != nil {
			t.Errorf("%s: %v", helper.name, err)
			continue
		}
		user := wire.User{ID: "42", Name: "Zoë", Hash: strings.TrimSpace(string(out))}
		var session wire.Session
		status, err := signIn(p.url, site, user, &session)
		if err != nil || status != http.StatusCreated && status != http.StatusOK {
			t.Errorf("%s: %d %v for %s", helper.name, status, err, user.Hash)
			continue
		}
		if first.Token == "" {
			first = session
		}
		if session.Conversation.ID != first.Conversation.ID || session.Participant.Name != "Zoë" {
			t.Errorf("%s: %+v, want the conversation of %+v", helper.name, session, first)
		}
	}
}

// signIn begins as a user of the site, as a page of it would.
func signIn(url, site string, user wire.User, session *wire.Session) (int, error) {
	body, err := json.Marshal(wire.CreateRequest{User: &user})
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest("POST", url+wire.PathConversations, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", site)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return answer.StatusCode, json.NewDecoder(answer.Body).Decode(session)
}
