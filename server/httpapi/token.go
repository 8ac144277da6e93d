package httpapi

import (
	"net/http"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// postToken answers POST …/token: a new token for a caller with a valid one.
func (a *API) postToken(w http.ResponseWriter, r *http.Request) error {
	if err := readJSON(w, r, &struct{}{}, true); err != nil {
		return err
	}
	if _, err := a.caller(r); err != nil {
		return err
	}
	var answer wire.TokenAnswer
	var err error
	if answer.Token, answer.ExpiresAt, err = a.Tokens.Renew(bearer(r), a.Clock); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, answer)
}

// deleteToken answers DELETE …/token: every token of the caller is refused from
// now on, waiting polls are answered so, and realtime connections end.
func (a *API) deleteToken(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.participant(r)
	if err != nil {
		return err
	}
	participant := caller.Participant.ID
	err = a.Tokens.Revoke(bearer(r), a.Clock, func(at, expires wire.Time) error {
		return a.Chat.Revoke(r.Context(), chat.Revocation{Subject: participant, At: at, ExpiresAt: expires})
	})
	if err != nil {
		return err
	}
	if err := a.Chat.Presence(r.Context(), caller, wire.SignalOffline); err != nil {
		a.Logger.Warn("leaving was not told", "request", requestID(r), "error", err)
	}
	a.Chat.Wake(caller.Conversation)
	a.Sockets.Forget(participant)
	a.Endpoint.Terminate(participant)
	return noContent(w)
}
