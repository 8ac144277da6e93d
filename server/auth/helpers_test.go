package auth_test

import (
	"errors"
	"testing"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

const (
	secretA = "secret-a-0123456789abcdef"
	secretB = "secret-b-0123456789abcdef"
	secretC = "secret-c-0123456789abcdef"
	site    = "https://shop.example"
)

var (
	now     = time.Unix(1767366245, 0)
	visitor = auth.Visitor{Participant: "p1", Conversation: "c1", Site: site}
)

// environment is a getenv over pairs of name and value.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// keysWith are keys with the given token secret and others of their own.
func keysWith(t *testing.T, tokenSecret string) *auth.Keys {
	t.Helper()
	return must(t)(auth.LoadKeys(t.TempDir(), environment("CHATBOT_SECRET", tokenSecret)))
}

func must(t *testing.T) func(*auth.Keys, error) *auth.Keys {
	return func(k *auth.Keys, err error) *auth.Keys {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
}

// code is the code of a refusal, and empty for no error.
func code(t *testing.T, err error) wire.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var refusal *wire.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("%v is not a *wire.Error", err)
	}
	return refusal.Code
}
