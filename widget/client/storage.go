package client

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// The keys of the storage. The outbox is kept entry by entry, so that two tabs
// may write at the same time without one undoing what the other has done.
const (
	keyConversation = "conversation"
	keyLeader       = "leader"  // the name of the tab that took the lead last
	prefixEntry     = "out."    // and a client id
	prefixRevoke    = "revoke." // and the id of a conversation whose token is to be revoked
)

// kept is what outlives the page besides the outbox.
type kept struct {
	Token string `json:"token,omitempty"`
	// At is when it was kept, in Unix milliseconds. The boot script looks at it
	// to see whether the talk is fresh.
	At int64 `json:"at"`
	session.Saved
}

// kept reads what was kept of the conversation. What cannot be read counts as
// nothing.
func (c *Client) kept() (k kept) {
	if text, ok := c.options.Storage.Get(keyConversation); ok && json.Unmarshal([]byte(text), &k) != nil {
		return kept{}
	}
	return k
}

// load reads all that was kept.
func (c *Client) load() session.Saved {
	k := c.kept()
	c.mu.Lock()
	c.token = k.Token
	c.mu.Unlock()
	c.entries = map[string]session.Entry{}
	for _, key := range c.options.Storage.Keys() {
		var e session.Entry
		if !strings.HasPrefix(key, prefixEntry) {
			continue
		}
		if text, ok := c.options.Storage.Get(key); ok && json.Unmarshal([]byte(text), &e) == nil && e.ClientID != "" {
			k.Outbox = append(k.Outbox, e)
			c.entries[e.ClientID] = e
		}
	}
	return k.Saved
}

// saveEvery is how often what may wait is stored all the same, in milliseconds.
const saveEvery wire.Time = 10_000

// saveOrPut keeps what is to be saved, or puts off what may wait: in a flow of
// messages every one of them would be written down.
func (c *Client) saveOrPut(s session.Save) {
	c.putOff = s.Lazy && c.options.Now()-c.savedAt < saveEvery
	if !c.putOff {
		c.save(s.Saved)
	}
}

// saveRest keeps what was put off: nobody may come back to this page.
func (c *Client) saveRest() {
	if s := c.State(); c.putOff && s.Leading() {
		c.save(s.Saved())
	}
	c.putOff = false
}

// save keeps s, together with the token.
func (c *Client) save(s session.Saved) {
	c.savedAt = c.options.Now()
	for _, e := range s.Outbox {
		if c.entries[e.ClientID] != e {
			c.keep(e)
		}
	}
	c.saveConversation(s)
	waiting := map[string]bool{}
	for _, e := range s.Outbox {
		waiting[e.ClientID] = true
	}
	for id := range c.entries {
		if !waiting[id] {
			delete(c.entries, id)
			c.drop(prefixEntry + id)
		}
	}
}

func (c *Client) saveConversation(s session.Saved) {
	if s.ConversationID == "" && s.UserID == "" && s.Join.Code == "" {
		c.drop(keyConversation)
		return
	}
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	c.set(keyConversation, kept{Token: token, At: int64(c.options.Now()), Saved: s})
}

// keep stores one entry of the outbox.
func (c *Client) keep(e session.Entry) {
	c.entries[e.ClientID] = e
	c.set(prefixEntry+e.ClientID, e)
}

// adopt makes token the one for all calls. What of this conversation was still to
// be revoked no longer is: it would end this token with the one that was given up.
func (c *Client) adopt(token string) {
	c.mu.Lock()
	c.token = token
	id := c.state.ConversationID
	c.mu.Unlock()
	if token != "" {
		c.options.Storage.Remove(prefixRevoke + id)
	}
}

// forget drops the conversation, and has the server refuse its token. What is
// to be revoked is kept until that has succeeded.
func (c *Client) forget(ctx context.Context) {
	c.mu.Lock()
	token := c.token
	c.token = ""
	c.mu.Unlock()
	id := c.conversationOf(token)
	c.drop(keyConversation)
	if token == "" || id == "" {
		return
	}
	c.set(prefixRevoke+id, token)
	c.revoke(ctx, id, token)
}

// conversationOf is the conversation that the token in storage is for.
func (c *Client) conversationOf(token string) string {
	text, ok := c.options.Storage.Get(keyConversation)
	var k kept
	if !ok || json.Unmarshal([]byte(text), &k) != nil || k.Token != token {
		return ""
	}
	return k.ConversationID
}

// revokeRest tries again what did not succeed the last time.
func (c *Client) revokeRest(ctx context.Context) {
	for _, key := range c.options.Storage.Keys() {
		id, ok := strings.CutPrefix(key, prefixRevoke)
		text, kept := c.options.Storage.Get(key)
		var token string
		if ok && kept && json.Unmarshal([]byte(text), &token) == nil {
			c.revoke(ctx, id, token)
		}
	}
}

// revoke has the server refuse a token. Whoever signs in meanwhile waits for it:
// the server refuses all that it has given the visitor until then.
func (c *Client) revoke(ctx context.Context, id, token string) {
	conversation := c.options.API.Conversation(id, token)
	before, done := c.revoking, make(chan struct{})
	c.revoking = done
	go func() {
		defer close(done)
		limited, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		if revoked(conversation.Revoke(limited)) {
			c.options.Storage.Remove(prefixRevoke + id)
		}
		wait(before)
	}()
}

// revoked reports whether a token is good for nothing any more, by what came of
// revoking it.
func revoked(err error) bool {
	var refusal *wire.Error
	if !errors.As(err, &refusal) {
		return err == nil
	}
	switch refusal.Code {
	case wire.CodeUnauthorized, wire.CodeTokenExpired, wire.CodeTokenRevoked, wire.CodeForbidden, wire.CodeNotFound:
		return true
	}
	return false
}

// wait waits until done is closed: not for longer than calls take. A nil done is
// none.
func wait(done <-chan struct{}) {
	if done != nil {
		<-done
	}
}

func (c *Client) set(key string, v any) {
	encoded, err := json.Marshal(v)
	if err != nil || !c.options.Storage.Set(key, string(encoded)) {
		c.unsaved()
	}
}

func (c *Client) drop(key string) {
	if !c.options.Storage.Remove(key) {
		c.unsaved()
	}
}

// unsaved is told once: it stays true for as long as the page lives.
func (c *Client) unsaved() {
	if !c.State().Unsaved {
		c.Do(session.Unsaved{})
	}
}
