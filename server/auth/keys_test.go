package auth_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatbot/server/auth"
)

var secretFiles = []string{"token-secret", "identity-secret", "server-key", "reverb-app-id", "reverb-app-key", "reverb-app-secret"}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "keys", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	dir := t.TempDir()
	first := must(t)(auth.LoadKeys(dir, environment()))
	if !first.GeneratedReverb {
		t.Error("the application's secret does not count as generated")
	}
	info, err := os.Stat(filepath.Join(dir, "keys"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	seen := map[string]bool{}
	for _, name := range secretFiles {
		info, err := os.Stat(filepath.Join(dir, "keys", name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		value := read(t, dir, name)
		if seen[value] {
			t.Errorf("%s holds the value of another secret", name)
		}
		seen[value] = true
	}
	for _, name := range []string{"token-secret", "server-key", "reverb-app-secret"} {
		if n := len(read(t, dir, name)); n != 43 { // 32 bytes in base64
			t.Errorf("%s has %d characters", name, n)
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, "keys"))
	if err != nil || len(left) != len(secretFiles) {
		t.Errorf("the folder holds %v, %v", left, err)
	}

	second := must(t)(auth.LoadKeys(dir, environment()))
	if second.ReverbAppID != first.ReverbAppID || second.ReverbAppKey != first.ReverbAppKey || second.ReverbAppSecret != first.ReverbAppSecret {
		t.Error("another start found another application")
	}
	if !second.GeneratedReverb {
		t.Error("a secret made before does not count as generated")
	}
	if v, err := auth.NewTokens(second).Verify(issue(t, auth.NewTokens(first)), now); err != nil || v != visitor {
		t.Errorf("a token from before the restart: %v, %v", v, err)
	}
	if key := read(t, dir, "server-key"); !second.ServerKey.Matches(key) {
		t.Error("the server key in the file does not match")
	}
}

func TestTwoServersHaveDifferentKeys(t *testing.T) {
	a, b := must(t)(auth.LoadKeys(t.TempDir(), environment())), must(t)(auth.LoadKeys(t.TempDir(), environment()))
	if a.ReverbAppSecret == b.ReverbAppSecret || a.ReverbAppKey == b.ReverbAppKey {
		t.Error("two servers share an application")
	}
	if _, err := auth.NewTokens(b).Verify(issue(t, auth.NewTokens(a)), now); err == nil {
		t.Error("two servers share the token secret")
	}
}

func TestKeysFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	k := must(t)(auth.LoadKeys(dir, environment(
		"CHATBOT_SECRET", secretA, "CHATBOT_SERVER_KEY", " "+secretB+"\n", "CHATBOT_IDENTITY_SECRET", secretC,
		"REVERB_APP_ID", "1", "REVERB_APP_KEY", "app-key", "REVERB_APP_SECRET", "s",
	)))
	if k.GeneratedReverb {
		t.Error("a secret that was given counts as generated")
	}
	if k.ReverbAppID != "1" || k.ReverbAppKey != "app-key" || k.ReverbAppSecret != "s" {
		t.Errorf("application %q %q %q", k.ReverbAppID, k.ReverbAppKey, k.ReverbAppSecret)
	}
	if !k.ServerKey.Matches(secretB) {
		t.Error("the server key given does not match")
	}
	if left, err := os.ReadDir(filepath.Join(dir, "keys")); err != nil || len(left) != 0 {
		t.Errorf("secrets from the environment were written to disk: %v, %v", left, err)
	}
}

func TestUnusableSecretsInTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"short", []string{"CHATBOT_SECRET", "short"}, "CHATBOT_SECRET is too short: it needs at least 16"},
		{"short part", []string{"CHATBOT_SECRET", secretA + ",short"}, "CHATBOT_SECRET is too short"},
		{"commas", []string{"CHATBOT_SECRET", strings.Repeat(",", 20)}, "CHATBOT_SECRET holds more than two"},
		{"one comma", []string{"CHATBOT_SECRET", secretA + ","}, "CHATBOT_SECRET is too short"},
		{"three", []string{"CHATBOT_SECRET", secretA + "," + secretB + "," + secretC}, "CHATBOT_SECRET holds more than two"},
		{"space inside", []string{"CHATBOT_SERVER_KEY", "a key of many words"}, "CHATBOT_SERVER_KEY must be"},
		{"control character", []string{"CHATBOT_SERVER_KEY", secretA + "\x00x"}, "CHATBOT_SERVER_KEY must be"},
		{"too long", []string{"CHATBOT_SERVER_KEY", strings.Repeat("k", 513)}, "CHATBOT_SERVER_KEY must be 1 to 512"},
		{"key with a slash", []string{"REVERB_APP_KEY", "a/b"}, "REVERB_APP_KEY must be 1 to 64 characters of"},
		{"id with a space", []string{"REVERB_APP_ID", "a b"}, "REVERB_APP_ID must be"},
		{"secret with a line", []string{"REVERB_APP_SECRET", "a\nb"}, "REVERB_APP_SECRET must be"},
		{"one for two", []string{"CHATBOT_SECRET", secretA, "CHATBOT_SERVER_KEY", secretA}, "CHATBOT_SECRET and CHATBOT_SERVER_KEY hold the same"},
		{"retired for two", []string{"CHATBOT_SECRET", secretA + "," + secretB, "CHATBOT_SERVER_KEY", secretB}, "CHATBOT_SECRET and CHATBOT_SERVER_KEY hold the same"},
		{"public secret", []string{"REVERB_APP_KEY", secretA, "REVERB_APP_SECRET", secretA}, "REVERB_APP_KEY and REVERB_APP_SECRET hold the same"},
		{"key without a secret", []string{"REVERB_APP_ID", "1", "REVERB_APP_KEY", "k"}, "REVERB_APP_ID and REVERB_APP_KEY without REVERB_APP_SECRET: set all three or none"},
		{"secret without a key", []string{"PUSHER_APP_SECRET", "s"}, "PUSHER_APP_SECRET without PUSHER_APP_ID and PUSHER_APP_KEY"},
		{"Pusher's key with a slash", []string{"PUSHER_APP_KEY", "a/b"}, "PUSHER_APP_KEY must be 1 to 64 characters of"},
		{"Pusher's public secret", []string{"PUSHER_APP_ID", "1", "PUSHER_APP_KEY", "k", "PUSHER_APP_SECRET", "k"}, "PUSHER_APP_KEY and PUSHER_APP_SECRET hold the same"},
		{"Pusher's secret for tokens", []string{"CHATBOT_SECRET", secretA, "PUSHER_APP_ID", "1", "PUSHER_APP_KEY", "k", "PUSHER_APP_SECRET", secretA}, "CHATBOT_SECRET and PUSHER_APP_SECRET hold the same"},
		{"app secret for tokens", []string{"CHATBOT_SECRET", secretA, "REVERB_APP_SECRET", secretA}, "CHATBOT_SECRET and REVERB_APP_SECRET hold the same"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := auth.LoadKeys(t.TempDir(), environment(c.env...))
			refused(t, err, c.want)
			if k != nil {
				t.Error("there are keys in spite of the error")
			}
		})
	}
}

