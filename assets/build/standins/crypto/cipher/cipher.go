// Package cipher stands in for the standard library's in the browser, where
// go-app can encrypt what it stores. The widget stores nothing through it.
// Lost: every mode of operation; NewGCM always fails.
package cipher

import "errors"

// ErrNoCipher is what NewGCM answers.
var ErrNoCipher = errors.New("crypto/cipher is a stand-in in the browser: nothing can be encrypted")

// Block is a block cipher.
type Block interface {
	BlockSize() int
	Encrypt(dst, src []byte)
	Decrypt(dst, src []byte)
}

// AEAD is authenticated encryption.
type AEAD interface {
	NonceSize() int
	Overhead() int
	Seal(dst, nonce, plaintext, additionalData []byte) []byte
	Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error)
}

// NewGCM fails with ErrNoCipher.
func NewGCM(Block) (AEAD, error) { return nil, ErrNoCipher }
