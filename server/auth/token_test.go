package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

func issue(t *testing.T, tokens *auth.Tokens) string {
	t.Helper()
	token, _, err := tokens.Issue(visitor, now)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func ticketFor(t *testing.T, tickets *auth.Tickets) string {
	t.Helper()
	ticket, err := tickets.Issue(site, now)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

// part decodes the header (0) or the claims (1) of a token.
func part(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// swap replaces the header (0) or the claims (1) and keeps the signature.
func swap(t *testing.T, token string, i int, change map[string]any) string {
	t.Helper()
	fields := part(t, token, i)
	maps.Copy(fields, change)
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	parts[i] = base64.RawURLEncoding.EncodeToString(b)
	return strings.Join(parts, ".")
}

func TestTokenNamesItsVisitor(t *testing.T) {
	tokens := auth.NewTokens(keysWith(t, secretA))
	token := issue(t, tokens)
	got, err := tokens.Verify(token, now)
	if err != nil || got != visitor {
		t.Fatalf("Verify = %+v, %v", got, err)
	}
	claims := part(t, token, 1)
	for name, want := range map[string]any{
		"sub": "p1", "conv": "c1", "site": site, "scope": "visitor", "iss": "chatbot",
		"exp": float64(now.Add(auth.TokenLifetime).Unix()),
	} {
		if claims[name] != want {
			t.Errorf("claim %s is %v, want %v", name, claims[name], want)
		}
	}
	if audience := claims["aud"].([]any); len(audience) != 1 || audience[0] != "chatbot-visitor" {
		t.Errorf("audience is %v", audience)
	}
	if header := part(t, token, 0); header["alg"] != "HS256" || header["kid"] == "" {
		t.Errorf("header is %v", header)
	}
	if strings.Contains(token, secretA) || !strings.Contains(token, ".") {
		t.Errorf("token is %s", token)
	}
}

func TestTokenExpires(t *testing.T) {
	tokens := auth.NewTokens(keysWith(t, secretA))
	token := issue(t, tokens)
	end := now.Add(auth.TokenLifetime)
	for _, c := range []struct {
		at   time.Time
		want wire.Code
	}{
		{now, ""},
		{end.Add(-time.Second), ""},
		{end.Add(29 * time.Second), ""}, // clocks differ
		{end.Add(31 * time.Second), wire.CodeTokenExpired},
		{end.Add(time.Hour), wire.CodeTokenExpired},
	} {
		if _, err := tokens.Verify(token, c.at); code(t, err) != c.want {
			t.Errorf("%s after its end: %v, want %q", c.at.Sub(end), err, c.want)
		}
	}
	if _, err := auth.NewTokens(keysWith(t, secretB)).Verify(token, end.Add(time.Hour)); code(t, err) != wire.CodeUnauthorized {
		t.Errorf("an expired token of another server: %v", err)
	}
}

func TestTokenRefusals(t *testing.T) {
	keys := keysWith(t, secretA)
	tokens := auth.NewTokens(keys)
	token := issue(t, tokens)
	if _, err := tokens.Verify(token, now); err != nil { // what is remembered of it helps no other
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"iss": "chatbot", "aud": "chatbot-visitor", "sub": "p1", "conv": "c1", "scope": "visitor", "exp": now.Add(time.Hour).Unix(),
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	for name, forged := range map[string]string{
		"empty":               "",
		"no token":            "hello",
		"two parts":           parts[0] + "." + parts[1],
		"four parts":          token + ".x",
		"no signature":        parts[0] + "." + parts[1] + ".",
		"other signature":     parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"padding":             token + "=",
		"of another server":   issue(t, auth.NewTokens(keysWith(t, secretB))),
		"alg none":            unsigned,
		"alg none, kid known": swap(t, unsigned, 0, map[string]any{"kid": part(t, token, 0)["kid"]}),
		"alg none, signed":    swap(t, token, 0, map[string]any{"alg": "none"}),
		"alg HS512":           swap(t, token, 0, map[string]any{"alg": "HS512"}),
		"alg RS256":           swap(t, token, 0, map[string]any{"alg": "RS256"}),
		"kid unknown":         swap(t, token, 0, map[string]any{"kid": "00000000"}),
		"kid no string":       swap(t, token, 0, map[string]any{"kid": 7}),
		"sub":                 swap(t, token, 1, map[string]any{"sub": "p2"}),
		"conv":                swap(t, token, 1, map[string]any{"conv": "c2"}),
		"site":                swap(t, token, 1, map[string]any{"site": "https://evil.example"}),
		"scope":               swap(t, token, 1, map[string]any{"scope": "agent"}),
		"exp":                 swap(t, token, 1, map[string]any{"exp": now.Add(1000 * time.Hour).Unix()}),
		"aud":                 swap(t, token, 1, map[string]any{"aud": "chatbot-site"}),
		"a ticket":            ticketFor(t, auth.NewTickets(keys)),
		"the token secret":    secretA,
	} {
		t.Run(name, func(t *testing.T) {
			if v, err := tokens.Verify(forged, now); code(t, err) != wire.CodeUnauthorized || v != (auth.Visitor{}) {
				t.Errorf("Verify = %+v, %v", v, err)
			}
		})
	}
}

// A token has one spelling: the bits that base64 leaves over must be zero.
func TestTokenHasOneSpelling(t *testing.T) {
	tokens := auth.NewTokens(keysWith(t, secretA))
	token := issue(t, tokens)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	twin := token[:len(token)-1] + string(alphabet[last+1])
	if _, err := tokens.Verify(twin, now); code(t, err) != wire.CodeUnauthorized {
		t.Errorf("another spelling of the signature: %v", err)
	}
}

func TestSecretsAreRotated(t *testing.T) {
	before, during, after := keysWith(t, secretA), keysWith(t, secretB+" , "+secretA), keysWith(t, secretB)
	old := issue(t, auth.NewTokens(before))
	if v, err := auth.NewTokens(during).Verify(old, now); err != nil || v != visitor {
		t.Errorf("the retired secret's token: %v, %v", v, err)
	}
	if _, err := auth.NewTokens(after).Verify(old, now); code(t, err) != wire.CodeUnauthorized {
		t.Errorf("the token of a secret that is gone: %v", err)
	}
	fresh := issue(t, auth.NewTokens(during))
	if _, err := auth.NewTokens(after).Verify(fresh, now); err != nil {
		t.Errorf("the current secret's token: %v", err)
	}
	if _, err := auth.NewTokens(before).Verify(fresh, now); code(t, err) != wire.CodeUnauthorized {
		t.Errorf("the retired secret signed: %v", err)
	}
	ticket := ticketFor(t, auth.NewTickets(before))
	if got, err := auth.NewTickets(during).Verify(ticket, now); err != nil || got != site {
		t.Errorf("the retired secret's ticket: %q, %v", got, err)
	}
}

func TestTicket(t *testing.T) {
	keys := keysWith(t, secretA)
	tickets := auth.NewTickets(keys)
	ticket := ticketFor(t, tickets)
	end := now.Add(auth.TicketLifetime)
	for name, c := range map[string]struct {
		ticket string
		at     time.Time
		want   wire.Code
	}{
		"good":              {ticket, now, ""},
		"to the end":        {ticket, end.Add(-time.Second), ""},
		"expired":           {ticket, end.Add(31 * time.Second), wire.CodeForbidden},
		"empty":             {"", now, wire.CodeForbidden},
		"of another server": {ticketFor(t, auth.NewTickets(keysWith(t, secretB))), now, wire.CodeForbidden},
		"another site":      {swap(t, ticket, 1, map[string]any{"site": "https://evil.example"}), now, wire.CodeForbidden},
		"longer":            {swap(t, ticket, 1, map[string]any{"exp": end.Add(time.Hour).Unix()}), now, wire.CodeForbidden},
		"alg none":          {swap(t, ticket, 0, map[string]any{"alg": "none"}), now, wire.CodeForbidden},
		"a visitor's token": {issue(t, auth.NewTokens(keys)), now, wire.CodeForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tickets.Verify(c.ticket, c.at)
			if code(t, err) != c.want || (got == site) != (c.want == "") {
				t.Errorf("Verify = %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestTicketForNoSite(t *testing.T) {
	tickets := auth.NewTickets(keysWith(t, secretA))
	ticket, err := tickets.Issue("", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tickets.Verify(ticket, now); code(t, err) != wire.CodeForbidden {
		t.Errorf("a ticket that names no site: %v", err)
	}
}

func TestRevocation(t *testing.T) {
	keys := keysWith(t, secretA)
	tokens := auth.NewTokens(keys)
	clock := func() time.Time { return now }
	issue := func(v auth.Visitor) string {
		t.Helper()
		token, expires, err := tokens.Issue(v, now)
		if err != nil || expires != wire.TimeOf(now.Add(auth.TokenLifetime)) {
			t.Fatalf("issue: until %s, %v", expires, err)
		}
		return token
	}
	good := func(token string, want wire.Code) {
		t.Helper()
		if _, err := tokens.Verify(token, now); code(t, err) != want {
			t.Errorf("verify: %v, want %q", err, want)
		}
	}
	token, other := issue(visitor), issue(auth.Visitor{Participant: "p2", Conversation: "c1"})

	// What could not be stored does not count.
	full := wire.NewError(wire.CodeUnavailable, "full")
	if err := tokens.Revoke(token, clock, func(_, _ wire.Time) error { return full }); !errors.Is(err, full) {
		t.Errorf("revoke: %v", err)
	}
	good(token, "")

	var at, expires wire.Time
	err := tokens.Revoke(token, clock, func(a, e wire.Time) error {
		good(token, wire.CodeTokenRevoked) // already
		at, expires = a, e
		return nil
	})
	if err != nil || at != wire.TimeOf(now) || expires <= wire.TimeOf(now.Add(auth.TokenLifetime)) {
		t.Errorf("revoke: %v, at %s until %s", err, at, expires)
	}
	good(token, wire.CodeTokenRevoked)
	good(other, "")
	if _, _, err := tokens.Renew(token, clock); code(t, err) != wire.CodeTokenRevoked {
		t.Errorf("renew with a revoked token: %v", err)
	}
	// Somebody who proves anew who they are gets in, in the same millisecond.
	again := issue(visitor)
	good(again, "")
	if renewed, _, err := tokens.Renew(again, clock); err != nil || renewed == token {
		t.Errorf("renew: %v", err)
	}

	// Another process that knows of the revocation.
	token, tokens = again, auth.NewTokens(keys)
	good(token, "")
	tokens.Refuse("p1", at, expires)
	good(token, "")
	tokens.Refuse("p1", at+1, expires)
	good(token, wire.CodeTokenRevoked)
}

// A clock that was put back lets no token outlive its revocation: not one that is
// from later than now, and not one that somebody got after an earlier revocation.
func TestRevocationWithAClockPutBack(t *testing.T) {
	tokens := auth.NewTokens(keysWith(t, secretA))
	stored := func(_, _ wire.Time) error { return nil }
	for _, clock := range []time.Time{now, now.Add(-time.Minute), now.Add(-time.Minute)} {
		token, _, err := tokens.Issue(visitor, now) // before the clock was put back, but for the first
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Verify(token, clock); err != nil {
			t.Fatalf("at %s: %v", clock, err)
		}
		if err := tokens.Revoke(token, func() time.Time { return clock }, stored); err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Verify(token, clock); code(t, err) != wire.CodeTokenRevoked {
			t.Errorf("revoked at %s, it is %v", clock, err)
		}
		if err := tokens.Revoke(token, func() time.Time { return clock }, stored); code(t, err) != wire.CodeTokenRevoked {
			t.Errorf("revoked once more: %v", err)
		}
	}
}

// While tokens are renewed as fast as can be, none outlives the revocation.
func TestRevocationBeatsRenewal(t *testing.T) {
	tokens := auth.NewTokens(keysWith(t, secretA))
	token, _, err := tokens.Issue(visitor, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ended, begun := make(chan string), make(chan struct{})
	go func() {
		last := token
		for i := 0; ; i++ {
			renewed, _, err := tokens.Renew(last, time.Now)
			if err != nil {
				ended <- last
				return
			}
			if last = renewed; i == 10 {
				close(begun)
			}
		}
	}()
	<-begun
	if err := tokens.Revoke(token, time.Now, func(_, _ wire.Time) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Verify(<-ended, time.Now()); code(t, err) != wire.CodeTokenRevoked {
		t.Errorf("the last token: %v", err)
	}
}
