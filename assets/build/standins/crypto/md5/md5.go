// Package md5 stands in for the standard library's in the browser, where UUIDs
// of version 3 would use it. Lost: the hash; New panics rather than give a
// wrong one.
package md5

import "hash"

// New panics.
func New() hash.Hash { panic("crypto/md5 is a stand-in in the browser") }
