//go:build js && wasm

package browser

import (
	"context"
	"errors"
	"syscall/js"

	"chatbot/widget/api"
)

// Transport carries the calls of package api by the browser's fetch.
type Transport struct{ host Host }

var _ api.Transport = Transport{}

// Transport is the browser's way to the server.
func (h Host) Transport() Transport { return Transport{h} }

// outcome is an answer, or why there is none.
type outcome struct {
	response api.Response
	err      error
}

// Do carries out r; when ctx ends, the call is given up.
func (t Transport) Do(ctx context.Context, r api.Request) (api.Response, error) {
	if err := ctx.Err(); err != nil {
		return api.Response{}, err
	}
	outcomes := make(chan outcome, 1)
	var done js.Func
	done = js.FuncOf(func(_ js.Value, args []js.Value) any {
		done.Release()
		outcomes <- outcomeOf(args)
		return nil
	})
	headers := make(map[string]any, len(r.Header))
	for name, value := range r.Header {
		headers[name] = value
	}
	body := js.Undefined()
	if r.Body != nil {
		body = js.ValueOf(string(r.Body))
	}
	cancel := t.host.value.Call("request", r.Method, r.URL, headers, body, done)
	select {
	case o := <-outcomes:
		return o.response, o.err
	case <-ctx.Done():
		cancel.Invoke()
		return api.Response{}, ctx.Err()
	}
}

// outcomeOf reads what the boot script's request reports: status, Retry-After
// and text, or 0 and the reason.
func outcomeOf(args []js.Value) outcome {
	status, text := args[0].Int(), args[2].String()
	if status == 0 {
		return outcome{err: errors.New(text)}
	}
	return outcome{response: api.Response{Status: status, RetryAfter: args[1].String(), Body: []byte(text)}}
}
