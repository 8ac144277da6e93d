package auth

import (
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatbot/widget/wire"
)

const (
	// TokenLifetime is how long a visitor's token is good.
	TokenLifetime = 30 * 24 * time.Hour

	visitorAudience = "chatbot-visitor"
	visitorScope    = "visitor"
)

// Visitor is whom a token names: a participant of one conversation, met on a
// page of Site.
type Visitor struct {
	Participant, Conversation, Site string
}

// maxVerified is how many tokens are remembered as well signed, the latest ones.
const maxVerified = 10_000

// Tokens issues, verifies and revokes visitor tokens: JSON Web Tokens signed
// with HMAC-SHA256 and nothing else.
type Tokens struct {
	signer
	revoked  revocations
	verified verified
}

// verified remembers what well-signed tokens say, by their digest: a visitor
// comes with the same one again and again, and to take it apart costs more than
// all else about it. Whether it has expired or was revoked is not remembered.
type verified struct {
	mu     sync.Mutex
	claims *recent[claims]
}

// NewTokens makes Tokens from the token secret.
func NewTokens(k *Keys) *Tokens {
	return &Tokens{signer: newSigner(k, visitorAudience), verified: verified{claims: newRecent[claims](maxVerified)}}
}

// Issue makes a token for v, which is good until expires.
func (t *Tokens) Issue(v Visitor, now time.Time) (token string, expires wire.Time, err error) {
	t.revoked.mu.RLock()
	defer t.revoked.mu.RUnlock()
	return t.issue(v, now)
}

// Renew makes a new token for whom token names. Refusals are those of Verify.
func (t *Tokens) Renew(token string, clock func() time.Time) (renewed string, expires wire.Time, err error) {
	t.revoked.mu.RLock()
	defer t.revoked.mu.RUnlock()
	now := clock()
	v, err := t.check(token, now)
	if err != nil {
		return "", 0, err
	}
	return t.issue(v, now)
}

func (t *Tokens) issue(v Visitor, now time.Time) (token string, expires wire.Time, err error) {
	c := claims{Site: v.Site, Conv: v.Conversation, Scope: visitorScope}
	c.Subject = v.Participant
	// A new token is newer than what was revoked, whatever the clock says.
	c.IssuedMillis = max(wire.TimeOf(now), t.revoked.marks[v.Participant].at+1)
	token, err = t.sign(c, now, TokenLifetime)
	return token, wire.TimeOf(now.Add(TokenLifetime).Truncate(time.Second)), err
}

// Verify is whom a token names. The refusal is wire.CodeTokenExpired or
// wire.CodeTokenRevoked for one that was good once and wire.CodeUnauthorized for
// everything else.
func (t *Tokens) Verify(token string, now time.Time) (Visitor, error) {
	t.revoked.mu.RLock()
	defer t.revoked.mu.RUnlock()
	return t.check(token, now)
}

func (t *Tokens) check(token string, now time.Time) (Visitor, error) {
	c, err := t.read(token, now)
	if errors.Is(err, jwt.ErrTokenExpired) {
		return Visitor{}, wire.NewError(wire.CodeTokenExpired, "The token has expired. Begin a new conversation.")
	}
	if err != nil || c.Scope != visitorScope || !wire.ValidID(c.Subject) || !wire.ValidID(c.Conv) {
		return Visitor{}, wire.NewError(wire.CodeUnauthorized, "The token is not one that this server gave out.")
	}
	for _, subject := range [...]string{c.Subject, c.Conv} {
		if m, revoked := t.revoked.marks[subject]; revoked && c.IssuedMillis <= m.at {
			return Visitor{}, wire.NewError(wire.CodeTokenRevoked, "The token is no longer good. Begin a new conversation.")
		}
	}
	return Visitor{Participant: c.Subject, Conversation: c.Conv, Site: c.Site}, nil
}

// read is verify for a token that may have been verified before.
func (t *Tokens) read(token string, now time.Time) (claims, error) {
	sum := sha256.Sum256([]byte(token))
	digest := string(sum[:])
	t.verified.mu.Lock()
	c, known := t.verified.claims.get(digest)
	t.verified.mu.Unlock()
	if known && now.Before(c.ExpiresAt.Time) {
		return c, nil
	}
	c, err := t.verify(token, now)
	if err == nil {
		t.verified.mu.Lock()
		defer t.verified.mu.Unlock()
		t.verified.claims.put(digest, c)
	}
	return c, err
}
