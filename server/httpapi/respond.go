package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"chatbot/widget/wire"
)

// statuses is the one place where a code becomes an HTTP status.
var statuses = map[wire.Code]int{
	wire.CodeInvalidJSON:        http.StatusBadRequest,
	wire.CodeUnknownField:       http.StatusBadRequest,
	wire.CodeInvalidCursor:      http.StatusBadRequest,
	wire.CodeInvalidField:       http.StatusUnprocessableEntity,
	wire.CodeInvalidSocketID:    http.StatusUnprocessableEntity,
	wire.CodeMessageEmpty:       http.StatusUnprocessableEntity,
	wire.CodeMessageTooLong:     http.StatusUnprocessableEntity,
	wire.CodeBodyTooLarge:       http.StatusRequestEntityTooLarge,
	wire.CodeUnsupportedMedia:   http.StatusUnsupportedMediaType,
	wire.CodeMethodNotAllowed:   http.StatusMethodNotAllowed,
	wire.CodeUnauthorized:       http.StatusUnauthorized,
	wire.CodeTokenExpired:       http.StatusUnauthorized,
	wire.CodeTokenRevoked:       http.StatusUnauthorized,
	wire.CodeIdentityInvalid:    http.StatusUnauthorized,
	wire.CodeForbidden:          http.StatusForbidden,
	wire.CodeOriginNotAllowed:   http.StatusForbidden,
	wire.CodeNotFound:           http.StatusNotFound,
	wire.CodeInvitationInvalid:  http.StatusNotFound,
	wire.CodeTooLate:            http.StatusForbidden,
	wire.CodeMessageDeleted:     http.StatusConflict,
	wire.CodeStreamConflict:     http.StatusConflict,
	wire.CodeTooManyReactions:   http.StatusConflict,
	wire.CodeConflict:           http.StatusConflict,
	wire.CodeMisdirectedRequest: http.StatusMisdirectedRequest,
	wire.CodeRateLimited:        http.StatusTooManyRequests,
	wire.CodeTooManyWaiting:     http.StatusTooManyRequests,
	wire.CodeUnavailable:        http.StatusServiceUnavailable,
	wire.CodeInternal:           http.StatusInternalServerError,
}

// answer makes an http.Handler of a handler: its error becomes the answer.
func (a *API) answer(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.refuse(w, r, err)
		}
	})
}

// refuse writes err. Anything but a *wire.Error is a fault of ours.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *wire.Error
	if !errors.As(err, &refusal) {
		refusal = &wire.Error{Code: wire.CodeInternal, Message: "Something went wrong on the server.", Cause: err}
	}
	status := statuses[refusal.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if status >= 500 && r.Context().Err() == nil {
		a.Logger.Error("request failed", "request", requestID(r), "route", r.Pattern, "code", refusal.Code, "error", refusal.Cause)
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(max(refusal.RetryAfter, 1)))
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="chatbot"`)
	}
	writeJSON(w, status, wire.ErrorAnswer{Error: refusal})
}

// writeJSON writes v as the answer. The answer is complete before its first
// byte is sent, so a client never sees half of one with a success status.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body) // a client that has gone is no error of ours
	return nil
}

func noContent(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readJSON decodes the request's body into v, strictly: one JSON object, only
// fields that are known, at most wire.MaxBodyBytes. An empty body leaves v as
// it is where optional.
func readJSON(w http.ResponseWriter, r *http.Request, v any, optional bool) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	if len(body) == 0 && optional {
		return nil
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		return wire.NewError(wire.CodeUnsupportedMedia, "The body must be JSON, sent as Content-Type: application/json.")
	}
	return decodeStrict(body, v)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBodyBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, wire.NewError(wire.CodeBodyTooLarge, fmt.Sprintf("The body may have at most %d bytes.", wire.MaxBodyBytes))
	}
	if err != nil {
		return nil, &wire.Error{Code: wire.CodeInvalidJSON, Message: "The body could not be read to its end.", Cause: err}
	}
	return body, nil
}

func decodeStrict(body []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, end := d.Token(); end == io.EOF {
			return nil
		}
		return wire.NewError(wire.CodeInvalidJSON, "The body must be one JSON object and nothing after it.")
	}
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) && wrongType.Field != "" {
		return wire.NewError(wire.CodeInvalidField, fmt.Sprintf("%s must not be a JSON %s.", wrongType.Field, wrongType.Value))
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return wire.NewError(wire.CodeUnknownField, fmt.Sprintf("The body has a field %.80s, which this call does not take.", field))
	}
	return wire.NewError(wire.CodeInvalidJSON, "The body must be one JSON object.")
}

func methodNotAllowed(methods []string) handler {
	allow := slices.Clone(methods)
	if slices.Contains(allow, "GET") {
		allow = append(allow, "HEAD")
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", strings.Join(append(allow, "OPTIONS"), ", "))
		return wire.NewError(wire.CodeMethodNotAllowed, "This address takes "+strings.Join(methods, " and ")+" only.")
	}
}
