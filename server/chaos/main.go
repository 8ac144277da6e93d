// Command chaos proves the guarantee of delivery on the real thing: the server's
// binary, several widget clients and one Chromium talk in a few conversations
// through a proxy that delays, chokes, cuts and resets, while the server is
// killed and restarted and the clients are too:
//
//	go run ./server/chaos -messages 5000 -kills 25 -seed 1
//
// It ends in a report and in the exit code 1 if a message was lost, doubled or
// out of order anywhere.
//
// The messages are spread over episodes. In each one faults are put on, the
// participants write their share, the faults are taken away, and everybody must
// come to show everything; the time that takes is the time to heal. The seed
// decides which faults strike whom and when; how the machine's processes
// interleave it does not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(start(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// start carries out a command line and gives the exit code: 0, 1 if the
// guarantee was broken or the run could not be finished, 2 for a command line
// that is not understood.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := options{Log: stderr}
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.Messages, "messages", 5000, "messages that the participants write")
	flags.IntVar(&o.Kills, "kills", 25, "times that the server is killed and restarted")
	flags.IntVar(&o.Episodes, "episodes", 100, "rounds of faults, at least one for each kill")
	flags.IntVar(&o.Conversations, "conversations", 4, "conversations")
	flags.IntVar(&o.Clients, "clients", 3, "clients in each conversation, beside the browser in the first")
	flags.DurationVar(&o.Hold, "hold", 3*time.Second, "longest time that a fault lasts")
	flags.Uint64Var(&o.Seed, "seed", 0, "seed of the faults; 0 draws one")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64N(1_000_000) + 1
	}
	if err := o.validate(); err != nil {
		fmt.Fprintln(stderr, "chaos:", err)
		return 2
	}
	r, err := run(ctx, o)
	r.print(stdout)
	if err != nil {
		fmt.Fprintln(stderr, "chaos:", err)
		return 1
	}
	if !r.good() {
		return 1
	}
	return 0
}
