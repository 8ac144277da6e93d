package auth

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatbot/widget/wire"
)

// Each thing that a token is checked for is looked at alone: these tokens carry
// a good signature of the server's own key, and one thing is wrong.
func TestWhatIsSignedMustAlsoFit(t *testing.T) {
	now := time.Unix(1767366245, 0)
	tokens := NewTokens(&Keys{tokens: []string{"a-secret-of-some-length"}})
	for _, c := range []struct {
		name   string
		method jwt.SigningMethod
		change func(jwt.MapClaims)
		want   wire.Code
	}{
		{"nothing", jwt.SigningMethodHS256, func(jwt.MapClaims) {}, ""},
		{"HS384", jwt.SigningMethodHS384, func(jwt.MapClaims) {}, wire.CodeUnauthorized},
		{"HS512", jwt.SigningMethodHS512, func(jwt.MapClaims) {}, wire.CodeUnauthorized},
		{"foreign audience", jwt.SigningMethodHS256, func(m jwt.MapClaims) { m["aud"] = siteAudience }, wire.CodeUnauthorized},
		{"no audience", jwt.SigningMethodHS256, func(m jwt.MapClaims) { delete(m, "aud") }, wire.CodeUnauthorized},
		{"foreign issuer", jwt.SigningMethodHS256, func(m jwt.MapClaims) { m["iss"] = "evil" }, wire.CodeUnauthorized},
		{"no issuer", jwt.SigningMethodHS256, func(m jwt.MapClaims) { delete(m, "iss") }, wire.CodeUnauthorized},
		{"no end", jwt.SigningMethodHS256, func(m jwt.MapClaims) { delete(m, "exp") }, wire.CodeUnauthorized},
		{"over", jwt.SigningMethodHS256, func(m jwt.MapClaims) { m["exp"] = now.Add(-time.Hour).Unix() }, wire.CodeTokenExpired},
		{"another scope", jwt.SigningMethodHS256, func(m jwt.MapClaims) { m["scope"] = "agent" }, wire.CodeUnauthorized},
		{"no scope", jwt.SigningMethodHS256, func(m jwt.MapClaims) { delete(m, "scope") }, wire.CodeUnauthorized},
		{"no participant", jwt.SigningMethodHS256, func(m jwt.MapClaims) { delete(m, "sub") }, wire.CodeUnauthorized},
		{"no conversation", jwt.SigningMethodHS256, func(m jwt.MapClaims) { m["conv"] = "" }, wire.CodeUnauthorized},
		{"a conversation that is no id", jwt.SigningMethodHS256, func(m jwt.MapClaims) { m["conv"] = "a/b" }, wire.CodeUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := jwt.MapClaims{"iss": issuer, "aud": visitorAudience, "sub": "p1", "conv": "c1", "scope": visitorScope, "exp": now.Add(time.Hour).Unix()}
			c.change(m)
			token := jwt.NewWithClaims(c.method, m)
			token.Header["kid"] = tokens.current
			signed, err := token.SignedString(tokens.keys[tokens.current])
			if err != nil {
				t.Fatal(err)
			}
			_, err = tokens.Verify(signed, now)
			var refusal *wire.Error
			if errors.As(err, &refusal) != (c.want != "") || refusal != nil && refusal.Code != c.want {
				t.Errorf("Verify: %v, want %q", err, c.want)
			}
		})
	}
}

func TestEachAudienceHasItsOwnKey(t *testing.T) {
	k := &Keys{tokens: []string{"a-secret-of-some-length"}}
	token, ticket := NewTokens(k), NewTickets(k)
	a, b := token.keys[token.current], ticket.keys[ticket.current]
	if bytes.Equal(a, b) || token.current == ticket.current {
		t.Error("tokens and tickets are signed with one key")
	}
	if bytes.Contains(a, []byte("a-secret")) || len(a) != 32 || len(b) != 32 {
		t.Errorf("keys of %d and %d bytes", len(a), len(b))
	}
}
