package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"chatbot/widget/wire"
)

const (
	identityVersion = "v1"
	// IdentityLifetime is how far ahead a hash may expire.
	IdentityLifetime = 24 * time.Hour
)

// Identities signs and verifies a site's word that one of its signed-in users
// is looking at its page. A hash is VERSION.KEYID.EXPIRY.MAC, where EXPIRY is in
// Unix seconds and MAC is HMAC-SHA256 in unpadded base64url over version, key id,
// site, expiry, user id and name, each preceded by its length in bytes.
type Identities struct {
	current string            // key id
	secrets map[string]string // by key id
}

// NewIdentities makes Identities from the identity secret.
func NewIdentities(k *Keys) *Identities { return newIdentities(k.identity) }

func newIdentities(secrets []string) *Identities {
	i := &Identities{secrets: map[string]string{}}
	for n, secret := range secrets {
		id := keyID([]byte(secret))
		i.secrets[id] = secret
		if n == 0 {
			i.current = id
		}
	}
	return i
}

// Sign makes the hash for a user of a site, as the site's backend would.
func (i *Identities) Sign(site string, u wire.User, expires time.Time) string {
	expiry := strconv.FormatInt(expires.Unix(), 10)
	return strings.Join([]string{identityVersion, i.current, expiry, i.mac(i.current, expiry, site, u)}, ".")
}

// Verify reports what is wrong with u.Hash for that user on that site, which is
// wire.CodeIdentityInvalid.
func (i *Identities) Verify(site string, u wire.User, now time.Time) error {
	parts := strings.Split(u.Hash, ".")
	if site == "" || len(parts) != 4 || parts[0] != identityVersion || i.secrets[parts[1]] == "" {
		return identityInvalid("It was not made for this server and site.")
	}
	seconds, err := strconv.ParseInt(parts[2], 10, 64)
	want := i.mac(parts[1], parts[2], site, u)
	if err != nil || subtle.ConstantTimeCompare([]byte(want), []byte(parts[3])) != 1 {
		return identityInvalid("It is not that of this id and name on this site.")
	}
	switch left := time.Unix(seconds, 0).Sub(now); {
	case left <= 0:
		return identityInvalid("It has expired.")
	case left > IdentityLifetime+leeway:
		return identityInvalid("It is good for more than 24 hours.")
	}
	return nil
}

func identityInvalid(why string) error {
	return wire.NewError(wire.CodeIdentityInvalid, "The user's hash is refused. "+why)
}

func (i *Identities) mac(keyID, expiry, site string, u wire.User) string {
	mac := hmac.New(sha256.New, []byte(i.secrets[keyID]))
	for _, field := range []string{identityVersion, keyID, site, expiry, u.ID, u.Name} {
		mac.Write([]byte(strconv.Itoa(len(field)) + ":" + field)) // never fails
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ReadIdentities is what LoadKeys would find, for commands that run beside the
// server.
func ReadIdentities(dir string, getenv func(string) string) (*Identities, error) {
	secrets, err := readBeside(dir, "CHATBOT_IDENTITY_SECRET", "identity-secret", getenv, checkSecrets)
	if err != nil {
		return nil, err
	}
	return newIdentities(splitSecrets(secrets)), nil
}
