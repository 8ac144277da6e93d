// Command realtime loads our realtime endpoint and soketi, another server of the
// Pusher protocol, in turns, and prints what a connection and a delivery cost
// each of them:
//
//	go run ./server/bench/realtime -ours bin/chatbot
//
// It can also load one server that runs already:
//
//	go run ./server/bench/realtime -server localhost:8000 -app ID -key KEY -secret SECRET -pid PID
//
// Wall time depends on what else the machine does; CPU time does so less. It
// reads /proc, so it needs Linux.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// plan is what each server is put through.
type plan struct {
	idle        int           // connections left alone
	subscribers int           // of one channel
	paced       time.Duration // how long it gets 10 events a second
	bursts      int           // of burstEvents each
	settle      time.Duration // for what is not measured, such as collecting garbage
}

func main() {
	var t target
	flag.StringVar(&t.address, "server", "", "host and port of a server that runs; without it, both are started and compared")
	flag.StringVar(&t.app, "app", "", "its application's id")
	flag.StringVar(&t.key, "key", "", "its key")
	flag.StringVar(&t.secret, "secret", "", "its secret")
	flag.IntVar(&t.pid, "pid", 0, "its process")
	c := comparison{}
	flag.StringVar(&c.ours, "ours", "bin/chatbot", "this product's binary")
	flag.StringVar(&c.soketi, "soketi", "server/bench/soketi/testdata", "where soketi is installed")
	flag.IntVar(&c.rounds, "rounds", 3, "how often each is measured")
	flag.StringVar(&c.docs, "docs", "", "folder of the guides, to keep the table and a plot in")
	p := plan{}
	flag.IntVar(&p.idle, "idle", 10_000, "idle connections, each on a channel of its own")
	flag.IntVar(&p.subscribers, "subscribers", 1000, "subscribers of one channel")
	flag.IntVar(&p.bursts, "bursts", 3, "bursts of 150 events")
	flag.DurationVar(&p.paced, "paced", 10*time.Second, "how long there are 10 events a second")
	flag.DurationVar(&p.settle, "settle", 3*time.Second, "pause before memory is read, and after hanging up")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, t, c, p); err != nil {
		fmt.Fprintln(os.Stderr, "realtime:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, t target, c comparison, p plan) error {
	if err := enoughFiles(p); err != nil {
		return err
	}
	if t.address == "" {
		return c.run(ctx, p)
	}
	r, err := measure(ctx, t, p)
	if err == nil {
		fmt.Print(table(p, named{"server", []result{r}}))
	}
	return err
}

// enoughFiles is refused before anything runs: each connection is a file here,
// and one in the server.
func enoughFiles(p plan) error {
	const others = 200
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if want := uint64(max(p.idle, p.subscribers) + others); limit.Cur < want {
		return fmt.Errorf("this shell allows %d open files and %d are needed: raise it with ulimit -n, or ask for less with -idle", limit.Cur, want)
	}
	return nil
}
