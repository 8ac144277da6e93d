// Package auth decides who somebody is and what they may do: visitor tokens,
// site tickets, the server key, invitations, origins, client addresses and rate
// limits.
//
// It is a leaf: it knows no HTTP routes and no store. Everything here may be
// used concurrently. Refusals are *wire.Error.
package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"chatbot/widget/wire"
)

const (
	// minSecret is the shortest secret that is accepted, in characters.
	minSecret = 16
	// maxSecret is the longest, and so what a file of one may hold.
	maxSecret = 512
)

// Keys are the server's secrets. Each is independent of the others: none can
// be worked out from, or used in place of, another.
type Keys struct {
	tokens   []string // the first signs, all verify
	identity []string // the same

	// ServerKey lets a site's own backend and the person at the terminal in.
	ServerKey ServerKey
	// The credentials of the application that the realtime endpoint serves.
	ReverbAppID, ReverbAppKey, ReverbAppSecret string
	// The credentials of the application at Pusher, or empty: those are never
	// made here.
	PusherAppID, PusherAppKey, PusherAppSecret string
	// GeneratedReverb says that the application's secret was made here, or before in
	// the same data directory, so that nobody else was told it.
	GeneratedReverb bool
}

// LoadKeys takes each secret from the environment, or from its file in dir/keys,
// which it makes (readable by the owner only) where it does not exist. An empty
// variable counts as none. CHATBOT_SECRET and CHATBOT_IDENTITY_SECRET may hold a
// second, retired secret after a comma: what that one signed stays good. The error is one line that
// says what to do and never holds a secret.
func LoadKeys(dir string, getenv func(string) string) (*Keys, error) {
	dir = filepath.Join(dir, "keys")
	if err := makePrivate(dir); err != nil {
		return nil, err
	}
	var err error
	load := func(variable, file string, generate func() string, check func(string) error) (value string, generated bool) {
		if err == nil {
			value, generated, err = loadSecret(variable, strings.TrimSpace(getenv(variable)), filepath.Join(dir, file), generate, check)
		}
		return value, generated
	}
	var k Keys
	var tokens, identity, server string
	tokens, _ = load("CHATBOT_SECRET", "token-secret", randomSecret, checkSecrets)
	identity, _ = load("CHATBOT_IDENTITY_SECRET", "identity-secret", randomSecret, checkSecrets)
	server, _ = load("CHATBOT_SERVER_KEY", "server-key", randomSecret, checkSecret)
	k.ReverbAppID, _ = load("REVERB_APP_ID", "reverb-app-id", randomDigits, checkName)
	k.ReverbAppKey, _ = load("REVERB_APP_KEY", "reverb-app-key", randomName, checkName)
	k.ReverbAppSecret, k.GeneratedReverb = load("REVERB_APP_SECRET", "reverb-app-secret", randomSecret, checkPlain)
	if err != nil {
		return nil, err
	}
	if err := k.loadPusher(getenv); err != nil {
		return nil, err
	}
	k.tokens, k.identity = splitSecrets(tokens), splitSecrets(identity)
	k.ServerKey = ServerKey{sha256.Sum256([]byte(server))}
	if err := k.checkIndependent(server); err != nil {
		return nil, err
	}
	for _, prefix := range []string{"REVERB_APP_", "PUSHER_APP_"} {
		if err := checkComplete(prefix, getenv); err != nil {
			return nil, err
		}
	}
	return &k, nil
}

// loadPusher takes Pusher's credentials as far as they are given.
func (k *Keys) loadPusher(getenv func(string) string) error {
	for _, c := range []struct {
		variable string
		field    *string
		check    func(string) error
	}{
		{"PUSHER_APP_ID", &k.PusherAppID, checkName},
		{"PUSHER_APP_KEY", &k.PusherAppKey, checkName},
		{"PUSHER_APP_SECRET", &k.PusherAppSecret, checkPlain},
	} {
		*c.field = strings.TrimSpace(getenv(c.variable))
		if *c.field == "" {
			continue
		}
		if err := c.check(*c.field); err != nil {
			return fmt.Errorf("%s %w", c.variable, err)
		}
	}
	return nil
}

// checkComplete refuses an application of which only a part is named: whoever
// else is told of it would hold something that does not fit.
func checkComplete(prefix string, getenv func(string) string) error {
	given, missing := []string{}, []string{}
	for _, part := range []string{"ID", "KEY", "SECRET"} {
		if strings.TrimSpace(getenv(prefix+part)) == "" {
			missing = append(missing, prefix+part)
		} else {
			given = append(given, prefix+part)
		}
	}
	if len(given) == 0 || len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s without %s: set all three or none", strings.Join(given, " and "), strings.Join(missing, " and "))
}

// checkIndependent refuses a secret that is used twice, or that is public as
// an application's id or key. One application may be served by several servers.
func (k *Keys) checkIndependent(server string) error {
	owner := map[string]string{
		k.PusherAppID: "PUSHER_APP_ID", k.PusherAppKey: "PUSHER_APP_KEY",
		k.ReverbAppID: "REVERB_APP_ID", k.ReverbAppKey: "REVERB_APP_KEY",
	}
	delete(owner, "")
	claim := func(variable, secret string) error {
		if other, taken := owner[secret]; taken {
			return fmt.Errorf("%s and %s hold the same value; each needs one of its own, for example from `openssl rand -hex 32`", other, variable)
		}
		owner[secret] = variable
		return nil
	}
	for _, secret := range k.tokens {
		if err := claim("CHATBOT_SECRET", secret); err != nil {
			return err
		}
	}
	for _, secret := range k.identity {
		if err := claim("CHATBOT_IDENTITY_SECRET", secret); err != nil {
			return err
		}
	}
	if err := claim("CHATBOT_SERVER_KEY", server); err != nil {
		return err
	}
	if err := claim("REVERB_APP_SECRET", k.ReverbAppSecret); err != nil || k.PusherAppSecret == k.ReverbAppSecret || k.PusherAppSecret == "" {
		return err
	}
	return claim("PUSHER_APP_SECRET", k.PusherAppSecret)
}

