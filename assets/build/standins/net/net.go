// Package net stands in for the standard library's in the browser, which has no
// sockets of its own to offer: coder/websocket names some types here and the
// error of a closed connection. Lost: dialing, listening, addresses, lookups.
package net

import (
	"errors"
	"time"
)

// ErrClosed is the error of a connection that is closed.
var ErrClosed = errors.New("use of closed network connection")

// Addr is one end of a connection.
type Addr interface {
	Network() string
	String() string
}

// Conn is a stream in both directions.
type Conn interface {
	Read(b []byte) (n int, err error)
	Write(b []byte) (n int, err error)
	Close() error
	LocalAddr() Addr
	RemoteAddr() Addr
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}
