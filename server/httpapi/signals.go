package httpapi

import (
	"net/http"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// postTyping answers POST …/typing.
func (a *API) postTyping(w http.ResponseWriter, r *http.Request) error {
	var typing wire.TypingRequest
	if err := readJSON(w, r, &typing, false); err != nil {
		return err
	}
	caller, err := a.gesture(r, typing.Author)
	if err != nil {
		return err
	}
	if err := a.Chat.Typing(r.Context(), caller, typing.On); err != nil {
		return err
	}
	return noContent(w)
}

// postPresence answers POST …/presence.
func (a *API) postPresence(w http.ResponseWriter, r *http.Request) error {
	var presence wire.PresenceRequest
	if err := readJSON(w, r, &presence, false); err != nil {
		return err
	}
	caller, err := a.who(r, presence.Author)
	if err != nil {
		return err
	}
	if err := a.chargeGesture(caller); err != nil {
		return err
	}
	if err := a.Chat.Presence(r.Context(), caller, presence.State); err != nil {
		return err
	}
	return noContent(w)
}

// gesture is who does something smaller than writing.
func (a *API) gesture(r *http.Request, author *wire.Author) (chat.Caller, error) {
	caller, err := a.actor(r, author)
	if err != nil {
		return caller, err
	}
	return caller, a.chargeGesture(caller)
}

// chargeGesture charges each visitor alone: many may sit behind one address.
func (a *API) chargeGesture(c chat.Caller) error {
	if c.Participant.Role != wire.RoleVisitor {
		return nil
	}
	return a.charge(a.gestures, c.Participant.ID)
}