// ReadServerKey is the server key as LoadKeys would find it, for commands that
// run beside the server.
func ReadServerKey(dir string, getenv func(string) string) (string, error) {
	return readBeside(dir, "CHATBOT_SERVER_KEY", "server-key", getenv, checkSecret)
}

// readBeside is a secret that a server has made or was given.
func readBeside(dir, variable, file string, getenv func(string) string, check func(string) error) (string, error) {
	if given := strings.TrimSpace(getenv(variable)); given != "" {
		return given, nil
	}
	secret, err := readSecret(filepath.Join(dir, "keys", file), check)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no %s in %s; name the server's --data-dir or set %s", strings.ReplaceAll(file, "-", " "), dir, variable)
	}
	return secret, err
}

// makePrivate makes a folder for its owner alone. One that exists may be read
// by others, who find closed files in it, but not be written to.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the folder for secrets %s cannot be made (%w); choose a writable --data-dir", dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("the folder for secrets cannot be looked at: %w", err)
	}
	if exposed(info, 0o022) {
		return fmt.Errorf("other users of this machine can write to the folder for secrets %s; run chmod 700 on it", dir)
	}
	return nil
}

// loadSecret is the value given, or else that of the file, which is made if
// need be; generated tells the second case.
func loadSecret(variable, given, file string, generate func() string, check func(string) error) (value string, generated bool, err error) {
	if given != "" {
		if err := check(given); err != nil {
			return "", false, fmt.Errorf("%s %w", variable, err)
		}
		return given, false, nil
	}
	value, err = readSecret(file, check)
	if errors.Is(err, fs.ErrNotExist) {
		value = generate()
		err = writeSecret(file, value)
	}
	return value, true, err
}

// checkSecret reports what keeps s from being a secret; like the checks below
// it completes a sentence that begins with the secret's place.
func checkSecret(s string) error {
	if len(s) < minSecret {
		return fmt.Errorf("is too short: it needs at least %d characters, for example from `openssl rand -hex 32`", minSecret)
	}
	return checkPlain(s)
}

// checkPlain is for the application's secret, whose length others may have
// chosen.
func checkPlain(s string) error {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) || s == "" || len(s) > maxSecret {
		return fmt.Errorf("must be 1 to %d printable ASCII characters without spaces", maxSecret)
	}
	return nil
}

// checkName is for what stands in the paths of the Pusher protocol.
func checkName(s string) error {
	if !wire.ValidID(s) {
		return fmt.Errorf("must be 1 to %d characters of A-Z a-z 0-9 _ and -", wire.MaxIDLength)
	}
	return nil
}

func checkSecrets(s string) error {
	secrets := splitSecrets(s)
	if len(secrets) > 2 {
		return errors.New("holds more than two secrets: write the current one, and after a comma the one that it replaced")
	}
	for _, secret := range secrets {
		if err := checkSecret(secret); err != nil {
			return err
		}
	}
	return nil
}

func splitSecrets(s string) []string {
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// readSecret reads a secret from its file, which nobody else may read.
func readSecret(file string, check func(string) error) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	if exposed(info, 0o077) {
		return "", fmt.Errorf("the secret %s can be read by other users of this machine; run chmod 600 on it, or remove it to have a new one made", file)
	}
	if !info.Mode().IsRegular() || info.Size() > 2*maxSecret {
		return "", fmt.Errorf("%s is no file of a secret; remove it to have a new one made", file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	value := strings.TrimSpace(string(b))
	if err := check(value); err != nil {
		return "", fmt.Errorf("the secret in %s %w; remove the file to have a new one made", file, err)
	}
	return value, nil
}

// exposed reports whether other users have one of the permissions in mask. Windows
// keeps no such permissions; there the folder's own access list decides.
func exposed(info fs.FileInfo, mask fs.FileMode) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&mask != 0
}

// writeSecret puts a secret into a file that appears complete or not at all.
func writeSecret(file, value string) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), ".new-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("keep a secret: %w; choose a writable --data-dir", err)
	}
	defer os.Remove(temporary.Name()) // gone already unless something fails
	_, err = temporary.WriteString(value + "\n")
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("keep a secret: %w", err)
	}
	return nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

func randomSecret() string { return base64.RawURLEncoding.EncodeToString(randomBytes(32)) }
func randomName() string   { return hex.EncodeToString(randomBytes(10)) }

func randomDigits() string {
	b := randomBytes(8)
	for i := range b {
		b[i] = '1' + b[i]%9
	}
	return string(b)
}

// derive makes the key for one purpose out of a secret, so that what is signed
// for one is worth nothing for another.
func derive(secret, purpose string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("chatbot " + purpose))
	return mac.Sum(nil)
}

// ServerKey checks the key of a site's own backend. It holds no more than a
// digest of it.
type ServerKey struct{ digest [sha256.Size]byte }

// Matches reports whether token is the server key, in constant time.
func (k ServerKey) Matches(token string) bool {
	digest := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(digest[:], k.digest[:]) == 1
}
