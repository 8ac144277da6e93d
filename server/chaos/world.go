package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// patience bounds how long anything may take to heal. It is long because
// machines are slow; a wait ends the moment its condition holds.
const patience = 2 * time.Minute

// late is how long it takes until somebody who is not up to date is told of.
const late = 5 * time.Second

// world is everything that runs.
type world struct {
	options
	server  *server
	links   []*link       // by participant
	people  []participant // the browser is the last
	guests  []*visitor    // the others
	written []int         // messages, by participant
	streams []int         // streamed messages, by conversation
	report  report
}

// run does all of it. The report is good for printing in any case.
func run(ctx context.Context, o options) (report, error) {
	w := &world{options: o, written: make([]int, o.people()), streams: make([]int, o.Conversations), report: report{options: o, faults: map[string]int{}}}
	began := time.Now()
	err := w.live(ctx)
	w.report.took = time.Since(began)
	return w.report, err
}

func (w *world) live(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "chatbot-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer w.close()
	if err := w.build(ctx, dir); err != nil {
		return err
	}
	if err := w.meet(ctx); err != nil {
		return err
	}
	for i, e := range plan(w.options) {
		if err := w.play(ctx, i, e); err != nil {
			return errors.Join(fmt.Errorf("episode %d: %w", i+1, err), w.judge(ctx))
		}
		fmt.Fprintf(w.Log, "episode %d of %d: %d messages, healed in %s\n", i+1, w.Episodes, sum(w.written), w.report.heals[i].Round(time.Millisecond))
	}
	return w.judge(ctx)
}

// build starts the server and gives everybody a link to it.
func (w *world) build(ctx context.Context, dir string) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	for i := range w.options.people() {
		l, err := newLink(w.name(i), addr)
		if err != nil {
			return err
		}
		w.links = append(w.links, l)
	}
	_, port, _ := strings.Cut(w.links[len(w.links)-1].addr, ":")
	url := "http://localhost:" + port // the browser's way, which the others take for theirs
	file, err := buildServer(ctx, dir)
	if err != nil {
		return err
	}
	w.server = &server{file: file, addr: addr, dir: dir, args: []string{
		"--public-url", url, "--activity-timeout", "5s", "--rate-messages", "1000000", "--rate-conversations", "1000000", "--log-level", "warn",
	}}
	if err := w.server.start(ctx); err != nil {
		return err
	}
	for i, l := range w.links[:len(w.links)-1] {
		v := newVisitor(w.name(i), url, l)
		w.guests, w.people = append(w.guests, v), append(w.people, v)
	}
	b, err := newBrowser(w.name(len(w.people)), url)
	if err != nil {
		return err
	}
	w.people = append(w.people, b)
	return nil
}

func (w *world) name(person int) string { return fmt.Sprintf("visitor-%d", person+1) }

// conversation is in which of them a participant is.
func (w *world) conversation(person int) int { return person / w.Clients % w.Conversations }

// meet begins the conversations and brings everybody in, without any fault.
func (w *world) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for i, v := range w.guests {
		host := w.guests[i/w.Clients*w.Clients]
		if v == host {
			if err := w.say(ctx, i); err != nil {
				return err
			}
			if err := v.until(ctx, 2); err != nil {
				return err
			}
			continue
		}
		code, err := host.invite(ctx)
		if err != nil {
			return err
		}
		if err := v.join(ctx, code); err != nil {
			return err
		}
	}
	code, err := w.guests[0].invite(ctx)
	if err != nil {
		return err
	}
	return w.people[len(w.people)-1].(*browser).accept(ctx, code)
}

// say has a participant write the next message.
func (w *world) say(ctx context.Context, person int) error {
	w.written[person]++
	return w.people[person].write(ctx, text(w.name(person), w.written[person]))
}

// text is the n-th message of somebody.
func text(name string, n int) string { return fmt.Sprintf("%s writes message %d", name, n) }

// play puts the faults on, has everybody write, takes the faults away, and
// measures how long it takes until all is well.
func (w *world) play(ctx context.Context, n int, e episode) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	streamed, err := w.stream(ctx, n)
	if err != nil {
		return err
	}
	defer streamed()
	for _, f := range e.faults {
		if err := w.links[f.link].strike(f); err != nil {
			return err
		}
		w.report.faults[f.kind]++
	}
	for _, v := range w.guests {
		v.meddle(n)
	}
	writers := w.write(ctx, e)
	err = w.endure(ctx, e)
	for _, l := range w.links {
		err = errors.Join(err, l.mend(ctx))
	}
	mended := time.Now()
	err = errors.Join(err, writers())
	streamed()
	if err == nil {
		err = w.settled(ctx)
	}
	w.report.heals = append(w.report.heals, time.Since(mended))
	return err
}

// write begins what the participants do in an episode, each at their own pace.
// The result waits until they are done.
func (w *world) write(ctx context.Context, e episode) (wait func() error) {
	turns, restarts := make([]int, len(w.people)), make([]int, len(w.people))
	for _, person := range e.writers {
		turns[person]++
	}
	for _, person := range e.restarts {
		restarts[person]++
		w.report.restarts++
	}
	errs := make([]error, len(w.people))
	var group sync.WaitGroup
	for i := range w.people {
		group.Go(func() {
			for n := range turns[i] {
				if n == turns[i]/2 && restarts[i] > 0 { // with messages on their way
					errs[i] = w.people[i].restart(ctx)
					restarts[i] = 0
				}
				if errs[i] == nil {
					errs[i] = w.say(ctx, i)
				}
			}
			if restarts[i] > 0 && errs[i] == nil {
				errs[i] = w.people[i].restart(ctx)
			}
		})
	}
	return func() error { group.Wait(); return errors.Join(errs...) }
}

// endure lets the faults last, and the server be killed meanwhile.
func (w *world) endure(ctx context.Context, e episode) error {
	end := time.After(e.hold)
	if e.kill != nil {
		if err := pass(ctx, time.After(e.kill.after)); err != nil {
			return err
		}
		if err := w.server.kill(); err != nil {
			return err
		}
		w.report.kills++
		if err := pass(ctx, time.After(e.kill.away)); err != nil {
			return err
		}
		if err := w.server.start(ctx); err != nil {
			return err
		}
	}
	return pass(ctx, end)
}

func pass(ctx context.Context, end <-chan time.Time) error {
	select {
	case <-end:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settled waits until everybody shows everything: each message and its answer.
func (w *world) settled(ctx context.Context) error {
	total := make([]int64, w.Conversations)
	for i, n := range w.written {
		total[w.conversation(i)] += 2 * int64(n)
	}
	for c, n := range w.streams {
		total[c] += int64(n)
	}
	errs := make([]error, len(w.people))
	var group sync.WaitGroup
	for i, p := range w.people {
		group.Go(func() {
			errs[i] = w.settle(ctx, p, total[w.conversation(i)])
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// settle waits for one of them, and tells of who is late.
func (w *world) settle(ctx context.Context, p participant, seq int64) error {
	soon, cancel := context.WithTimeout(ctx, late)
	defer cancel()
	if p.until(soon, seq) == nil {
		return nil
	}
	fmt.Fprintf(w.Log, "late: %d messages are expected, %s\n", seq, p.describe())
	if err := p.until(ctx, seq); err != nil {
		return fmt.Errorf("%w; %d messages are expected: %s", err, seq, p.describe())
	}
	return nil
}

func (w *world) close() {
	for _, p := range w.people {
		p.close()
	}
	for _, l := range w.links {
		l.close()
	}
	if w.server != nil {
		w.server.close()
	}
}

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}
