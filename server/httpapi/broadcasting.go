package httpapi

import (
	"cmp"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"

	"chatbot/server/auth"
	"chatbot/server/pusher/signature"
	"chatbot/widget/wire"
)

// Endpoint is what a realtime endpoint of our own does for participants.
type Endpoint interface {
	// Claim notes that a participant has authorized a connection; false is a
	// refusal, because too many have.
	Claim(socketID, participant string) bool
	// Terminate ends all connections that a participant has authorized.
	Terminate(participant string)
}

type noEndpoint struct{}

func (noEndpoint) Claim(string, string) bool { return true }
func (noEndpoint) Terminate(string)          {}

// postChannelAuth answers POST /api/chatbot/broadcasting/auth: a signature for
// the caller's own conversation's channels, and for no other.
func (a *API) postChannelAuth(w http.ResponseWriter, r *http.Request) error {
	var ask wire.ChannelAuthRequest
	if err := readForm(w, r, &ask); err != nil {
		return err
	}
	v, provider, err := a.signIn(r, ask.SocketID, ask.Provider)
	if err != nil {
		return err
	}
	if id, ok := wire.ConversationOf(ask.ChannelName); !ok || id != v.Conversation {
		return wire.NewError(wire.CodeForbidden, "This channel is not yours.")
	}
	answer := wire.ChannelAuth{}
	if ask.ChannelName == wire.PresenceChannel(v.Conversation) {
		data, err := json.Marshal(map[string]any{
			"user_id":   userID(v),
			"user_info": map[string]any{"role": wire.RoleVisitor},
		})
		if err != nil {
			return err
		}
		answer.ChannelData = string(data)
	}
	signer := a.Signers[provider]
	answer.Auth = signature.Channel(signer.Key, signer.Secret, ask.SocketID, ask.ChannelName, answer.ChannelData)
	a.Sockets.Authorize(v.Participant, provider, ask.SocketID)
	if err := a.claim(r, v, provider, ask.SocketID); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, answer)
}

// claim has the endpoint know whose the connection is. The token is looked at once
// more after that: one that was given back meanwhile may have been too early to
// end this connection.
func (a *API) claim(r *http.Request, v auth.Visitor, provider wire.Provider, socketID string) error {
	if provider != wire.ProviderReverb {
		return nil
	}
	if !a.Endpoint.Claim(socketID, v.Participant) {
		return wire.NewError(wire.CodeForbidden, "This connection was authorized for as many participants as it may have channels.")
	}
	_, err := a.visitor(r)
	if err != nil {
		a.Endpoint.Terminate(v.Participant)
	}
	return err
}

// postUserAuth answers POST /api/chatbot/broadcasting/user-auth.
func (a *API) postUserAuth(w http.ResponseWriter, r *http.Request) error {
	var ask wire.UserAuthRequest
	if err := readForm(w, r, &ask); err != nil {
		return err
	}
	v, provider, err := a.signIn(r, ask.SocketID, ask.Provider)
	if err != nil {
		return err
	}
	if err := a.claim(r, v, provider, ask.SocketID); err != nil {
		return err
	}
	signer := a.Signers[provider]
	data, err := json.Marshal(map[string]string{"id": userID(v)})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.UserAuth{
		Auth:     signature.User(signer.Key, signer.Secret, ask.SocketID, string(data)),
		UserData: string(data),
	})
}

// signIn checks what every authorization has in common. Without a provider, as
// Pusher clients ask unless they are told to name one, it is the first of the
// config answer.
func (a *API) signIn(r *http.Request, socketID string, asked wire.Provider) (v auth.Visitor, provider wire.Provider, err error) {
	if v, err = a.visitor(r); err != nil {
		return v, "", err
	}
	if !wire.ValidSocketID(socketID) {
		return v, "", invalidSocketID()
	}
	provider = cmp.Or(asked, a.Config.RealtimeProvider)
	if _, ok := a.Signers[provider]; !ok {
		return v, "", wire.NewError(wire.CodeInvalidField, "provider must be one of those that the config answer lists.")
	}
	return v, provider, nil
}

// userID keeps the ids that this server gives to realtime users apart from any
// that another service of the same Pusher application may use.
func userID(v auth.Visitor) string { return "visitor-" + v.Participant }

// readForm decodes what Pusher clients send: a form by default, JSON if told
// so. Echo adds fields of its own to a form, so those that are not known are
// passed over here.
func readForm(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	switch media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media {
	case "application/json":
		return decodeStrict(body, v)
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return wire.NewError(wire.CodeInvalidJSON, "The body must be a valid form.")
		}
		fields := map[string]string{}
		for name := range form {
			fields[name] = form.Get(name)
		}
		encoded, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		return json.Unmarshal(encoded, v)
	}
	return wire.NewError(wire.CodeUnsupportedMedia, "The body must be a form (application/x-www-form-urlencoded) or JSON (application/json).")
}
