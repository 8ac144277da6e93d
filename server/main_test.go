package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// Each of these ends at once with one line that says what to do.
func TestBadCommandLines(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		args []string
		says string
		code int
	}{
		{[]string{"--nonsense"}, "--help", 2},
		{[]string{"--addr", "8000"}, "HOST:PORT", 2},
		{[]string{"--allowed-origins", "shop.example"}, "https://shop.example", 2},
		{[]string{"--tls-cert", "a.pem"}, "--tls-key", 2},
		{[]string{"--poll-wait", "1m"}, "25s", 2},
		{[]string{"--log-level", "loud"}, "debug", 2},
		{[]string{"reply", "only-an-id"}, "text", 2},
		{[]string{"conversations", "--data-dir", empty}, "CHATBOT_SERVER_KEY", 1},
		{[]string{"reply", "--data-dir", empty, "id", "text"}, "--data-dir", 1},
		{[]string{"export", filepath.Join(empty, "out")}, "--server", 2},
		{[]string{"export", empty, "--server", "chat.example"}, "https://chat.example", 2},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), c.args, &stdout, &stderr)
		line := stderr.String()
		if code != c.code || !strings.Contains(line, c.says) || strings.Count(line, "\n") != 1 || stdout.Len() > 0 {
			t.Errorf("%q: exit code %d, want %d; said %q, want one line with %q; printed %q", c.args, code, c.code, line, c.says, stdout.String())
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "conversations") {
		t.Errorf("--help: %d %q %q", code, stdout.String(), stderr.String())
	}
	stdout.Reset()
	if code := run(t.Context(), []string{"version"}, &stdout, &stderr); code != 0 || !strings.HasPrefix(stdout.String(), "chatbot ") {
		t.Errorf("version: %d %q", code, stdout.String())
	}
}
