// Package aes stands in for the standard library's in the browser, where
// go-app can encrypt what it stores. The widget stores nothing through it.
// Lost: the cipher; NewCipher always fails.
package aes

import (
	"crypto/cipher"
	"errors"
)

// ErrNoCipher is what NewCipher answers.
var ErrNoCipher = errors.New("crypto/aes is a stand-in in the browser: nothing can be encrypted")

// NewCipher fails with ErrNoCipher.
func NewCipher([]byte) (cipher.Block, error) { return nil, ErrNoCipher }
