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
	"strings"
)

// minSecret is the shortest secret that is taken from the environment, in bytes.
const minSecret = 16

// Keys are the server's secrets. Each is independent of the others: none can
// be worked out from, or used in place of, another.
type Keys struct {
	tokens [][]byte // the first signs, all verify

	// ServerKey lets a site's own backend and the person at the terminal in.
	ServerKey ServerKey
	// The credentials of the application that the realtime endpoint serves.
	ReverbAppID, ReverbAppKey, ReverbAppSecret string
	// Generated says that the application's secret was made here and is known
	// to nobody else.
	Generated bool
}

// LoadKeys takes each secret from the environment, or from its file in dir/keys,
// which it makes (readable by the owner only) where it does not exist.
// CHATBOT_SECRET may hold a second, retired secret after a comma: tokens that it
// signed stay good.
func LoadKeys(dir string, getenv func(string) string) (*Keys, error) {
	dir = filepath.Join(dir, "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the folder for secrets %s cannot be made (%w); choose a writable --data-dir", dir, err)
	}
	k := &Keys{Generated: getenv("REVERB_APP_SECRET") == ""}
	var tokens, server string
	for _, secret := range []struct {
		variable, file string
		value          *string
		make           func() string
	}{
		{"CHATBOT_SECRET", "token-secret", &tokens, randomSecret},
		{"CHATBOT_SERVER_KEY", "server-key", &server, randomSecret},
		{"REVERB_APP_ID", "reverb-app-id", &k.ReverbAppID, randomDigits},
		{"REVERB_APP_KEY", "reverb-app-key", &k.ReverbAppKey, randomName},
		{"REVERB_APP_SECRET", "reverb-app-secret", &k.ReverbAppSecret, randomSecret},
	} {
		value := getenv(secret.variable)
		if value == "" {
			var err error
			if value, err = keep(filepath.Join(dir, secret.file), secret.make); err != nil {
				return nil, err
			}
		} else if strings.HasPrefix(secret.variable, "CHATBOT_") && len(value) < minSecret {
			return nil, fmt.Errorf("%s is too short: it needs at least %d characters, for example from `openssl rand -hex 32`", secret.variable, minSecret)
		}
		*secret.value = value
	}
	for part := range strings.SplitSeq(tokens, ",") {
		if part = strings.TrimSpace(part); part != "" {
			k.tokens = append(k.tokens, []byte(part))
		}
	}
	k.ServerKey = ServerKey{sha256.Sum256([]byte(server))}
	return k, nil
}

// ReadServerKey is the server key as LoadKeys would find it, for commands that
// run beside the server.
func ReadServerKey(dir string, getenv func(string) string) (string, error) {
	if key := getenv("CHATBOT_SERVER_KEY"); key != "" {
		return key, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, "keys", "server-key"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no server key in %s; name the server's --data-dir or set CHATBOT_SERVER_KEY", dir)
	}
	return strings.TrimSpace(string(b)), err
}

// keep reads a secret from its file, or makes both.
func keep(file string, make func() string) (string, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return write(file, make())
	}
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("the secret %s can be read by other users of this machine; run chmod 600 on it, or remove it to have a new one made", file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	value := strings.TrimSpace(string(b))
	if value == "" || strings.ContainsAny(value, "\n\x00") {
		return "", fmt.Errorf("the secret %s holds no usable value; remove the file to have a new one made", file)
	}
	return value, nil
}

// write puts a secret into a file that appears complete or not at all.
func write(file, value string) (string, error) {
	temporary, err := os.CreateTemp(filepath.Dir(file), ".new-*") // made with mode 0600
	if err != nil {
		return "", fmt.Errorf("keep a secret: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(value + "\n")
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return "", fmt.Errorf("keep a secret: %w", err)
	}
	return value, nil
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
func derive(secret []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, secret)
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
