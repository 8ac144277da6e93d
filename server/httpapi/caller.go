package httpapi

import (
	"net/http"
	"net/netip"
	"strings"

	"chatbot/server/auth"
	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// notFound is the answer for what does not exist and for what is somebody
// else's, so that nobody learns which of the two it was.
func notFound() error {
	return wire.NewError(wire.CodeNotFound, "There is no such conversation for you.")
}

// bearer is the token of the Authorization header, or empty.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// visitor is whom the request's token names.
func (a *API) visitor(r *http.Request) (auth.Visitor, error) {
	token := bearer(r)
	if token == "" {
		return auth.Visitor{}, wire.NewError(wire.CodeUnauthorized, "A token is needed: send Authorization: Bearer TOKEN.")
	}
	return a.Tokens.Verify(token, a.Clock())
}

// caller is the visitor whose token fits the conversation in the path. Whatever
// it is that they ask, they are here.
func (a *API) caller(r *http.Request) (chat.Caller, error) {
	c, err := a.participant(r)
	if err == nil {
		a.Chat.Seen(r.Context(), c)
	}
	return c, err
}

// participant is the caller, who may be about to leave.
func (a *API) participant(r *http.Request) (chat.Caller, error) {
	v, err := a.visitor(r)
	if err != nil {
		return chat.Caller{}, err
	}
	id, err := conversationID(r)
	if err != nil {
		return chat.Caller{}, err
	}
	if id != v.Conversation {
		return chat.Caller{}, notFound()
	}
	socket, err := a.socket(r, v)
	return chat.Caller{
		Participant:  wire.Participant{ID: v.Participant, Role: wire.RoleVisitor},
		Conversation: id,
		Site:         v.Site,
		Socket:       socket,
	}, err
}

// actor is who does something in the conversation in the path, and is here by
// that. Of a site's own backend only a person is whom it names.
func (a *API) actor(r *http.Request, author *wire.Author) (chat.Caller, error) {
	c, err := a.who(r, author)
	if err == nil && (c.Participant.Role == wire.RoleVisitor || author != nil && author.Role == wire.RoleAgent) {
		a.Chat.Seen(r.Context(), c)
	}
	return c, err
}

// who is the visitor that the token names, or whoever the holder of the server
// key speaks as.
func (a *API) who(r *http.Request, author *wire.Author) (chat.Caller, error) {
	if a.ServerKey.Matches(bearer(r)) {
		return a.serverActor(r, author)
	}
	caller, err := a.participant(r)
	if err == nil && author != nil {
		err = wire.NewError(wire.CodeForbidden, "author may be set with the server key only.")
	}
	return caller, err
}

func (a *API) serverActor(r *http.Request, as *wire.Author) (chat.Caller, error) {
	author := wire.Author{ID: "agent", Role: wire.RoleAgent, Name: "Support"}
	if as != nil {
		author = *as
	}
	if author.Role != wire.RoleAgent && author.Role != wire.RoleBot {
		return chat.Caller{}, wire.NewError(wire.CodeInvalidField, "author.role must be agent or bot.")
	}
	if author.ID == "" {
		author.ID = string(author.Role)
	}
	if !wire.ValidID(author.ID) {
		return chat.Caller{}, wire.NewError(wire.CodeInvalidField, "author.id must be 1 to 64 characters of A-Z a-z 0-9 _ and -.")
	}
	if err := wire.ValidateName(author.Name); err != nil {
		return chat.Caller{}, err
	}
	id, err := conversationID(r)
	if err != nil {
		return chat.Caller{}, err
	}
	if err := a.Chat.Exists(r.Context(), id); err != nil {
		return chat.Caller{}, err
	}
	socket, err := namedSocket(r)
	if err != nil {
		return chat.Caller{}, err
	}
	return chat.Caller{
		// The prefix keeps a site's own ids from meeting a visitor's.
		Participant:  wire.Participant{ID: "site-" + author.ID, Role: author.Role, Name: author.Name},
		Conversation: id,
		// A site's own backend passes on which of its pages spoke, as
		// Laravel's toOthers does. It is trusted, and need not know by which
		// provider that page is connected.
		Socket: socket,
	}, nil
}

// socket is the caller's own connection, where it names one that it has
// authorized itself. Anybody else's is as good as none.
func (a *API) socket(r *http.Request, v auth.Visitor) (chat.Socket, error) {
	s, err := namedSocket(r)
	if err != nil || s.ID == "" {
		return s, err
	}
	provider, ok := a.Sockets.Provider(v.Participant, s.ID)
	if !ok {
		return chat.Socket{}, nil
	}
	return chat.Socket{Provider: provider, ID: s.ID}, nil
}

// namedSocket is the connection that the request's header names, of any
// provider.
func namedSocket(r *http.Request) (chat.Socket, error) {
	id := r.Header.Get(wire.HeaderSocketID)
	if id != "" && !wire.ValidSocketID(id) {
		return chat.Socket{}, invalidSocketID()
	}
	return chat.Socket{ID: id}, nil
}

func invalidSocketID() error {
	return wire.NewError(wire.CodeInvalidSocketID, "A socket id is digits, a dot and digits, such as 123.456.")
}

func conversationID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !wire.ValidID(id) {
		return "", notFound()
	}
	return id, nil
}

func (a *API) requireServerKey(r *http.Request) error {
	if !a.ServerKey.Matches(bearer(r)) {
		return wire.NewError(wire.CodeUnauthorized, "The server key is needed: send Authorization: Bearer KEY.")
	}
	return nil
}

// remoteIP is the client's address; forwarded headers count only when they come
// from a trusted proxy.
func (a *API) remoteIP(r *http.Request) netip.Addr { return auth.RemoteIP(r, a.TrustedProxies) }
