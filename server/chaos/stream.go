package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/api"
	"chatbot/widget/wire"
)

// An answer that is streamed in each episode has so many words, one each pace.
const (
	streamWords = 40
	streamPace  = 50 * time.Millisecond
)

const streamClient = "stream-" // begins the client id of a streamed message

// stream has the site's backend write a message word by word, from before the
// first fault on. What becomes of it when the server dies is not the backend's
// business: it gives up.
func (w *world) stream(ctx context.Context, n int) (wait func(), err error) {
	key, err := auth.ReadServerKey(w.server.dir, func(string) string { return "" })
	if err != nil {
		return nil, err
	}
	c := n % w.Conversations
	id := w.guests[c*w.Clients].chat.State().ConversationID
	m, err := api.New(api.HTTP{}, "http://"+w.server.addr, "").Conversation(id, key).Send(ctx, wire.SendRequest{
		ClientID: fmt.Sprint(streamClient, n), Body: "Once", Status: wire.StatusStreaming, Author: &wire.Author{Role: wire.RoleBot, Name: "Teller"},
	}, "")
	if err != nil {
		return nil, fmt.Errorf("begin a streamed message: %w", err)
	}
	w.streams[c]++
	told := make(chan struct{})
	go func() {
		defer close(told)
		w.report.broken += w.tell(ctx, key, m)
	}()
	return func() { <-told }, nil
}

// tell writes the rest of a message, and is how many were broken off.
func (w *world) tell(ctx context.Context, key string, m wire.Message) int {
	pace := time.NewTicker(streamPace)
	defer pace.Stop()
	length := len(m.Body)
	for i := range streamWords {
		<-pace.C
		more := wire.EditRequest{Append: fmt.Sprintf(" word%d", i), Offset: length}
		if w.patch(ctx, key, m, more) != nil {
			return 1
		}
		length += len(more.Append)
	}
	if w.patch(ctx, key, m, wire.EditRequest{Status: wire.StatusComplete}) != nil {
		return 1
	}
	return 0
}

func (w *world) patch(ctx context.Context, key string, m wire.Message, edit wire.EditRequest) error {
	body, err := json.Marshal(edit)
	if err != nil {
		return err
	}
	path := strings.NewReplacer("{id}", m.ConversationID, "{message}", m.ID).Replace(wire.PathMessage)
	r, err := http.NewRequestWithContext(ctx, http.MethodPatch, "http://"+w.server.addr+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", r.Method, path, res.Status)
	}
	return nil
}
