// Package soketi runs soketi, a server of the Pusher protocol that others wrote,
// for tests and benchmarks to compare with. It is installed from npm by
// .ci/clients, and is never shipped.
package soketi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// patience is how long soketi may take to start, on a machine that is busy.
const patience = time.Minute

// Options say how soketi runs, with one application.
type Options struct {
	// Folder is where it is installed.
	Folder string
	// Port on 127.0.0.1; 0 takes a free one.
	Port            int
	ID, Key, Secret string
}

// Server is a soketi that runs.
type Server struct {
	Port     int
	process  *os.Process
	lifeline io.Closer
	ended    chan struct{}
}

// Start runs soketi and returns once it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	ports, err := freePorts(o.Port, 0)
	if err != nil {
		return nil, err
	}
	file, err := configure(o, ports[0], ports[1])
	if err != nil {
		return nil, err
	}
	defer os.Remove(file)
	cmd := exec.Command("node", "start.js", "start", "--config="+file)
	cmd.Dir = o.Folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // it would take settings from SOKETI_…
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Server{Port: ports[0], process: cmd.Process, lifeline: lifeline, ended: make(chan struct{})}
	go func() { defer close(s.ended); cmd.Wait() }()
	if err := s.awaitReady(ctx); err != nil {
		s.Kill()
		return nil, err
	}
	return s, nil
}

// freePorts makes sure that nobody has the ports, where 0 is any. soketi would
// share one that is taken, and get a part of its connections.
func freePorts(wanted ...int) (free []int, err error) {
	for _, port := range wanted {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return nil, err
		}
		defer l.Close()
		free = append(free, l.Addr().(*net.TCPAddr).Port)
	}
	return free, nil
}

// configure writes a file of settings. Their names have dots: a nested object
// would take the place of all defaults beside it.
func configure(o Options, port, metricsPort int) (string, error) {
	text, err := json.Marshal(map[string]any{
		"host": "127.0.0.1", "port": port,
		"metrics.host": "127.0.0.1", "metrics.port": metricsPort,
		"appManager.array.apps": []map[string]any{{
			"id": o.ID, "key": o.Key, "secret": o.Secret, "enabled": true, "enableClientMessages": true,
			"maxConnections": -1, "maxBackendEventsPerSecond": -1, "maxClientEventsPerSecond": -1, "maxReadRequestsPerSecond": -1,
		}},
	})
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "soketi-*.json")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	return f.Name(), errors.Join(err, f.Close())
}

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/ready", s.Port), nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.ended:
			return errors.New("soketi ended instead of starting; is it installed (.ci/clients)?")
		case <-ctx.Done():
			return fmt.Errorf("soketi does not answer: %w", ctx.Err())
		}
	}
}

// Pid is the process's number.
func (s *Server) Pid() int { return s.process.Pid }

// Kill ends soketi at once, without a word to its clients, and waits for that.
func (s *Server) Kill() {
	s.process.Kill() // it fails where soketi has ended by itself
	<-s.ended
	s.lifeline.Close()
}
