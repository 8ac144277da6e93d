package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/andybalholm/brotli"

	"chatbot/assets/build/manifest"
)

// store writes the files in all their forms into dist, then the manifest, and
// last removes what no longer belongs there. What the manifest of the build
// before lists with the same content is not compressed again.
func store(dist string, files []file, compiler string, quality int) (manifest.Manifest, error) {
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return nil, err
	}
	before, err := readManifest(dist)
	if err != nil {
		return nil, err
	}
	m := manifest.Manifest{}
	for _, f := range files {
		entry, err := storeFile(dist, f, before, quality)
		if err != nil {
			return nil, err
		}
		if f.from == wasmName {
			entry.Compiler = compiler
		}
		if f.plain {
			m[f.name] = entry
		}
		if f.hashed {
			entry.Immutable = true
			m[f.hashedName()] = entry
		}
	}
	content, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return nil, err
	}
	if err := write(dist, manifest.Name, content); err != nil {
		return nil, err
	}
	return m, sweep(dist, m)
}

// readManifest reads what the build before left; nothing, or what cannot be
// read, is an empty one.
func readManifest(dist string) (manifest.Manifest, error) {
	content, err := os.ReadFile(filepath.Join(dist, manifest.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m manifest.Manifest
	if json.Unmarshal(content, &m) != nil {
		return nil, nil // damaged: everything is made anew
	}
	return m, nil
}

// storeFile writes one file's forms. They are stored under the hashed name, so
// that a build under way never spoils the one before it.
func storeFile(dist string, f file, before manifest.Manifest, quality int) (manifest.File, error) {
	for _, old := range before {
		if old.SHA256 == f.hash && old.Source == f.name && old.Brotli.Quality >= quality && complete(dist, old) {
			old.Immutable, old.Type = false, f.mediaType()
			return old, nil
		}
	}
	name := f.hashedName()
	packed, err := compress(f.content, func(w io.Writer) (io.WriteCloser, error) {
		return brotli.NewWriterLevel(w, quality), nil
	})
	if err != nil {
		return manifest.File{}, err
	}
	zipped, err := compress(f.content, func(w io.Writer) (io.WriteCloser, error) {
		return gzip.NewWriterLevel(w, gzip.BestCompression)
	})
	if err != nil {
		return manifest.File{}, err
	}
	entry := manifest.File{
		Source: f.name,
		Type:   f.mediaType(),
		SHA256: f.hash,
		Plain:  manifest.Form{File: name, Size: len(f.content)},
		Brotli: manifest.Form{File: name + ".br", Size: len(packed), Quality: quality},
		Gzip:   manifest.Form{File: name + ".gz", Size: len(zipped)},
	}
	return entry, errors.Join(
		write(dist, entry.Plain.File, f.content),
		write(dist, entry.Brotli.File, packed),
		write(dist, entry.Gzip.File, zipped),
	)
}

// complete reports whether all forms are still there in full.
func complete(dist string, f manifest.File) bool {
	for _, form := range []manifest.Form{f.Plain, f.Brotli, f.Gzip} {
		info, err := os.Stat(filepath.Join(dist, form.File))
		if err != nil || info.Size() != int64(form.Size) {
			return false
		}
	}
	return true
}

func compress(content []byte, open func(io.Writer) (io.WriteCloser, error)) ([]byte, error) {
	var packed bytes.Buffer
	w, err := open(&packed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err = w.Close()
	return packed.Bytes(), err
}

// write puts a file in place at once, never half of it.
func write(dir, name string, content []byte) error {
	temp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails once it is in place
	_, err = temp.Write(content)
	if err := errors.Join(err, temp.Chmod(0o644), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), filepath.Join(dir, name))
}

// sweep removes what is neither in the manifest nor the placeholder.
func sweep(dist string, m manifest.Manifest) error {
	keep := map[string]bool{manifest.Name: true, ".placeholder": true}
	for _, f := range m {
		keep[f.Plain.File], keep[f.Brotli.File], keep[f.Gzip.File] = true, true, true
	}
	entries, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if keep[entry.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(dist, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
