package pusher_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"chatbot/server/pusher"
	"chatbot/server/pusher/pushertest"
)

// The official clients for browsers, and for servers in JavaScript, do all they
// can, and come back when the server is started anew.
func TestOfficialClients(t *testing.T) {
	const dir = "testdata/clients"
	pushertest.Installed(t, dir)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	stop := serve(t, listener)
	defer func() { stop() }()

	_, port, _ := strings.Cut(address, ":")
	script := pushertest.Command(t, dir, "node", "clients.js", port, "1", key, secret)
	in, err := script.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
		if lines.Text() != "restart" {
			continue
		}
		stop()
		if listener, err = net.Listen("tcp", address); err != nil {
			t.Fatal(err)
		}
		stop = serve(t, listener)
		fmt.Fprintln(in, "restarted")
	}
	if err := script.Wait(); err != nil {
		t.Error(err)
	}
}

// serve runs an endpoint until stop is called.
func serve(t *testing.T, listener net.Listener) (stop func()) {
	endpoint := pusher.New(pusher.Options{Apps: []pusher.App{{ID: "1", Key: key, Secret: secret}}})
	server := &http.Server{Handler: endpoint, ReadHeaderTimeout: patience}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(listener) }()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := endpoint.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
		<-done
	}
}
