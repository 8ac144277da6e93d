//go:build js && wasm

package browser

import (
	"strings"
	"syscall/js"
)

// Storage is the frame's part of the browser's storage. A browser may refuse
// to keep anything at any time.
type Storage struct{ value js.Value }

// Storage outlives the page.
func (h Host) Storage() Storage { return Storage{h.value.Get("storage")} }

// Keys are those under which something is kept.
func (s Storage) Keys() []string {
	keys := s.value.Call("keys").String()
	if keys == "" {
		return nil
	}
	return strings.Split(keys, "\n")
}

// Get is what is kept under a key, and false where there is nothing.
func (s Storage) Get(key string) (value string, ok bool) {
	v := s.value.Call("get", key)
	if v.Type() != js.TypeString {
		return "", false
	}
	return v.String(), true
}

// Set keeps a value, and reports whether the browser did.
func (s Storage) Set(key, value string) bool { return s.value.Call("set", key, value).Truthy() }

// Remove forgets a key, and reports whether the browser did.
func (s Storage) Remove(key string) bool { return s.value.Call("remove", key).Truthy() }
