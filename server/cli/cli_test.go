package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatbot/widget/wire"
)

// What is followed is what is said from now on, also in a conversation that was none
// of the latest at the start; one that is deleted meanwhile ends nothing.
func TestFollow(t *testing.T) {
	const began = wire.Time(1_000_000)
	summary := func(id string, at wire.Time, last int64) wire.ConversationSummary {
		return wire.ConversationSummary{ID: id, UpdatedAt: at, LastSeq: last}
	}
	lists := [][]wire.ConversationSummary{
		{summary("latest", began, 1)},
		{summary("deleted", began+20, 1), summary("old", began+10, 2), summary("latest", began, 1)},
	}
	said := func(seq int64, at wire.Time, body string) wire.Message {
		return wire.Message{Seq: seq, Body: body, CreatedAt: at, Author: wire.Author{Role: wire.RoleVisitor}}
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any
		switch r.URL.Path {
		case wire.PathConversations:
			if asked == len(lists) {
				cancel()
				return
			}
			answer = wire.ConversationList{Conversations: lists[asked]}
			asked++
		case strings.Replace(wire.PathMessages, "{id}", "old", 1):
			answer = wire.Page{Messages: []wire.Message{said(1, began-5000, "said long ago"), said(2, began+10, "said now")}}
		default:
			w.WriteHeader(http.StatusNotFound)
			answer = wire.ErrorAnswer{Error: wire.NewError(wire.CodeNotFound, "There is no such conversation.")}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	var out strings.Builder
	if err := (Client{URL: server.URL, Key: "key"}).Follow(ctx, &out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "said now") {
		t.Errorf("it says %q", text)
	}
}
