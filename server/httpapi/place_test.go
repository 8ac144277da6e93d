package httpapi

import (
	"net"
	"testing"
	"time"
)

// deadlines is a connection on which the client speaks at once.
type deadlines struct {
	net.Conn
	set []time.Time
}

func (d *deadlines) Read(p []byte) (int, error) { return 1, nil }

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

// A change that comes to tell of itself when the connection is already on its way
// back to the server must not end what is read there.
func TestWakeLeavesOthersAlone(t *testing.T) {
	conn := &deadlines{}
	p := new(place)
	if !p.stay(&parkedConn{Conn: conn}, time.Hour) {
		t.Fatal("the client has gone")
	}
	p.wake()
	if len(conn.set) != 1 || time.Until(conn.set[0]) < time.Minute {
		t.Errorf("deadlines %v", conn.set)
	}
}

// A change before the stay ends it at once.
func TestWakeBeforeStay(t *testing.T) {
	conn := &deadlines{}
	p := new(place)
	p.wake()
	p.stay(&parkedConn{Conn: conn}, time.Hour)
	if len(conn.set) != 1 || time.Until(conn.set[0]) > 0 {
		t.Errorf("deadlines %v", conn.set)
	}
}
