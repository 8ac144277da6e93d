package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// NewInvitationCode makes a code of 128 random bits, and the hash under which
// it is stored: who reads the store cannot join by it.
func NewInvitationCode() (code, hash string) {
	code = base64.RawURLEncoding.EncodeToString(randomBytes(16))
	return code, HashInvitation(code)
}

// HashInvitation is the hash of a code, or of the nonce that goes with its use.
// Both are random, so a plain digest is enough.
func HashInvitation(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}
