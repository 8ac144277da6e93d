//go:build !js

package realtime

import (
	"context"
	"errors"
	"net/http"

	"github.com/coder/websocket"
)

// WebSocket is a Dial that uses http.DefaultClient.
func WebSocket(ctx context.Context, url string) (Conn, error) {
	return Dialer(http.DefaultClient)(ctx, url)
}

// Dialer is a Dial through client.
func Dialer(client *http.Client) Dial {
	return func(ctx context.Context, url string) (Conn, error) {
		conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client})
		if err != nil {
			return nil, err
		}
		conn.SetReadLimit(MaxFrameBytes)
		return nativeConn{conn}, nil
	}
}

type nativeConn struct{ conn *websocket.Conn }

func (c nativeConn) Read() ([]byte, error) {
	_, message, err := c.conn.Read(context.Background())
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		err = CloseError{int(closed.Code), closed.Reason}
	}
	return message, err
}

func (c nativeConn) Write(ctx context.Context, message []byte) error {
	return c.conn.Write(ctx, websocket.MessageText, message)
}

// Close drops the connection; an error would only say that it was dropped
// before.
func (c nativeConn) Close() { c.conn.CloseNow() }
