package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chatbot/server/pusher/signature"
)

const (
	// requestTimeout bounds one call of the HTTP API.
	requestTimeout = 5 * time.Second
	// maxAnswer is how many bytes of an answer are read.
	maxAnswer = 4 << 10
)

// client calls the HTTP API of a Pusher-protocol server. Its errors hold
// neither the address, which carries a signature, nor anything that was sent or
// answered.
type client struct {
	base        *url.URL // of the application: …/apps/ID
	key, secret string
	http        *http.Client
}

// statusError is an answer that is no success.
type statusError struct {
	code  int
	after time.Duration // how long the server wants to be left alone
}

func (e statusError) Error() string { return fmt.Sprintf("it answered %d", e.code) }

func newClient(o RemoteOptions) (*client, error) {
	base, err := url.Parse(strings.TrimSuffix(o.URL, "/") + "/apps/" + url.PathEscape(o.AppID))
	if err != nil {
		return nil, errors.New("the address of the provider is no URL")
	}
	return &client{
		base: base, key: o.Key, secret: o.Secret,
		http: &http.Client{
			Transport:     o.Transport,
			Timeout:       requestTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// trigger publishes events by one call.
func (c *client) trigger(ctx context.Context, events []event) error {
	if len(events) == 1 {
		return c.post(ctx, "events", events[0])
	}
	return c.post(ctx, "batch_events", map[string][]event{"batch": events})
}

func (c *client) post(ctx context.Context, call string, v any) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	to := c.base.JoinPath(call)
	to.RawQuery = signature.SignRequest(c.key, c.secret, http.MethodPost, to.Path, url.Values{}, body.Bytes(), time.Now()).Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), &body)
	if err != nil {
		return errors.New("the request cannot be made")
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(r)
	var failed *url.Error
	switch {
	case errors.As(err, &failed):
		return failed.Err
	case err != nil:
		return err
	}
	defer answer.Body.Close()
	return check(answer)
}

// check reports an answer that is no success. Soketi says with status 200 that
// something was wrong, and what in the body.
func check(answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	var problem struct {
		Error any `json:"error"`
		Code  int `json:"code"`
	}
	code := answer.StatusCode
	if code == http.StatusOK && json.Unmarshal(text, &problem) == nil && problem.Error != nil {
		code = problem.Code
	}
	if code >= 200 && code <= 299 {
		return nil
	}
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	return statusError{code, time.Duration(max(seconds, 0)) * time.Second}
}
