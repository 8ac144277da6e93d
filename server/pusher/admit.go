package pusher

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gobwas/ws"
)

// maxRefusing bounds how many refusals are being explained inside a WebSocket;
// beyond it a refusal is a plain 503.
const maxRefusing = 256

var (
	upgrader   = ws.HTTPUpgrader{Timeout: 10 * time.Second}
	terminated = protocolError{Code: 4009, Message: "The application has ended this user's connections."}
	restarting = protocolError{Code: 4200, Message: "The server is restarting. Connect again."}
)

// connect accepts a connection. Every refusal that a protocol client should
// understand is made inside the WebSocket: browsers hide HTTP errors from it.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	c := &conn{server: s, address: s.RemoteIP(r), socketID: newSocketID()}
	refusal, reason := s.admit(c, r)
	if refusal != nil {
		s.countDrop(reason)
		if s.refusing.Add(1) > maxRefusing {
			s.refusing.Add(-1)
			w.Header().Set("Retry-After", "1")
			http.Error(w, refusal.Message, http.StatusServiceUnavailable)
			return
		}
	}
	socket, buffered, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		if socket != nil {
			socket.Close() // Upgrade has answered
		}
		s.leave(c, refusal != nil)
		return
	}
	// What the client has sent behind its request waits in net/http's buffer,
	// which is freed with the request.
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	c.use(socket, append([]byte(nil), early...))
	c.serve(refusal)
}

// admit checks what the connection asks for and takes it in, or says why not,
// to the client and to the operator.
func (s *Server) admit(c *conn, r *http.Request) (refusal *protocolError, reason string) {
	c.app = s.byKey[r.PathValue("key")]
	switch {
	case r.PathValue("key") == "":
		return &protocolError{Code: 4005, Message: "Connect to /app/ and the application's key."}, "path"
	case c.app == nil:
		return &protocolError{Code: 4001, Message: "There is no application with this key."}, "unknown key"
	case c.app.Disabled:
		return &protocolError{Code: 4003, Message: "This application is disabled."}, "disabled"
	case c.app.ForceTLS && !s.Secure(r):
		return &protocolError{Code: 4000, Message: "This application is served over TLS only. Connect by wss."}, "no TLS"
	case s.AllowedOrigins != nil && !s.AllowedOrigins(r.Header.Get("Origin")):
		return &protocolError{Code: 4009, Message: "Pages of this origin may not connect."}, "origin"
	}
	if refusal := checkProtocol(r.URL.Query().Get("protocol")); refusal != nil {
		return refusal, "protocol"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return &restarting, "shutdown"
	case c.app.MaxConnections > 0 && c.app.connections >= c.app.MaxConnections:
		return &protocolError{Code: 4004, Message: "The application has as many connections as it may have."}, "quota"
	case len(s.all) >= s.Limits.Connections:
		return &protocolError{Code: 4100, Message: "The server has as many connections as it can hold."}, "over capacity"
	case s.byAddress[c.address] >= s.Limits.ConnectionsPerAddress:
		return &protocolError{Code: 4100, Message: "There are too many connections from this address."}, "address"
	}
	s.open.Add(1)
	s.all[c.socketID] = c
	s.byAddress[c.address]++
	c.app.connections++
	return nil, ""
}

// leave undoes what connect has counted.
func (s *Server) leave(c *conn, refused bool) {
	if refused {
		s.refusing.Add(-1)
		return
	}
	defer s.open.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c.socketID)
	c.app.connections--
	if s.byAddress[c.address]--; s.byAddress[c.address] == 0 {
		delete(s.byAddress, c.address)
	}
}

// checkProtocol takes versions 5 to 7, which differ in nothing that is served
// here.
func checkProtocol(version string) *protocolError {
	if version == "" {
		return &protocolError{Code: 4008, Message: "Name a protocol version: ?protocol=7."}
	}
	n, err := strconv.ParseUint(version, 10, 32)
	if err != nil {
		return &protocolError{Code: 4006, Message: "The protocol version must be a number: ?protocol=7."}
	}
	if n < 5 || n > 7 {
		return &protocolError{Code: 4007, Message: "This protocol version is not spoken here. Use 7."}
	}
	return nil
}
