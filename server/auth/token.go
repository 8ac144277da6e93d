package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatbot/widget/wire"
)

const (
	// TokenLifetime is how long a visitor's token is good.
	TokenLifetime = 30 * 24 * time.Hour
	// TicketLifetime is how long a page may stay open before its visitor
	// begins a conversation.
	TicketLifetime = 24 * time.Hour

	issuer          = "chatbot"
	visitorAudience = "chatbot-visitor"
	siteAudience    = "chatbot-site"
	visitorScope    = "visitor"
	// leeway forgives clocks that differ between two servers.
	leeway = 30 * time.Second
)

// Visitor is whom a token names: a participant of one conversation, met on a
// page of Site.
type Visitor struct {
	Participant, Conversation, Site string
}

// claims is what a token holds: sub, exp, iat, iss and aud by their standard
// names, and the rest of the contract.
type claims struct {
	jwt.RegisteredClaims
	Site  string `json:"site"`
	Conv  string `json:"conv,omitempty"`
	Scope string `json:"scope,omitempty"`
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

// Tickets issues and verifies site tickets: the server's word that the frame
// was shown on a page of a certain origin.
type Tickets struct{ signer }

// NewTickets makes Tickets from the token secret, under a key of their own.
func NewTickets(k *Keys) *Tickets { return &Tickets{newSigner(k, siteAudience)} }

// Issue makes a ticket for a site's origin.
func (t *Tickets) Issue(site string, now time.Time) (string, error) {
	return t.sign(claims{Site: site}, now, TicketLifetime)
}

// Verify is the site that a ticket was made for; otherwise wire.CodeForbidden.
func (t *Tickets) Verify(ticket string, now time.Time) (site string, err error) {
	c, err := t.verify(ticket, now)
	if err != nil || c.Site == "" {
		return "", wire.NewError(wire.CodeForbidden, "The page's ticket is not good any more. Load the page again.")
	}
	return c.Site, nil
}

// signer signs for one audience with a key derived for it alone.
type signer struct {
	audience string
	current  string            // key id
	keys     map[string][]byte // by key id
}

func newSigner(k *Keys, audience string) signer {
	s := signer{audience: audience, keys: map[string][]byte{}}
	for i, secret := range k.tokens {
		key := derive(secret, audience)
		id := keyID(key)
		s.keys[id] = key
		if i == 0 {
			s.current = id
		}
	}
	return s
}

// keyID names a key without telling anything of it.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("kid "), key...))
	return hex.EncodeToString(sum[:4])
}

func (s signer) sign(c claims, now time.Time, lifetime time.Duration) (string, error) {
	c.Issuer, c.Audience = issuer, jwt.ClaimStrings{s.audience}
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(lifetime))
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	token.Header["kid"] = s.current
	return token.SignedString(s.keys[s.current])
}

func (s signer) verify(token string, now time.Time) (claims, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		if key, ok := s.keys[id]; ok {
			return key, nil
		}
		return nil, fmt.Errorf("no such key")
	},
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithAudience(s.audience),
		jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	return c, err
}
