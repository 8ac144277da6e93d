// Package manifest describes the built widget: which files there are, under
// which names they are asked for, and in which forms they are stored. The build
// writes it and package assets reads it. Its values are not changed once made.
package manifest

// Name is the manifest's own file in assets/dist.
const Name = "manifest.json"

// Manifest maps the name under which a file is asked for, without a leading
// slash, to what is known of it. Two names may share one stored file.
type Manifest map[string]File

// File is one file of the widget.
type File struct {
	// Source is the name without a hash: what budgets and references go by.
	Source string `json:"source"`
	// Type is the media type.
	Type string `json:"type"`
	// Compiler is what has made it, of the program only: "go" or "tinygo".
	Compiler string `json:"compiler,omitempty"`
	// Immutable says that the name holds a hash of the content.
	Immutable bool `json:"immutable"`
	// SHA256 is the hash of the plain content, in hex.
	SHA256 string `json:"sha256"`
	// Plain is how the content is stored as it is; Brotli and Gzip name its
	// compressed forms.
	Plain  Form `json:"plain"`
	Brotli Form `json:"brotli"`
	Gzip   Form `json:"gzip"`
}

// Form is a stored file and its size in bytes.
type Form struct {
	File string `json:"file"`
	Size int    `json:"size"`
	// Quality is how hard the compressor tried.
	Quality int `json:"quality,omitempty"`
}
