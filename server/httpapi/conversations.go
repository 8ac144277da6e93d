package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"chatbot/server/auth"
	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// postConversation answers POST /api/chatbot/conversations: an identity and the
// token that proves it. No conversation is stored yet. A user whom the site vouches
// for gets the one that is there.
func (a *API) postConversation(w http.ResponseWriter, r *http.Request) error {
	var create wire.CreateRequest
	if err := readJSON(w, r, &create, true); err != nil {
		return err
	}
	site, err := a.site(r)
	if err != nil {
		return err
	}
	if err := a.limit(a.conversations, r, site); err != nil {
		return err
	}
	if create.User == nil {
		return a.admit(w, http.StatusCreated, a.Chat.Begin(), site)
	}
	return a.signInUser(w, r, *create.User, site)
}

// signInUser admits a user of the site, with the same conversation on every
// device.
func (a *API) signInUser(w http.ResponseWriter, r *http.Request, u wire.User, site string) error {
	if err := u.Validate(); err != nil {
		return err
	}
	if err := a.Identities.Verify(site, u, a.Clock()); err != nil {
		return err
	}
	session, known, err := a.Chat.SignIn(r.Context(), site, u)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if known {
		status = http.StatusOK
	}
	return a.admit(w, status, session, site)
}

// postJoin answers POST /api/chatbot/conversations/join.
func (a *API) postJoin(w http.ResponseWriter, r *http.Request) error {
	var join wire.JoinRequest
	if err := readJSON(w, r, &join, false); err != nil {
		return err
	}
	if err := join.Validate(); err != nil {
		return err
	}
	site, err := a.site(r)
	if err != nil {
		return err
	}
	if err := a.limit(a.conversations, r, site); err != nil {
		return err
	}
	nonce := ""
	if join.Nonce != "" {
		nonce = auth.HashInvitation(join.Nonce)
	}
	session, known, err := a.Chat.Join(r.Context(), auth.HashInvitation(join.Code), nonce, join.Name)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if known {
		status = http.StatusOK
	}
	return a.admit(w, status, session, site)
}

// admit answers with a session and a token for it.
func (a *API) admit(w http.ResponseWriter, status int, session wire.Session, site string) error {
	var err error
	session.Token, session.ExpiresAt, err = a.Tokens.Issue(auth.Visitor{
		Participant:  session.Participant.ID,
		Conversation: session.Conversation.ID,
		Site:         site,
	}, a.Clock())
	if err != nil {
		return err
	}
	return writeJSON(w, status, session)
}

// getConversation answers GET /api/chatbot/conversations/{id}: the badge.
func (a *API) getConversation(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.caller(r)
	if err != nil {
		return err
	}
	badge, err := a.Chat.Badge(r.Context(), caller)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, badge)
}

// postRead answers POST …/read.
func (a *API) postRead(w http.ResponseWriter, r *http.Request) error {
	var read wire.ReadRequest
	if err := readJSON(w, r, &read, false); err != nil {
		return err
	}
	caller, err := a.caller(r)
	if err != nil {
		return err
	}
	seq, err := a.Chat.MarkRead(r.Context(), caller, read.Seq, read.Delivered)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.ReadAnswer{ReadSeq: seq})
}

// postInvitation answers POST …/invitations with a one-use code.
func (a *API) postInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := readJSON(w, r, &struct{}{}, true); err != nil {
		return err
	}
	caller, err := a.caller(r)
	if err != nil {
		return err
	}
	if err := a.limit(a.conversations, r, caller.Site); err != nil {
		return err
	}
	code, hash := auth.NewInvitationCode()
	expires, err := a.Chat.Invite(r.Context(), caller, hash)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, wire.Invitation{Code: code, ExpiresAt: expires})
}

// deleteConversation answers DELETE /api/chatbot/conversations/{id}, for holders of
// the server key: nothing of the conversation is left, and whoever was in it is
// told so by their next call.
func (a *API) deleteConversation(w http.ResponseWriter, r *http.Request) error {
	if err := a.requireServerKey(r); err != nil {
		return err
	}
	id, err := conversationID(r)
	if err != nil {
		return err
	}
	var participants []string
	err = a.Tokens.RevokeConversation(id, a.Clock, func(at, expires wire.Time) (err error) {
		participants, err = a.Chat.Erase(r.Context(), id, chat.Revocation{Subject: id, At: at, ExpiresAt: expires})
		return err
	})
	if err != nil {
		return err
	}
	for _, participant := range participants {
		a.Sockets.Forget(participant)
		a.Endpoint.Terminate(participant)
	}
	return noContent(w)
}

// listConversations answers GET /api/chatbot/conversations, for holders of the
// server key: the latest conversations, and with wait and after as soon as
// there is something newer.
func (a *API) listConversations(w http.ResponseWriter, r *http.Request) error {
	if err := a.requireServerKey(r); err != nil {
		return err
	}
	q := r.URL.Query()
	limit, err := queryInt(q, "limit", 1, wire.MaxPageSize, wire.DefaultPageSize)
	if err != nil {
		return err
	}
	wait, err := queryInt(q, "wait", 0, wire.MaxWaitSeconds, 0)
	if err != nil {
		return err
	}
	var after wire.Time
	if s := q.Get("after"); s != "" {
		if err := after.UnmarshalText([]byte(s)); err != nil {
			return wire.NewError(wire.CodeInvalidField, "after: "+err.Error())
		}
	}
	list, err := a.Chat.Conversations(r.Context(), chat.ReadList{
		After: after, Limit: int(limit), Wait: time.Duration(wait) * time.Second, Stop: a.Stopping,
	})
	if err != nil {
		return err
	}
	answer := wire.ConversationList{Conversations: []wire.ConversationSummary{}}
	for _, c := range list {
		answer.Conversations = append(answer.Conversations, wire.ConversationSummary{
			ID: c.ID, Site: c.Site, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, LastSeq: c.LastSeq,
		})
	}
	return writeJSON(w, http.StatusOK, answer)
}

// queryInt reads a whole number from the query.
func queryInt(q map[string][]string, name string, low, high, missing int64) (int64, error) {
	values := q[name]
	if len(values) == 0 {
		return missing, nil
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || n < low || n > high {
		return 0, wire.NewError(wire.CodeInvalidField, name+" must be a whole number from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10)+".")
	}
	return n, nil
}

// mayCarry reports whether pages of an origin may carry the widget.
func (a *API) mayCarry(origin string) bool {
	return a.Origins.Allowed(origin) || slices.Contains(a.OwnOrigins, origin)
}

// site is the origin of the page on which the request was made: the one its
// ticket was given out for, or the origin that the browser names. Programs that
// are no browser have none.
func (a *API) site(r *http.Request) (string, error) {
	if ticket := r.Header.Get(wire.HeaderSite); ticket != "" {
		site, err := a.Tickets.Verify(ticket, a.Clock())
		if err != nil {
			return "", err
		}
		if !a.mayCarry(site) {
			return "", wire.NewError(wire.CodeOriginNotAllowed, "This page may no longer use this chat.")
		}
		return site, nil
	}
	return r.Header.Get("Origin"), nil // withCORS has let it through
}
