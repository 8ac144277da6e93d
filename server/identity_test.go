package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

// The hash of the command is good for the site as browsers name it, however it was
// written.
func TestIdentityForTheSiteAsBrowsersNameIt(t *testing.T) {
	t.Setenv("CHATBOT_IDENTITY_SECRET", "the-identity-secret-of-the-test")
	keys, err := auth.LoadKeys(t.TempDir(), func(name string) string {
		return map[string]string{"CHATBOT_IDENTITY_SECRET": "the-identity-secret-of-the-test"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range []string{"https://shop.example", "https://Shop.Example:443/"} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"identity", "--user-id", "42", "--site", site}, &stdout, &stderr); code != 0 {
			t.Fatalf("%s: exit code %d, %s", site, code, &stderr)
		}
		user := wire.User{ID: "42", Hash: strings.TrimSpace(stdout.String())}
		if err := auth.NewIdentities(keys).Verify("https://shop.example", user, time.Now()); err != nil {
			t.Errorf("%s: %v", site, err)
		}
	}
}
