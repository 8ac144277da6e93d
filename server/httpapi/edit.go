package httpapi

import (
	"net/http"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// patchMessage answers PATCH …/messages/{message}: another text, or more of one
// that a site's backend is writing.
func (a *API) patchMessage(w http.ResponseWriter, r *http.Request) error {
	var edit wire.EditRequest
	if err := readJSON(w, r, &edit, false); err != nil {
		return err
	}
	return a.change(w, r, a.sender, func(c chat.Caller, messageID string) (wire.Message, error) {
		if edit.Append != "" || edit.Status != "" {
			return a.Chat.Write(r.Context(), c, messageID, edit)
		}
		return a.Chat.Edit(r.Context(), c, messageID, edit.Body)
	})
}

// deleteMessage answers DELETE …/messages/{message}.
func (a *API) deleteMessage(w http.ResponseWriter, r *http.Request) error {
	return a.change(w, r, a.sender, func(c chat.Caller, messageID string) (wire.Message, error) {
		return a.Chat.Remove(r.Context(), c, messageID)
	})
}

// postStop answers POST …/messages/{message}/stop.
func (a *API) postStop(w http.ResponseWriter, r *http.Request) error {
	if err := readJSON(w, r, &struct{}{}, true); err != nil {
		return err
	}
	return a.change(w, r, a.gesture, func(c chat.Caller, messageID string) (wire.Message, error) {
		return a.Chat.Stop(r.Context(), c, messageID)
	})
}

// putReaction answers PUT …/messages/{message}/reactions/{emoji}.
func (a *API) putReaction(w http.ResponseWriter, r *http.Request) error { return a.react(w, r, true) }

// deleteReaction answers DELETE …/messages/{message}/reactions/{emoji}.
func (a *API) deleteReaction(w http.ResponseWriter, r *http.Request) error {
	return a.react(w, r, false)
}

func (a *API) react(w http.ResponseWriter, r *http.Request, on bool) error {
	return a.change(w, r, a.gesture, func(c chat.Caller, messageID string) (wire.Message, error) {
		return a.Chat.React(r.Context(), c, messageID, r.PathValue("emoji"), on)
	})
}

// change has who changes the message in the path, and answers with its new form.
func (a *API) change(w http.ResponseWriter, r *http.Request, who func(*http.Request, *wire.Author) (chat.Caller, error), do func(chat.Caller, string) (wire.Message, error)) error {
	caller, err := who(r, nil)
	if err != nil {
		return err
	}
	id := r.PathValue("message")
	if !wire.ValidID(id) {
		return wire.NewError(wire.CodeNotFound, "There is no such message for you.")
	}
	m, err := do(caller, id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.SendAnswer{Message: m})
}
