// Package publish is where events go: to this server's own realtime endpoint,
// to a Reverb elsewhere, to Pusher, or to several of them. Everything here may
// be used concurrently, and publishing never waits for the network.
package publish

import (
	"context"
	"errors"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// Publisher sends events to the connections of one provider. The realtime
// endpoint of this server is one, and a Remote.
type Publisher interface {
	// Publish sends data (JSON) on the channel to all but exceptSocket, which
	// may be empty. It returns promptly.
	Publish(ctx context.Context, channel, event string, data []byte, exceptSocket string) error
}

// Fanout sends every event to all its providers, so that everybody hears it
// whichever of them they are connected to. A connection that is to be left out
// is left out where it belongs; elsewhere the same id would be somebody else's.
// An empty Fanout is for a server whose readers poll.
type Fanout map[wire.Provider]Publisher

var _ chat.Publisher = Fanout{}

// Publish sends an event to all providers. The error joins theirs; one that
// fails keeps it from none of the others.
func (f Fanout) Publish(ctx context.Context, channel, event string, data []byte, except chat.Socket) error {
	var errs []error
	for provider, publisher := range f {
		socket := ""
		if except.Provider == provider || except.Provider == "" {
			socket = except.ID
		}
		errs = append(errs, publisher.Publish(ctx, channel, event, data, socket))
	}
	return errors.Join(errs...)
}
