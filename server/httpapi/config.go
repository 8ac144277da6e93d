package httpapi

import (
	"net/http"
	"strconv"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

// getConfig answers GET /api/chatbot/config.
func (a *API) getConfig(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, a.configFor(r))
}

// configFor is the config as a client has to have it. The host is always the
// configured one; where a trusted proxy ends TLS before this server, it says https.
func (a *API) configFor(r *http.Request) wire.Config {
	c := a.Config
	if a.OwnReverb && c.Reverb.Scheme == "http" && auth.Secure(r, a.TrustedProxies) {
		c.Reverb.Scheme, c.Reverb.ForceTLS, c.Reverb.Port = "https", true, 443
		if port, err := strconv.Atoi(r.Header.Get("X-Forwarded-Port")); err == nil && port > 0 && port < 1<<16 {
			c.Reverb.Port = port
		}
	}
	return c
}
