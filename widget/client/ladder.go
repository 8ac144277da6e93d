package client

import (
	"context"
	"encoding/json"
	"time"

	"chatbot/widget/realtime"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// authorize gets the leave to subscribe to a conversation's channel.
func (c *Client) authorize(ctx context.Context, conversationID, endpoint string, r wire.ChannelAuthRequest) (wire.ChannelAuth, error) {
	return c.conversation(conversationID).Authorize(ctx, endpoint, r)
}

// fetch asks for what changed since the cursor, and returns once that is
// applied: the next fetch begins where this one ended.
func (c *Client) fetch(ctx context.Context, conversationID string, wait int) (realtime.Fetched, error) {
	c.mu.Lock()
	since, tag := c.state.Cursor, c.signalTag
	c.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, callTimeout+time.Duration(wait)*time.Second)
	defer cancel()
	page, err := c.conversation(conversationID).Changes(limited, since, wait, tag)
	if ctx.Err() != nil {
		return realtime.Fetched{}, ctx.Err()
	}
	if err != nil {
		c.Apply(ctx, session.FetchFailed{ConversationID: conversationID, Failure: failure(err)})
		return realtime.Fetched{}, err
	}
	c.Apply(ctx, session.PageFetched{ConversationID: conversationID, Page: page})
	c.mu.Lock()
	c.signalTag = page.SignalTag
	c.mu.Unlock()
	return realtime.Fetched{Changed: page.Cursor != since || page.SignalTag != tag, More: page.HasMore}, nil
}

// heard takes what the ladder reports.
func (c *Client) heard(e realtime.Event) {
	switch e := e.(type) {
	case realtime.Up:
		c.Do(session.SocketUp{Provider: e.Provider, Address: e.Address})
	case realtime.Down:
		c.Do(session.SocketDown{Provider: e.Provider, Reason: e.Reason})
	case realtime.Subscribed:
		c.Do(session.Subscribed{Provider: e.Provider, ConversationID: e.ConversationID})
	case realtime.ConfigWanted:
		c.Do(session.ConfigWanted{})
	case realtime.Failed:
		c.Do(session.SocketFailed{Provider: e.Provider, Reason: e.Reason})
	case realtime.Received:
		c.received(e)
	}
}

// received is an event of the conversation's channel. One that cannot be read
// says that something changed, but not what.
func (c *Client) received(e realtime.Received) {
	switch e.Name {
	case wire.EventMessageReceived, wire.EventMessageUpdated:
		var m wire.MessageEvent
		if err := json.Unmarshal(e.Data, &m); err != nil {
			m = wire.MessageEvent{}
		}
		c.Do(session.Changed{ConversationID: e.ConversationID, Provider: e.Provider, Message: m.Message, Rev: m.Rev, Epoch: m.Epoch})
	case wire.EventParticipantUpdated:
		var p wire.ParticipantEvent
		change := session.Changed{ConversationID: e.ConversationID, Provider: e.Provider}
		if err := json.Unmarshal(e.Data, &p); err == nil && p.Participant.ID != "" {
			change.Participant, change.Rev, change.Epoch = &p.Participant, p.Rev, p.Epoch
		}
		c.Do(change)
	case wire.EventMessageDelta:
		var d wire.MessageDelta
		if err := json.Unmarshal(e.Data, &d); err == nil { // one that is lost is missed with the next
			c.Do(session.Streamed{ConversationID: e.ConversationID, Delta: d})
		}
	case wire.EventSignal:
		var s wire.Signal
		if err := json.Unmarshal(e.Data, &s); err == nil { // one that is lost passes by itself
			c.Do(session.Signalled{ConversationID: e.ConversationID, Signal: s})
		}
	}
}