func TestUnusableSecretFiles(t *testing.T) {
	for _, c := range []struct {
		name   string
		file   string
		spoil  func(path string) error
		wanted string
	}{
		{"readable by the group", "token-secret", func(p string) error { return os.Chmod(p, 0o640) }, "chmod 600"},
		{"readable by all", "server-key", func(p string) error { return os.Chmod(p, 0o604) }, "chmod 600"},
		{"empty", "token-secret", write(""), "too short"},
		{"blank", "reverb-app-secret", write(" \n"), "printable"},
		{"cut off", "server-key", write("abc\n"), "too short"},
		{"binary", "token-secret", write("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11"), "printable"},
		{"two lines", "server-key", write(secretA + "\n" + secretB), "printable"},
		{"huge", "token-secret", write(strings.Repeat("x", 5000)), "no file of a secret"},
		{"a name with a slash", "reverb-app-key", write("a/b"), "A-Z a-z 0-9"},
		{"a folder", "token-secret", func(p string) error { os.Remove(p); return os.Mkdir(p, 0o700) }, "no file of a secret"},
		{"another's secret", "server-key", func(p string) error {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(p), "token-secret"))
			if err != nil {
				return err
			}
			return os.WriteFile(p, b, 0o600)
		}, "hold the same value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t)(auth.LoadKeys(dir, environment()))
			path := filepath.Join(dir, "keys", c.file)
			if err := c.spoil(path); err != nil {
				t.Fatal(err)
			}
			k, err := auth.LoadKeys(dir, environment())
			refused(t, err, c.wanted)
			if k != nil {
				t.Error("there are keys in spite of the error")
			}
		})
	}
}

