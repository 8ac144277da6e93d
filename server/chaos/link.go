package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// The library's logger for the whole process tells too much.
func init() { zerolog.SetGlobalLevel(zerolog.Disabled) }

// link is one participant's way to the server. Its methods are called by one
// goroutine.
type link struct {
	proxy *toxiproxy.Proxy
	addr  string
}

func newLink(name, upstream string) (*link, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &link{toxiproxy.NewProxy(server, name, addr, upstream), addr}
	return l, l.proxy.Start()
}

// dial takes the link wherever the caller believes to connect to.
func (l *link) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, l.addr)
}

// strike puts a fault on; a link has one at a time.
func (l *link) strike(f fault) error {
	if f.kind == kindCut {
		l.proxy.Stop()
		return nil
	}
	for _, t := range f.toxics {
		encoded, err := json.Marshal(t)
		if err != nil {
			return err
		}
		if _, err := l.proxy.Toxics.AddToxicJson(bytes.NewReader(encoded)); err != nil {
			return fmt.Errorf("%s: %w", encoded, err)
		}
	}
	return nil
}

// mend takes every fault away.
func (l *link) mend(ctx context.Context) error {
	l.proxy.Toxics.ResetToxics(ctx)
	if err := l.proxy.Start(); err != nil && err != toxiproxy.ErrProxyAlreadyStarted {
		return err
	}
	return nil
}

func (l *link) close() { l.proxy.Stop() }
