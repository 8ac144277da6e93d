package httpapi

import (
	_ "embed"
	"net/http"
	"strconv"
)

// openAPI describes every call. It is written by hand; tests hold it against the
// routes and the types of the contract.
//
//go:embed openapi.json
var openAPI []byte

// getOpenAPI answers GET /api/chatbot/openapi.json.
func (a *API) getOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(openAPI)))
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(openAPI) // a client that has gone is no error of ours
	return nil
}
