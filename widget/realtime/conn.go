package realtime

import (
	"context"
	"fmt"
)

// Conn is a WebSocket that carries text messages.
type Conn interface {
	// Read gives the next message. It ends with a CloseError if the peer
	// closed, and with any error once Close was called. One goroutine reads.
	Read() ([]byte, error)
	// Write sends a message, or gives up when ctx ends; the Conn is of no use
	// then.
	Write(ctx context.Context, message []byte) error
	// Close ends the Conn without waiting for anything. It may be called more
	// than once and from any goroutine.
	Close()
}

// Dial opens a WebSocket, or gives up when ctx ends.
type Dial func(ctx context.Context, url string) (Conn, error)

// CloseError is a close frame from the peer. In Pusher's protocol codes from
// 4000 say whether and when to come back.
type CloseError struct {
	Code   int
	Reason string
}

func (e CloseError) Error() string { return fmt.Sprintf("closed with code %d", e.Code) }

// MaxFrameBytes is the size above which a message ends the connection. Pusher's
// servers send events of 10 KB and lists of members.
const MaxFrameBytes = 256 << 10