func write(content string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(content), 0o600) }
}

// refused wants an error of one line that says so much and tells no secret.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want %q", want)
	}
	text := err.Error()
	if !strings.Contains(text, want) || strings.Contains(text, "\n") {
		t.Errorf("the error is %q, want %q in one line", text, want)
	}
	for _, secret := range []string{secretA, secretB, secretC} {
		if strings.Contains(text, secret) {
			t.Errorf("the error %q tells a secret", text)
		}
	}
}

func TestFolderForSecrets(t *testing.T) {
	dir := t.TempDir()
	must(t)(auth.LoadKeys(dir, environment()))
	if err := os.Chmod(filepath.Join(dir, "keys"), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := auth.LoadKeys(dir, environment())
	refused(t, err, "chmod 700")

	file := filepath.Join(dir, "file")
	if err := write("")(file); err != nil {
		t.Fatal(err)
	}
	_, err = auth.LoadKeys(file, environment())
	refused(t, err, "--data-dir")
}

func TestReadServerKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := auth.ReadServerKey(dir, environment()); err == nil || !strings.Contains(err.Error(), "CHATBOT_SERVER_KEY") {
		t.Errorf("without a key: %v", err)
	}
	k := must(t)(auth.LoadKeys(dir, environment()))
	key, err := auth.ReadServerKey(dir, environment())
	if err != nil || !k.ServerKey.Matches(key) {
		t.Errorf("the file's key does not match: %v", err)
	}
	key, err = auth.ReadServerKey(dir, environment("CHATBOT_SERVER_KEY", secretC))
	if err != nil || key != secretC {
		t.Errorf("the environment does not come first: %v", err)
	}
	if err := os.Chmod(filepath.Join(dir, "keys", "server-key"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = auth.ReadServerKey(dir, environment())
	refused(t, err, "chmod 600")
}

func TestServerKey(t *testing.T) {
	k := must(t)(auth.LoadKeys(t.TempDir(), environment("CHATBOT_SERVER_KEY", secretA, "CHATBOT_SECRET", secretB)))
	token := issue(t, auth.NewTokens(k))
	for name, c := range map[string]struct {
		given string
		want  bool
	}{
		"the key": {secretA, true}, "nothing": {"", false}, "a beginning": {secretA[:20], false}, "more": {secretA + "x", false},
		"the token secret": {secretB, false}, "the app secret": {k.ReverbAppSecret, false}, "a visitor's token": {token, false},
	} {
		if got := k.ServerKey.Matches(c.given); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (auth.ServerKey{}).Matches("") {
		t.Error("a server without a key lets everybody in")
	}
}

func TestPusher(t *testing.T) {
	k := must(t)(auth.LoadKeys(t.TempDir(), environment()))
	if k.PusherAppID != "" || k.PusherAppKey != "" || k.PusherAppSecret != "" {
		t.Error("credentials for Pusher were made up")
	}
	one := []string{"REVERB_APP_ID", "1", "REVERB_APP_KEY", "k", "REVERB_APP_SECRET", "s"}
	both := append(one, "PUSHER_APP_ID", "1", "PUSHER_APP_KEY", "k", "PUSHER_APP_SECRET", "s")
	k = must(t)(auth.LoadKeys(t.TempDir(), environment(both...)))
	if k.PusherAppID != "1" || k.PusherAppKey != "k" || k.PusherAppSecret != "s" {
		t.Errorf("%q %q %q", k.PusherAppID, k.PusherAppKey, k.PusherAppSecret)
	}
}
