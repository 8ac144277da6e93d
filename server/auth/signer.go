package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatbot/widget/wire"
)

const (
	issuer = "chatbot"
	// leeway forgives clocks that differ between two servers: what expires is
	// accepted for that much longer.
	leeway = 30 * time.Second
)

// claims is what a token holds: sub, exp, iat, iss and aud by their standard
// names, and the rest of the contract.
type claims struct {
	jwt.RegisteredClaims
	Site  string `json:"site"`
	Conv  string `json:"conv,omitempty"`
	Scope string `json:"scope,omitempty"`
	// IssuedMillis is iat to the millisecond, which revocations go by. Tokens
	// from before there were any lack it.
	IssuedMillis wire.Time `json:"iat_ms,omitempty"`
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
		return nil, errors.New("no such key")
	},
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithAudience(s.audience),
		jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway),
		jwt.WithStrictDecoding(), // one spelling for each token
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	return c, err
}
