// Package sha1 stands in for the standard library's in the browser, where
// go-app's server side and UUIDs of version 5 would use it. Lost: the hash; New
// and Sum panic rather than give a wrong one.
package sha1

import "hash"

// Size is a checksum's length in bytes.
const Size = 20

const lost = "crypto/sha1 is a stand-in in the browser"

// New panics.
func New() hash.Hash { panic(lost) }

// Sum panics.
func Sum([]byte) [Size]byte { panic(lost) }
