package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// sideDoor is a port of its own for the realtime endpoint, as Reverb has one.
// A nil sideDoor is closed.
type sideDoor struct {
	listener net.Listener
	server   *http.Server
}

// listenSideDoor takes the port, where Laravel's variables name one that is not
// the main one.
func (a *App) listenSideDoor() error {
	host, main, err := net.SplitHostPort(a.config.Addr)
	if err != nil {
		return err
	}
	port := strconv.Itoa(a.config.ReverbServerPort)
	if !a.ways.serveReverb || a.config.ReverbServerPort == 0 || port == main {
		return nil
	}
	if a.config.ReverbServerHost != "" {
		host = a.config.ReverbServerHost
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(strings.Trim(host, "[]"), port))
	if err != nil {
		return fmt.Errorf("cannot give Reverb a port of its own: %w; choose another one with --reverb-server-port", err)
	}
	a.sideDoor = &sideDoor{listener: listener}
	a.ways.note(slog.LevelInfo, "Reverb has a port of its own", "address", listener.Addr().String(), "why", "REVERB_SERVER_PORT is set")
	return nil
}

// openSideDoor puts the endpoint behind it.
func (a *App) openSideDoor() {
	if a.sideDoor == nil {
		return
	}
	mux := http.NewServeMux()
	a.mountRealtime(mux)
	a.sideDoor.server = a.newServer(mux)
	a.sideDoor.server.TLSConfig = a.server.TLSConfig.Clone()
}

// mountRealtime puts the endpoint where clients look for it, also under the
// path that Reverb would have.
func (a *App) mountRealtime(mux *http.ServeMux) {
	prefix := a.config.ReverbPath()
	for _, path := range []string{"/app/", "/apps/", "/up"} {
		mux.Handle(path, a.realtime)
		if prefix != "" {
			mux.Handle(prefix+path, http.StripPrefix(prefix, a.realtime))
		}
	}
}

func (d *sideDoor) serve(secure bool) error {
	if d == nil {
		return http.ErrServerClosed
	}
	return serve(d.server, d.listener, secure)
}

func (d *sideDoor) shutdown(ctx context.Context) error {
	if d == nil {
		return nil
	}
	return d.server.Shutdown(ctx)
}

func (d *sideDoor) close() error {
	if d == nil {
		return nil
	}
	if err := d.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
