// Package signature signs and verifies as the Pusher Channels protocol
// prescribes: HMAC-SHA256 in lower-case hexadecimal over strings whose form is
// given in Pusher's documents "Auth signatures" and "HTTP API reference".
// Everything here is a pure function.
package signature

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Window is how far a signed request's timestamp may be from now.
const Window = 600 * time.Second

// Channel is the auth string, "key:signature", that lets a connection
// subscribe. channelData is part of what is signed wherever it is sent.
func Channel(key, secret, socketID, channel, channelData string) string {
	text := socketID + ":" + channel
	if channelData != "" {
		text += ":" + channelData
	}
	return key + ":" + sign(secret, text)
}

// User is the auth string that signs a connection in.
func User(key, secret, socketID, userData string) string {
	return key + ":" + sign(secret, socketID+"::user::"+userData)
}

// Webhook is the signature of a webhook's body.
func Webhook(secret string, body []byte) string { return sign(secret, string(body)) }

// Equal compares two auth strings in constant time.
func Equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// SignRequest adds to query what the HTTP API asks of a signed request.
func SignRequest(key, secret, method, path string, query url.Values, body []byte, now time.Time) url.Values {
	query.Set("auth_key", key)
	query.Set("auth_timestamp", strconv.FormatInt(now.Unix(), 10))
	query.Set("auth_version", "1.0")
	if len(body) > 0 {
		query.Set("body_md5", bodyMD5(body))
	}
	query.Set("auth_signature", sign(secret, requestText(method, path, query)))
	return query
}

// VerifyRequest reports why a request to the HTTP API is not to be trusted: not
// signed, signed otherwise, older or newer than Window, or with another body
// than was signed.
func VerifyRequest(key, secret, method, path string, query url.Values, body []byte, now time.Time) error {
	given := query.Get("auth_signature")
	if given == "" || query.Get("auth_key") != key {
		return errors.New("the request is not signed for this application")
	}
	if !Equal(given, sign(secret, requestText(method, path, query))) {
		return errors.New("the signature is wrong")
	}
	at, err := strconv.ParseInt(query.Get("auth_timestamp"), 10, 64)
	if err != nil {
		return errors.New("auth_timestamp must be Unix seconds")
	}
	if off := now.Sub(time.Unix(at, 0)); off > Window || off < -Window {
		return fmt.Errorf("auth_timestamp must be within %d seconds of the server's time", int(Window.Seconds()))
	}
	if (len(body) > 0 || query.Has("body_md5")) && !Equal(query.Get("body_md5"), bodyMD5(body)) {
		return errors.New("body_md5 is not that of the body")
	}
	return nil
}

// requestText is what is signed: method, path and the sorted query without the
// signature itself.
func requestText(method, path string, query url.Values) string {
	pairs := []string{}
	for name := range query {
		if name != "auth_signature" {
			pairs = append(pairs, strings.ToLower(name)+"="+query.Get(name))
		}
	}
	sort.Strings(pairs)
	return method + "\n" + path + "\n" + strings.Join(pairs, "&")
}

func bodyMD5(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

func sign(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
