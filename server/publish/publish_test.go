package publish_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"chatbot/server/chat"
	"chatbot/server/publish"
	"chatbot/widget/wire"
)

// ear is a provider that notes what it hears.
type ear struct {
	heard []string
	err   error
}

func (e *ear) Publish(_ context.Context, channel, event string, data []byte, exceptSocket string) error {
	e.heard = append(e.heard, fmt.Sprint(channel, " ", event, " ", string(data), " ", exceptSocket))
	return e.err
}

// Everybody hears everything, but for a socket at the provider that knows it.
func TestFanout(t *testing.T) {
	broken := errors.New("broken")
	pusher, reverb := &ear{err: broken}, &ear{}
	f := publish.Fanout{wire.ProviderPusher: pusher, wire.ProviderReverb: reverb}
	for _, except := range []chat.Socket{{}, {Provider: wire.ProviderPusher, ID: "1.1"}, {Provider: wire.ProviderReverb, ID: "1.1"}, {ID: "1.1"}} {
		if err := f.Publish(t.Context(), "c", "e", []byte("d"), except); !errors.Is(err, broken) {
			t.Errorf("the error is %v", err)
		}
	}
	if want := []string{"c e d ", "c e d 1.1", "c e d ", "c e d 1.1"}; !slices.Equal(pusher.heard, want) {
		t.Errorf("Pusher heard %q", pusher.heard)
	}
	if want := []string{"c e d ", "c e d ", "c e d 1.1", "c e d 1.1"}; !slices.Equal(reverb.heard, want) {
		t.Errorf("Reverb heard %q", reverb.heard)
	}
	if err := (publish.Fanout{}).Publish(t.Context(), "c", "e", nil, chat.Socket{}); err != nil {
		t.Error(err)
	}
}
