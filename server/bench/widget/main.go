// Command widget measures in Chromium what the chat costs a page and how fast it
// is there, beside other chat widgets from npm:
//
//	go run ./server/bench/widget
//
// Each measurement has a browser with an empty profile, a page of another origin
// than our server's, and a link of its own; the widgets take turns, so that all
// have the same neighbours. The CPU is slowed down by the browser, in the page and
// in frames from before their documents load; the network by the link between the
// browser and all servers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"chatbot/server/bench/guide"
)

// condition is what a machine and a network are like.
type condition struct {
	network  network
	cpu      float64 // how many times slower than this machine
	isolated bool    // whether each site has a process of its own
}

func (c condition) String() string {
	name := fmt.Sprintf("%s, CPU %gx", c.network.name, c.cpu)
	if !c.isolated {
		name += ", one process"
	}
	return name
}

// The conditions are a computer, a slow one and a slow phone, and a computer and
// a slow phone in a slow network.
var (
	plain     = condition{loopback, 1, true}
	slowCPU   = condition{loopback, 4, true}
	slowPhone = condition{loopback, 4, false}
	slowNet   = condition{slow4G, 1, true}
	slowBoth  = condition{slow4G, 4, false}

	conditions = []condition{plain, slowCPU, slowPhone, slowNet, slowBoth}
)

// bench is what is measured, and how often.
type bench struct {
	widgets []widget
	at      []condition
	folder  string // the peers' packages
	runs    int
	window  time.Duration // for which the page is looked at before the click
	history int           // messages in the chat for memory and for one more
	docs    string        // the guides' folder, or empty
	endure  bool          // nothing but what a long chat costs
}

func main() {
	var b bench
	standard := flag.String("go", "bin/chatbot-go", "our `binary` with the widget that Go's own compiler makes")
	tiny := flag.String("tinygo", "bin/chatbot-tinygo", "our `binary` with the one that TinyGo makes; left out where there is none")
	only := flag.String("only", "", "measure only the widgets with one of these in their name, separated by |, as \"ours|no widget\"")
	at := flag.String("at", "", "measure only under the conditions with this in their name, as \"loopback, CPU 4x\"")
	flag.StringVar(&b.folder, "peers", "server/bench/widget/testdata/node_modules", "where the peers are installed")
	flag.IntVar(&b.runs, "runs", 5, "how often each is measured")
	flag.DurationVar(&b.window, "window", 5*time.Second, "how long the page is looked at before the click")
	flag.IntVar(&b.history, "history", 5000, "messages in the chat for the last figures")
	flag.BoolVar(&b.endure, "endure", false, "measure nothing but what a long chat of our own costs")
	flag.StringVar(&b.docs, "docs", "", "folder of the guides, to keep the tables and a plot in")
	flag.Parse()
	b.widgets = append(b.widgets, ours(byGo, *standard))
	if _, err := os.Stat(*tiny); err == nil {
		b.widgets = append(b.widgets, ours(byTinyGo, *tiny))
	} else {
		fmt.Fprintln(os.Stderr, "note: without the widget that TinyGo makes:", err)
	}
	b.widgets = append(append(b.widgets, peers...), widget{name: noWidget})
	b.choose(*only, *at)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "widget:", err)
		os.Exit(1)
	}
}

// The names of our two builds, and of the page alone.
const (
	byGo     = "ours, Go"
	byTinyGo = "ours, TinyGo"
	noWidget = "no widget"
)

// choose leaves what has these in its name.
func (b *bench) choose(only, at string) {
	names := strings.Split(only, "|")
	b.widgets = slices.DeleteFunc(b.widgets, func(w widget) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(w.name, name) })
	})
	b.at = slices.DeleteFunc(slices.Clone(conditions), func(c condition) bool { return !strings.Contains(c.String(), at) })
}

func (b *bench) run(ctx context.Context) error {
	if len(b.widgets) == 0 || len(b.at) == 0 || b.runs < 1 {
		return errors.New("there is nothing to measure: see -only, -at and -runs")
	}
	site, err := newSite(b.folder)
	if err != nil {
		return err
	}
	defer site.server.Close()
	machine := describeMachine()
	if b.endure {
		return b.long(ctx, site)
	}
	// A first visit of each counts for nothing: it fills the disk's cache, and has
	// the peers' files packed.
	for _, w := range b.widgets {
		if err := b.rehearse(ctx, w, site); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	all := newResults(b.widgets)
	for run := range b.runs {
		for _, c := range b.at {
			fmt.Fprintf(os.Stderr, "run %d of %d, %s, load %s\n", run+1, b.runs, c, loadAverage())
			for _, w := range b.turn(run) {
				r, err := b.measure(ctx, w, site, c)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, c, err)
				}
				all.add(w.name, c, r)
			}
		}
	}
	report := fmt.Sprintf("%s; load %s at the end; %s before the click; medians of %d runs, between brackets the lowest and the highest.\n\n%s",
		machine, loadAverage(), b.window, b.runs, all.report(b.history))
	fmt.Print(report)
	if b.docs == "" {
		return nil
	}
	return guide.Keep(b.docs, "widget-benchmark", report, all.plot())
}

// long measures nothing but what our own widget costs in a long chat, and prints
// each run.
func (b *bench) long(ctx context.Context, s *site) error {
	for run := range b.runs {
		for _, w := range b.turn(run) {
			if w.binary == "" {
				continue
			}
			r, err := b.lengthen(ctx, w, s)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			fmt.Printf("%s: %s ms for one message more after %d, %s MB; load %s\n", w.name, number(r[oneMore]), b.history, number(r[soaked]), loadAverage())
		}
	}
	return nil
}

func (b *bench) lengthen(ctx context.Context, w widget, s *site) (r result, err error) {
	v, err := begin(ctx, w, s, plain)
	if err != nil {
		return r, err
	}
	defer v.close()
	if err := v.arrive(0, &r); err != nil {
		return r, err
	}
	if err := v.click(&r, panelCold, composerCold, liveCold); err != nil {
		return r, err
	}
	return r, v.endure(b.history, &r)
}

func (b *bench) rehearse(ctx context.Context, w widget, s *site) error {
	v, err := begin(ctx, w, s, plain)
	if err != nil {
		return err
	}
	defer v.close()
	var r result
	return v.arrive(b.window, &r)
}

// turn are the widgets in the order of a run, of which each has another.
func (b *bench) turn(run int) []widget {
	n := run % len(b.widgets)
	return append(b.widgets[n:len(b.widgets):len(b.widgets)], b.widgets[:n]...)
}

// measure takes a widget through a visit, and our own on the plain machine
// through a long chat as well.
func (b *bench) measure(ctx context.Context, w widget, s *site, c condition) (result, error) {
	r := unknown()
	v, err := begin(ctx, w, s, c)
	if err != nil {
		return r, err
	}
	defer v.close()
	if err := v.arrive(b.window, &r); err != nil || w.name == noWidget {
		return r, err
	}
	if err := v.click(&r, panelCold, composerCold, liveCold); err != nil {
		return r, err
	}
	if err := v.again(); err != nil {
		return r, err
	}
	if err := v.click(&r, panelWarm, composerWarm, liveWarm); err != nil {
		return r, err
	}
	inside, err := v.inside()
	if err != nil {
		return r, err
	}
	if r[opened], err = memory(inside); err != nil {
		return r, err
	}
	if w.binary != "" && c == plain {
		err = v.endure(b.history, &r)
	}
	return r, err
}
