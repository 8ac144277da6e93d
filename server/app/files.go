package app

import (
	"io/fs"

	"chatbot/assets"
	"chatbot/server/httpapi"
)

// builtFiles shows the embedded widget to the HTTP API.
type builtFiles struct{}

var _ httpapi.Files = builtFiles{}

// Read gives a stored file.
func (builtFiles) Read(stored string) ([]byte, error) { return fs.ReadFile(assets.Dist(), stored) }

// File describes the file that is asked for by name.
func (builtFiles) File(name string) (httpapi.File, bool) {
	f, ok := assets.Manifest()[name]
	return httpapi.File{
		Type:      f.Type,
		Immutable: f.Immutable,
		ETag:      `"` + f.SHA256[:min(16, len(f.SHA256))] + `"`,
		Name:      f.Plain.File,
		Brotli:    f.Brotli.File,
		Gzip:      f.Gzip.File,
	}, ok
}
