package wire

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of the contract. The config answer repeats those that a client needs.
const (
	// MaxIDLength is the length of any id, in bytes.
	MaxIDLength = 64
	// MinNonceLength is how short a nonce may be, in bytes: 16 random ones of an
	// id's characters cannot be guessed.
	MinNonceLength = 16
	// MaxUserIDLength is the length of a site's own user id, in bytes.
	MaxUserIDLength = 200
	// MaxMessageChars is the length of a message's body in Unicode code points.
	MaxMessageChars = 4000
	// MaxBodyBytes is the size of a request's body.
	MaxBodyBytes = 64 << 10
	// MaxNameChars is the length of a participant's name in code points.
	MaxNameChars = 80
	// EditSeconds is how long after it was written a message may be changed or
	// deleted by who wrote it.
	EditSeconds = 900
	// MaxReactions is how many different emoji a message may have.
	MaxReactions = 20
	// MaxPageSize is the number of messages in one answer.
	MaxPageSize = 100
	// DefaultPageSize is how many an answer holds when limit is not given.
	DefaultPageSize = 50
	// MaxWaitSeconds is how long a poll may be held open.
	MaxWaitSeconds = 25
)

// ValidID reports whether s is an id: 1 to 64 of A-Z a-z 0-9 _ and -.
func ValidID(s string) bool {
	if s == "" || len(s) > MaxIDLength {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// Validate reports the first thing wrong with r as an *Error.
func (r SendRequest) Validate() error {
	if !ValidID(r.ClientID) {
		return NewError(CodeInvalidField, "clientId must be 1 to 64 characters of A-Z a-z 0-9 _ and -.")
	}
	if r.ReplyTo != "" && !ValidID(r.ReplyTo) {
		return NewError(CodeInvalidField, "replyTo must be the id of a message.")
	}
	if r.Status != "" && r.Status != StatusStreaming && r.Status != StatusComplete {
		return NewError(CodeInvalidField, "status must be streaming or complete.")
	}
	if r.Status == StatusStreaming && r.Body == "" {
		return nil
	}
	return ValidateBody(r.Body)
}

// ValidateBody reports what is wrong with the text of a message as an *Error:
// CodeMessageEmpty, CodeMessageTooLong, or CodeInvalidField for text that is
// not UTF-8 or holds NUL.
func ValidateBody(body string) error {
	if !utf8.ValidString(body) || strings.ContainsRune(body, 0) {
		return NewError(CodeInvalidField, "body must be UTF-8 text without NUL characters.")
	}
	if strings.TrimFunc(body, invisible) == "" {
		return NewError(CodeMessageEmpty, "body must hold some text.")
	}
	if n := utf8.RuneCountInString(body); n > MaxMessageChars {
		return NewError(CodeMessageTooLong, fmt.Sprintf("body has %d characters; at most %d are allowed.", n, MaxMessageChars))
	}
	return nil
}

func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r == 0x2060 || r == 0xfeff
}

// Validate reports the first thing wrong with u as an *Error. Whether the hash
// is the right one only the server can tell.
func (u User) Validate() error {
	if u.ID == "" || len(u.ID) > MaxUserIDLength || !utf8.ValidString(u.ID) || strings.ContainsFunc(u.ID, unicode.IsControl) {
		return NewError(CodeInvalidField, fmt.Sprintf("user.id must be UTF-8 text of 1 to %d bytes without control characters.", MaxUserIDLength))
	}
	return ValidateName(u.Name)
}

// Validate reports the first thing wrong with r as an *Error.
func (r JoinRequest) Validate() error {
	if !ValidID(r.Code) {
		return NewError(CodeInvalidField, "code must be an invitation's code: 1 to 64 characters of A-Z a-z 0-9 _ and -.")
	}
	if r.Nonce != "" && (!ValidID(r.Nonce) || len(r.Nonce) < MinNonceLength) {
		return NewError(CodeInvalidField, fmt.Sprintf("nonce must be %d to %d characters of A-Z a-z 0-9 _ and -, made at random.", MinNonceLength, MaxIDLength))
	}
	return ValidateName(r.Name)
}

// ValidateName reports as an *Error a participant's name that is too long or
// holds control or text-direction characters. An empty name is fine.
func ValidateName(name string) error {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > MaxNameChars {
		return NewError(CodeInvalidField, fmt.Sprintf("name must be UTF-8 text of at most %d characters.", MaxNameChars))
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r != ' ' && invisible(r) }) {
		return NewError(CodeInvalidField, "name must not hold control or text-direction characters.")
	}
	return nil
}

// ValidSocketID reports whether s has the form that Pusher servers give their
// connections: digits, a dot, digits.
func ValidSocketID(s string) bool {
	a, b, ok := strings.Cut(s, ".")
	return ok && len(s) <= MaxIDLength && digits(a) && digits(b)
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
