package httpapi

import "net/http"

// getConfig answers GET /api/chatbot/config.
func (a *API) getConfig(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, a.Config)
}
