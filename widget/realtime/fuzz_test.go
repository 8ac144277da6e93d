//go:build !js

package realtime

import (
	"context"
	"testing"
	"testing/synctest"

	"chatbot/widget/wire"
)

// Whatever a server sends, the socket comes to an orderly end when it is closed.
func FuzzSocket(f *testing.F) {
	for _, text := range []string{
		hello, `{"event":"pusher:error","data":"{\"code\":4001}"}`, `{"event":"pusher:error","data":{"code":null}}`, `{"event":"pusher:ping"}`,
		`{"event":"pusher_internal:subscription_succeeded","channel":"x","data":{}}`, `{"event":"ChatMessageReceived","channel":"private-chat.conversation.c1","data":"{}"}`,
		`{"event":5}`, `[]`, `null`, "\x00", `{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.2:x\"}"}`,
	} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		synctest.Test(t, func(t *testing.T) {
			greeting := hello
			r := &recording{closed: make(chan struct{}), lines: []line{{Text: &first}, {Text: &greeting}, {Text: &second}, {Text: &first}}}
			defer r.Close()
			ctx, cancel := context.WithTimeout(t.Context(), TryLimit)
			defer cancel()
			ended := make(chan struct{})
			s, err := open(ctx, func(context.Context, string) (Conn, error) { return r, nil }, endpoint{}, func(_ *socket, f frame) { f.payload() }, func(*socket) { close(ended) })
			if err != nil {
				return
			}
			if !wire.ValidSocketID(s.id) {
				t.Errorf("socket id %q", s.id)
			}
			synctest.Wait()
			s.close(errClosed)
			<-ended
		})
	})
}
