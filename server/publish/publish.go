// Package publish is where events go. The realtime endpoint of this server is
// a publisher by itself; this package holds the others and what joins them.
// Every publisher here may be used concurrently.
package publish

import (
	"context"

	"chatbot/server/chat"
)

// Nowhere drops every event: for a server without a realtime provider, whose
// readers poll.
type Nowhere struct{}

var _ chat.Publisher = Nowhere{}

// Publish does nothing.
func (Nowhere) Publish(context.Context, string, string, []byte, string) error { return nil }
