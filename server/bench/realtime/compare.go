package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"chatbot/server/bench/guide"
	"chatbot/server/bench/soketi"
)

// The application of both servers.
const (
	appID     = "1"
	appKey    = "bench-key"
	appSecret = "bench-secret-of-no-importance"
)

// comparison is of our endpoint with soketi.
type comparison struct {
	ours, soketi string // where they are
	rounds       int
	docs         string // the guides' folder, or empty
}

func (c comparison) run(ctx context.Context, p plan) error {
	machine := describeMachine()
	servers := []named{{name: "ours"}, {name: "soketi 1.6.1"}}
	for round := range c.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d, load %s\n", round+1, c.rounds, loadAverage())
		results, err := c.round(ctx, p, round%2 == 1)
		if err != nil {
			return err
		}
		for i, r := range results {
			servers[i].rounds = append(servers[i].rounds, r)
		}
	}
	report := fmt.Sprintf("%s; load %s at the end; medians of %d rounds.\n\n%s\n```\n%s```\n",
		machine, loadAverage(), c.rounds, table(p, servers...), verdicts(servers[0], servers[1]))
	fmt.Print(report)
	if c.docs == "" {
		return nil
	}
	return guide.Keep(c.docs, "realtime-benchmark", report, plot(p, servers[0], servers[1]))
}

// round starts both servers anew and measures each after the other, so that both
// have the same neighbours; who is first changes from round to round.
func (c comparison) round(ctx context.Context, p plan, backwards bool) (results [2]result, err error) {
	ours, stop, err := c.startOurs(ctx, p)
	if err != nil {
		return results, err
	}
	defer stop()
	theirs, err := soketi.Start(ctx, soketi.Options{Folder: c.soketi, ID: appID, Key: appKey, Secret: appSecret})
	if err != nil {
		return results, err
	}
	defer theirs.Kill()
	targets := [2]target{ours, newTarget(fmt.Sprintf("127.0.0.1:%d", theirs.Port), theirs.Pid())}
	order := []int{0, 1}
	if backwards {
		slices.Reverse(order)
	}
	for _, part := range []func(context.Context, target, plan, *result) error{measureIdle, measureFanOut} {
		for _, i := range order {
			if err := part(ctx, targets[i], p, &results[i]); err != nil {
				return results, err
			}
		}
	}
	return results, nil
}

func newTarget(address string, pid int) target {
	return target{address: address, app: appID, key: appKey, secret: appSecret, pid: pid}
}

// startOurs runs the product as it is shipped; only the limit on connections
// from one address is raised, for here all come from one.
func (c comparison) startOurs(ctx context.Context, p plan) (t target, stop func(), err error) {
	dir, err := os.MkdirTemp("", "chatbot-bench")
	if err != nil {
		return t, nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return t, nil, errors.Join(err, os.RemoveAll(dir))
	}
	var log bytes.Buffer
	cmd := exec.Command(c.ours, "--addr", address, "--data-dir", dir, "--realtime-per-address", fmt.Sprint(2*max(p.idle, p.subscribers)))
	cmd.Env = []string{"REVERB_APP_ID=" + appID, "REVERB_APP_KEY=" + appKey, "REVERB_APP_SECRET=" + appSecret}
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		return t, nil, errors.Join(fmt.Errorf("%w; build it with make build", err), os.RemoveAll(dir))
	}
	stop = func() { cmd.Process.Kill(); cmd.Wait(); os.RemoveAll(dir) }
	if err := awaitUp(ctx, "http://"+address+"/up"); err != nil {
		stop()
		return t, nil, fmt.Errorf("our server does not answer: %w\n%s", err, log.String())
	}
	return newTarget(address, cmd.Process.Pid), stop, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func awaitUp(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			return answer.Body.Close()
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// describeMachine says what the figures were measured on.
func describeMachine() string {
	model := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	node, err := exec.Command("node", "--version").Output()
	if err != nil {
		node = []byte("unknown")
	}
	return fmt.Sprintf("%s: %d cores of %s, shared by the servers, the generator and whatever else ran%s; %s; Node.js %s; load %s at the start",
		time.Now().Format("2 January 2006"), runtime.NumCPU(), model, preference(), runtime.Version(), strings.TrimSpace(string(node)), loadAverage())
}

// preference tells where servers and generator come before other programs, or
// behind them.
func preference() string {
	priority, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if nice := 20 - priority; err == nil && nice != 0 { // the kernel counts so
		return fmt.Sprintf(" (niceness of servers and generator %d)", nice)
	}
	return ""
}

// loadAverage is that of the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}
