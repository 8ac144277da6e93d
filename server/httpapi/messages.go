package httpapi

import (
	"net/http"
	"time"

	"chatbot/server/auth"
	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// postMessage answers POST …/messages.
func (a *API) postMessage(w http.ResponseWriter, r *http.Request) error {
	var send wire.SendRequest
	if err := readJSON(w, r, &send, false); err != nil {
		return err
	}
	caller, err := a.sender(r, send.Author)
	if err != nil {
		return err
	}
	if err := send.Validate(); err != nil {
		return err
	}
	m, created, err := a.Chat.Send(r.Context(), caller, send)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if !created {
		status = http.StatusOK
	}
	return writeJSON(w, status, wire.SendAnswer{Message: m})
}

// sender is who a message comes from. Visitors may send so many.
func (a *API) sender(r *http.Request, author *wire.Author) (chat.Caller, error) {
	caller, err := a.actor(r, author)
	if err == nil && caller.Participant.Role == wire.RoleVisitor {
		err = a.limit(a.messages, r, caller.Site)
	}
	return caller, err
}

// getMessages answers GET …/messages.
func (a *API) getMessages(w http.ResponseWriter, r *http.Request) error {
	id, waiter, err := a.reader(r)
	if err != nil {
		return err
	}
	read, err := parseRead(r)
	if err != nil {
		return err
	}
	read.Reader = waiter
	if read.Wait == 0 {
		return a.answerPage(w, r, id, read)
	}
	release, ok := a.acquireWait(waiter, auth.Network(a.remoteIP(r)))
	if !ok {
		return &wire.Error{Code: wire.CodeTooManyWaiting, Message: "Too many polls are waiting already. Ask without wait.", RetryAfter: 2}
	}
	if read.Since != nil && a.mayPark(w, r) {
		return a.park(w, r, id, read, release)
	}
	defer release()
	read.Stop = a.Stopping
	if err := a.Chat.Await(r.Context(), id, read); err != nil {
		return err
	}
	return a.answerWaited(w, r, id, read)
}

// answerWaited answers a poll that has waited. Its token may have been revoked
// meanwhile; but it says nothing of the visitor, whose call was a while ago.
func (a *API) answerWaited(w http.ResponseWriter, r *http.Request, id string, read *chat.Read) error {
	if err := r.Context().Err(); err != nil {
		return err // nobody is there to be answered
	}
	if !a.ServerKey.Matches(bearer(r)) {
		if _, err := a.participant(r); err != nil {
			return err
		}
	}
	read.Wait = 0
	return a.answerPage(w, r, id, read)
}

func (a *API) answerPage(w http.ResponseWriter, r *http.Request, id string, read *chat.Read) error {
	page, err := a.Chat.Messages(r.Context(), id, *read)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, page)
}

// acquireWait takes a place among the waiting polls of a reader and of a network
// address, which release gives back, to be called once.
func (a *API) acquireWait(waiter, address string) (release func(), ok bool) {
	one, ok := a.waits.Acquire(waiter)
	if !ok {
		return nil, false
	}
	other, ok := a.addressWaits.Acquire(address)
	if !ok {
		one()
		return nil, false
	}
	a.waiting.Add(1)
	return func() { one(); other(); a.waiting.Add(-1) }, true
}

// Waiting is how many polls are held open now.
func (a *API) Waiting() int { return int(a.waiting.Load()) }

// byServer is who reads with the server key: nobody's id.
const byServer = "server"

// reader is the conversation that may be read, and who reads it.
func (a *API) reader(r *http.Request) (id, waiter string, err error) {
	if a.ServerKey.Matches(bearer(r)) {
		if id, err = conversationID(r); err == nil {
			err = a.Chat.Exists(r.Context(), id)
		}
		return id, byServer, err
	}
	caller, err := a.caller(r)
	return caller.Conversation, caller.Participant.ID, err
}

func parseRead(r *http.Request) (*chat.Read, error) {
	read := &chat.Read{}
	q := r.URL.Query()
	given := 0
	for _, name := range []string{"since", "after", "before"} {
		if q.Has(name) {
			given++
		}
	}
	if given > 1 {
		return nil, wire.NewError(wire.CodeInvalidField, "Only one of since, after and before may be given.")
	}
	limit, err := queryInt(q, "limit", 1, wire.MaxPageSize, wire.DefaultPageSize)
	if err != nil {
		return nil, err
	}
	wait, err := queryInt(q, "wait", 0, wire.MaxWaitSeconds, 0)
	if err != nil {
		return nil, err
	}
	read.Limit, read.Wait, read.Signals = int(limit), time.Duration(wait)*time.Second, q.Get("signals")
	switch {
	case q.Has("since"):
		cursor, err := wire.ParseCursor(q.Get("since"))
		if err != nil {
			return nil, err
		}
		read.Since = &cursor
	case q.Has("after"):
		seq, err := queryInt(q, "after", 0, 1<<62, 0)
		if err != nil {
			return nil, err
		}
		read.After = &seq
	case q.Has("before"):
		seq, err := queryInt(q, "before", 1, 1<<62, 1)
		if err != nil {
			return nil, err
		}
		read.Before = &seq
	}
	return read, nil
}
