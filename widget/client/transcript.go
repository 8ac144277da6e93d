package client

import (
	"context"
	"time"

	"chatbot/widget/session"
)

// transcriptTimeout bounds the download of a whole conversation.
const transcriptTimeout = 5 * time.Minute

// SaveTranscript has the browser keep the whole conversation as a file, in a
// language and with the times of a zone. What goes wrong the visitor is told. It
// returns at once and may be called from any goroutine.
func (c *Client) SaveTranscript(ctx context.Context, lang, zone string) {
	state := c.State()
	conversation := c.conversation(state.ConversationID)
	if !state.Leading() { // the token may have come to the leader since this tab was opened
		conversation = c.options.API.Conversation(state.ConversationID, c.kept().Token)
	}
	go func() {
		limited, cancel := context.WithTimeout(ctx, transcriptTimeout)
		defer cancel()
		if err := conversation.SaveTranscript(limited, lang, zone); err != nil {
			c.Do(session.Refused{Failure: failure(err)})
		}
	}()
}
