package client

import (
	"encoding/json"

	"chatbot/widget/session"
)

// storageKey is the one key under which everything is kept.
const storageKey = "conversation"

// kept is what outlives the page.
type kept struct {
	Token string `json:"token,omitempty"`
	session.Saved
}

// load reads what was kept. What cannot be read counts as nothing.
func (c *Client) load() session.Saved {
	text, ok := c.options.Storage.Get(storageKey)
	var k kept
	if !ok || json.Unmarshal([]byte(text), &k) != nil {
		return session.Saved{}
	}
	c.token = k.Token
	return k.Saved
}

// save keeps s, together with the token.
func (c *Client) save(s session.Saved) {
	if s.ConversationID == "" && len(s.Outbox) == 0 {
		c.forget()
		return
	}
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	encoded, err := json.Marshal(kept{Token: token, Saved: s})
	if err != nil || !c.options.Storage.Set(storageKey, string(encoded)) {
		c.unsaved()
	}
}

// forget drops the token and everything kept.
func (c *Client) forget() {
	c.mu.Lock()
	c.token = ""
	c.mu.Unlock()
	if !c.options.Storage.Remove(storageKey) {
		c.unsaved()
	}
}

// unsaved is told once: it stays true for as long as the page lives.
func (c *Client) unsaved() {
	if !c.State().Unsaved {
		c.Do(session.Unsaved{})
	}
}
