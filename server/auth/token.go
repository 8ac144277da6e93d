package auth

import (
	"errors"
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

// Tokens issues and verifies visitor tokens: JSON Web Tokens signed with
// HMAC-SHA256 and nothing else.
type Tokens struct{ signer }

// NewTokens makes Tokens from the token secret.
func NewTokens(k *Keys) *Tokens { return &Tokens{newSigner(k, visitorAudience)} }

// Issue makes a token for v.
func (t *Tokens) Issue(v Visitor, now time.Time) (string, error) {
	c := claims{Site: v.Site, Conv: v.Conversation, Scope: visitorScope}
	c.Subject = v.Participant
	return t.sign(c, now, TokenLifetime)
}

// Verify is whom a token names. The refusal is wire.CodeTokenExpired for one
// that was good once and wire.CodeUnauthorized for everything else.
func (t *Tokens) Verify(token string, now time.Time) (Visitor, error) {
	c, err := t.verify(token, now)
	if errors.Is(err, jwt.ErrTokenExpired) {
		return Visitor{}, wire.NewError(wire.CodeTokenExpired, "The token has expired. Begin a new conversation.")
	}
	if err != nil || c.Scope != visitorScope || !wire.ValidID(c.Subject) || !wire.ValidID(c.Conv) {
		return Visitor{}, wire.NewError(wire.CodeUnauthorized, "The token is not one that this server gave out.")
	}
	return Visitor{Participant: c.Subject, Conversation: c.Conv, Site: c.Site}, nil
}
