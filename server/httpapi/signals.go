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

// gesture is who does something smaller than writing. It is charged to each
// visitor alone: many may sit behind one address.
func (a *API) gesture(r *http.Request, author *wire.Author) (chat.Caller, error) {
	caller, err := a.actor(r, author)
	if err == nil && caller.Participant.Role == wire.RoleVisitor {
		err = a.charge(a.gestures, caller.Participant.ID)
	}
	return caller, err
}
