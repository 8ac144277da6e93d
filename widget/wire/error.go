package wire

// Code tells a program what went wrong. Codes are stable; messages are for
// people and may change.
type Code string

// The codes of the HTTP API.
const (
	CodeInvalidJSON        Code = "invalid_json"
	CodeInvalidField       Code = "invalid_field"
	CodeUnknownField       Code = "unknown_field"
	CodeMessageEmpty       Code = "message_empty"
	CodeMessageTooLong     Code = "message_too_long"
	CodeBodyTooLarge       Code = "body_too_large"
	CodeUnsupportedMedia   Code = "unsupported_media_type"
	CodeMethodNotAllowed   Code = "method_not_allowed"
	CodeUnauthorized       Code = "unauthorized"
	CodeTokenExpired       Code = "token_expired"
	CodeTokenRevoked       Code = "token_revoked"
	CodeIdentityInvalid    Code = "identity_invalid"
	CodeForbidden          Code = "forbidden"
	CodeOriginNotAllowed   Code = "origin_not_allowed"
	CodeNotFound           Code = "not_found"
	CodeConflict           Code = "client_id_conflict"
	CodeTooLate            Code = "too_late"
	CodeMessageDeleted     Code = "message_deleted"
	CodeStreamConflict     Code = "stream_conflict"
	CodeTooManyReactions   Code = "too_many_reactions"
	CodeInvalidCursor      Code = "invalid_cursor"
	CodeInvalidSocketID    Code = "invalid_socket_id"
	CodeInvitationInvalid  Code = "invitation_invalid"
	CodeRateLimited        Code = "rate_limited"
	CodeTooManyWaiting     Code = "too_many_waiting"
	CodeUnavailable        Code = "unavailable"
	CodeInternal           Code = "internal"
	CodeMisdirectedRequest Code = "misdirected_request"
)

// Error is a refusal: Code for programs, Message for people. The cause, where
// there is one, is for the log alone and never leaves the process.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	// Seconds to wait before another try, for 429 and 503; it travels as the
	// Retry-After header.
	RetryAfter int   `json:"-"`
	Cause      error `json:"-"`
}

// NewError makes an Error.
func NewError(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Error is the message, and the cause behind it.
func (e *Error) Error() string {
	if e.Cause == nil {
		return string(e.Code) + ": " + e.Message
	}
	return string(e.Code) + ": " + e.Message + ": " + e.Cause.Error()
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ErrorAnswer is the body of every answer that is not a success.
type ErrorAnswer struct {
	Error *Error `json:"error"`
}
