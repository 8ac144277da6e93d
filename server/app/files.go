package app

import (
	"io/fs"
	"sync"

	"chatbot/assets"
	"chatbot/server/httpapi"
)

// builtFiles shows the embedded widget to the HTTP API.
type builtFiles struct {
	kept sync.Map // the contents that were read, by name
}

var _ httpapi.Files = (*builtFiles)(nil)

// Read gives a stored file: the same bytes to all who ask, however many are slow to
// take them.
func (b *builtFiles) Read(stored string) ([]byte, error) {
	if content, ok := b.kept.Load(stored); ok {
		return content.([]byte), nil
	}
	content, err := fs.ReadFile(assets.Dist(), stored)
	if err != nil {
		return nil, err
	}
	b.kept.Store(stored, content)
	return content, nil
}

// File describes the file that is asked for by name.
func (*builtFiles) File(name string) (httpapi.File, bool) {
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
