package realtime

import (
	"context"

	"github.com/coder/websocket"
)

// WebSocket is a Dial that uses the browser's WebSocket.
//
// The library closes with codes that a browser refuses whenever one of its
// contexts ends, which leaves the socket open. So it is given none that ends,
// and is closed with 1000, the one code of its own that a browser accepts. It
// hides the peer's close code; every end looks like a drop.
func WebSocket(ctx context.Context, url string) (Conn, error) {
	type result struct {
		conn *websocket.Conn
		err  error
	}
	dialled := make(chan result, 1)
	go func() {
		conn, _, err := websocket.Dial(context.Background(), url, nil)
		dialled <- result{conn, err}
	}()
	select {
	case r := <-dialled:
		if r.err != nil {
			return nil, r.err
		}
		r.conn.SetReadLimit(MaxFrameBytes)
		return browserConn{r.conn}, nil
	case <-ctx.Done():
		go func() {
			if r := <-dialled; r.conn != nil {
				browserConn{r.conn}.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

type browserConn struct{ conn *websocket.Conn }

func (c browserConn) Read() ([]byte, error) {
	_, message, err := c.conn.Read(context.Background())
	return message, err
}

func (c browserConn) Write(_ context.Context, message []byte) error {
	return c.conn.Write(context.Background(), websocket.MessageText, message)
}

// Close does not wait: on a dead network the closing handshake takes long, and
// that it failed tells nothing.
func (c browserConn) Close() { go c.conn.Close(websocket.StatusNormalClosure, "") }
