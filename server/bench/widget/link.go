package main

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// network is what lies between the browser and all servers.
type network struct {
	name      string
	down, up  float64       // bits a second; 0 is as fast as it goes
	roundTrip time.Duration // on top of what the machine takes
}

var (
	loopback = network{name: "loopback"}
	slow4G   = network{name: "Slow 4G", down: 1.6e6, up: 750e3, roundTrip: 150 * time.Millisecond}
)

// link is the network at work. All its connections share what it carries, and it
// slows down whatever the browser does: pages, frames, workers and sockets.
type link struct {
	network
	lanes struct{ down, up lane }

	mu        sync.Mutex
	listeners []net.Listener
}

func newLink(n network) *link {
	l := &link{network: n}
	l.lanes.down.rate, l.lanes.up.rate = n.down, n.up
	return l
}

// lead opens a way to a server, and gives the port at which it begins.
func (l *link) lead(target string) (port int, err error) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	l.listeners = append(l.listeners, listener)
	l.mu.Unlock()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go l.carry(near, target)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// close ends the ways. Connections end with the browser.
func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, listener := range l.listeners {
		listener.Close()
	}
}

// carry takes a connection to its target and back. That it opens takes a round
// trip, which the browser cannot notice before its first bytes arrive.
func (l *link) carry(near net.Conn, target string) {
	defer near.Close()
	opened := time.Now().Add(l.roundTrip)
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		defer stop()
		l.pump(ctx, far, near, &l.lanes.up, opened)
	}()
	l.pump(ctx, near, far, &l.lanes.down, opened)
}

const (
	packet = 1460 // bytes
	// queue is how many packets are on their way at most: what a router keeps.
	queue = 64
)

// parcel is a packet, and when it arrives.
type parcel struct {
	data []byte
	due  time.Time
}

// pump carries what from sends to to, until either ends.
func (l *link) pump(ctx context.Context, to io.Writer, from io.Reader, lane *lane, opened time.Time) {
	parcels := make(chan parcel, queue)
	go func() {
		defer close(parcels)
		for {
			data := make([]byte, packet)
			n, err := from.Read(data)
			if n > 0 {
				due := lane.pass(n, opened).Add(l.roundTrip / 2)
				select {
				case parcels <- parcel{data[:n], due}:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range parcels {
		select {
		case <-time.After(time.Until(p.due)):
		case <-ctx.Done():
			return
		}
		if _, err := to.Write(p.data); err != nil {
			return
		}
	}
}

// lane is one direction of a link.
type lane struct {
	rate float64 // bits a second; 0 is as fast as it goes

	mu   sync.Mutex
	free time.Time // when it has carried all that was given to it
}

// pass gives the time at which n bytes have passed that do not set out before
// earliest.
func (l *lane) pass(n int, earliest time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range []time.Time{time.Now(), earliest} {
		if l.free.Before(t) {
			l.free = t
		}
	}
	if l.rate > 0 {
		l.free = l.free.Add(time.Duration(float64(n*8) / l.rate * float64(time.Second)))
	}
	return l.free
}
