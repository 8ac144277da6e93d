package realtime

import (
	"context"
	"errors"
	"time"

	"chatbot/widget/wire"
)

// Paces of polling.
const (
	// DefaultInterval is the time between polls where the config names none.
	DefaultInterval = 2 * time.Second
	// MinInterval is the shortest that a config may ask for.
	MinInterval = 250 * time.Millisecond
	// HiddenInterval is the least while nobody looks at the page.
	HiddenInterval = 10 * time.Second
	// MaxPollBackoff caps the wait after failures.
	MaxPollBackoff = 15 * time.Second
	// CheckInterval is how often a reader asks that hears by a socket. What it
	// hears may have gone missing without a trace: a provider may lose an event,
	// and a server may die between storing a message and announcing it.
	CheckInterval = 2 * time.Minute
	// NoWaitFor is how long the server is not asked to wait after it said that
	// too many are waiting, unless it names a time.
	NoWaitFor = 30 * time.Second
)

// poll fetches whenever it is asked for, as long as nothing is subscribed, and now
// and then to be sure.
func (l *Ladder) poll(ctx context.Context) {
	p := poller{}
	for ctx.Err() == nil {
		if fetch, at := l.plan(&p); fetch {
			l.round(ctx, &p)
		} else {
			l.sleep(ctx, at)
		}
	}
}

// poller is what polling knows from one round to the next.
type poller struct {
	failures int
	early    int       // answers in a row that came early and said nothing
	next     time.Time // when the next poll is due
	waitFrom time.Time // the server may be asked to wait from then on
	complete time.Time // when nothing was missing
}

// plan says whether to fetch now, or else when to look again; zero means when
// woken.
func (l *Ladder) plan(p *poller) (fetch bool, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch {
	case l.follow == "":
		return false, time.Time{}
	case l.pollNext.After(now):
		return false, l.pollNext
	case l.had < l.wanted:
		return true, now
	case l.subscribed == l.follow:
		check := p.complete.Add(CheckInterval)
		return !check.After(now), check
	}
	return !p.next.After(now), p.next
}

func (l *Ladder) sleep(ctx context.Context, till time.Time) {
	var timer <-chan time.Time
	if !till.IsZero() {
		timer = time.After(time.Until(till))
	}
	select {
	case <-ctx.Done():
	case <-l.wakePolling:
	case <-timer:
	}
}

// round is one fetch, and what follows from it. It asks the server to wait only
// if nothing is known to be missing.
func (l *Ladder) round(ctx context.Context, p *poller) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.mu.Lock()
	conversation, wanted, wait := l.follow, l.wanted, 0
	if l.had == l.wanted && l.subscribed != l.follow && !p.waitFrom.After(time.Now()) {
		wait = min(max(l.polling.Wait, 0), wire.MaxWaitSeconds)
	}
	l.cancelFetch, l.waiting = cancel, wait > 0
	l.mu.Unlock()

	begun := time.Now()
	fetched, err := l.fetch(ctx, conversation, wait)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancelFetch, l.waiting = nil, false
	switch {
	case ctx.Err() != nil: // called off, because something better is to be asked
	case err != nil:
		l.pollFailed(p, wait, err)
	default:
		p.failures = 0
		if !fetched.More {
			l.had = max(l.had, wanted)
			p.complete = time.Now()
		}
		p.next = time.Now().Add(l.pause(p, fetched, wait, time.Since(begun)))
	}
}

func (l *Ladder) pollFailed(p *poller, wait int, err error) {
	var refusal *wire.Error
	if errors.As(err, &refusal) && refusal.Code == wire.CodeTooManyWaiting && wait > 0 {
		p.waitFrom = time.Now().Add(max(NoWaitFor, time.Duration(refusal.RetryAfter)*time.Second))
		p.next = time.Now()
		return
	}
	p.failures++
	full := min(MinBackoff<<min(p.failures-1, 10), MaxPollBackoff)
	pause := full/2 + l.jitter(full/2)
	if refusal != nil && refusal.RetryAfter > 0 {
		pause = max(pause, time.Duration(refusal.RetryAfter)*time.Second)
	}
	l.pollNext = time.Now().Add(pause)
}

// pause is the time until the next poll. Where the server waited, or had
// something to say, there is none. An answer that came early and empty may be a
// proxy's doing: after a few of them the long poll is an ordinary one.
func (l *Ladder) pause(p *poller, fetched Fetched, wait int, took time.Duration) time.Duration {
	interval := DefaultInterval
	if l.polling.Interval > 0 {
		interval = max(time.Duration(l.polling.Interval)*time.Millisecond, MinInterval)
	}
	if l.hidden {
		interval = max(interval, HiddenInterval)
	}
	switch {
	case fetched.More:
		return 0
	case wait == 0 && l.polling.Wait > 0 && !p.waitFrom.After(time.Now()):
		return 0 // it only made sure that nothing is missing
	case wait == 0:
		return interval
	case fetched.Changed || took >= time.Duration(wait)*time.Second/2:
		p.early = 0
		return 0
	}
	p.early++
	return min(interval, 100*time.Millisecond<<min(p.early, 10))
}
