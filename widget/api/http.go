//go:build !js

package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// MaxAnswerBytes is the size above which HTTP gives up on an answer.
const MaxAnswerBytes = 4 << 20

// HTTP is the Transport for programs outside the browser. The zero value uses
// http.DefaultClient.
type HTTP struct{ Client *http.Client }

// Do carries out r.
func (h HTTP) Do(ctx context.Context, r Request) (Response, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return Response{}, err
	}
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	client := h.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return Response{}, err
	}
	defer response.Body.Close() // read to its end or given up: nothing to learn from the error
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswerBytes+1))
	if err != nil {
		return Response{}, err
	}
	if len(body) > MaxAnswerBytes {
		return Response{}, fmt.Errorf("the answer is larger than %d bytes", MaxAnswerBytes)
	}
	return Response{Status: response.StatusCode, RetryAfter: response.Header.Get("Retry-After"), Body: body}, nil
}
