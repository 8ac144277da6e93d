package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	"chatbot/widget/wire"
)

// A small run. SEED in the environment chooses another one.
func TestChaos(t *testing.T) {
	o := options{Messages: 150, Kills: 3, Episodes: 6, Conversations: 2, Clients: 2, Hold: time.Second, Seed: 1, Log: io.Discard}
	if seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		o.Seed = seed
	}
	r, err := run(t.Context(), o)
	var printed bytes.Buffer
	r.print(&printed)
	t.Logf("%s", &printed)
	if err != nil {
		t.Fatal(err)
	}
	if !r.good() {
		t.Error("a message was lost, doubled or out of order")
	}
}

// The same seed is the same run, with all that was asked for.
func TestPlan(t *testing.T) {
	o := options{Messages: 5000, Kills: 25, Episodes: 100, Conversations: 4, Clients: 3, Hold: time.Second, Seed: 7}
	episodes := plan(o)
	if !reflect.DeepEqual(episodes, plan(o)) {
		t.Error("one seed gives two plans")
	}
	messages, kills, faults := 0, 0, map[string]int{}
	for _, e := range episodes {
		messages += len(e.writers)
		if e.kill != nil {
			kills++
		}
		struck := map[int]bool{}
		for _, f := range e.faults {
			faults[f.kind]++
			if struck[f.link] {
				t.Errorf("a link has two faults: %v", e.faults)
			}
			struck[f.link] = true
		}
	}
	if messages != o.Messages || kills != o.Kills || len(faults) != len(kinds) {
		t.Errorf("%d messages, %d kills, faults %v", messages, kills, faults)
	}
}

// Each of what must not happen is found, in the store and at a participant.
func TestFindings(t *testing.T) {
	stored := func(bodies ...string) (messages []wire.Message) {
		add := func(m wire.Message) {
			m.Seq = int64(len(messages) + 1)
			messages = append(messages, m)
		}
		for i, body := range bodies {
			id := fmt.Sprint("id", i)
			add(wire.Message{ID: id, Body: body, Author: wire.Author{Role: wire.RoleVisitor}})
			add(wire.Message{Body: "An answer.", ClientID: "answer-" + id, Author: wire.Author{Role: wire.RoleBot}})
		}
		return messages
	}
	one, two := text("ann", 1), text("ann", 2)
	good := stored(one, two)
	view := func(seqs ...int64) (lines []line) {
		for _, seq := range seqs {
			lines = append(lines, line{Seq: seq, Body: good[seq-1].Body})
		}
		return lines
	}
	for name, test := range map[string]struct {
		messages                  []wire.Message
		lines                     []line
		lost, doubled, outOfOrder int
		different                 int
	}{
		"all is well":             {messages: good, lines: view(1, 2, 3, 4)},
		"not stored":              {messages: stored(one), lost: 1},
		"stored twice":            {messages: stored(one, two, two), doubled: 1},
		"stored in another order": {messages: stored(two, one), outOfOrder: 1},
		"of nobody":               {messages: stored(one, two, "what?"), doubled: 1},
		"no answer":               {messages: good[:3], lost: 1},
		"two answers":             {messages: append(good[:4:4], wire.Message{Seq: 5, ClientID: "answer-id1", Author: wire.Author{Role: wire.RoleBot}}), doubled: 1},
		"not seen":                {messages: good, lines: view(1, 2, 4), lost: 1},
		"seen twice":              {messages: good, lines: view(1, 2, 2, 3, 4), doubled: 1},
		"seen in another order":   {messages: good, lines: view(1, 3, 2, 4), outOfOrder: 1},
		"seen with another text":  {messages: good, lines: append(view(1, 2, 3), line{Seq: 4, Body: "No answer."}), lost: 1},
		"seen in another state":   {messages: good, lines: append(view(1, 2, 3), line{Seq: 4, Body: good[3].Body, State: "{}"}), different: 1},
		"streamed for ever":       {messages: append(good[:4:4], wire.Message{Seq: 5, ClientID: streamClient + "1", Status: wire.StatusStreaming, Author: wire.Author{Role: wire.RoleBot}}), lost: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var r report
			r.checkStore(test.messages, map[string]int{"ann": 2})
			if test.lines != nil {
				r.checkView("ben", test.lines, test.messages)
			}
			if r.lost != test.lost || r.doubled != test.doubled || r.outOfOrder != test.outOfOrder || r.different != test.different {
				t.Errorf("lost %d, doubled %d, out of order %d: %q", r.lost, r.doubled, r.outOfOrder, r.examples)
			}
		})
	}
}

func TestCommandLine(t *testing.T) {
	for _, args := range [][]string{{"-kills", "9", "-episodes", "3"}, {"-messages", "0"}, {"-unknown"}} {
		if code := start(t.Context(), args, io.Discard, io.Discard); code != 2 {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
}
