package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/api"
	"chatbot/widget/wire"
)

// report is what a run has shown.
type report struct {
	options
	took     time.Duration
	faults   map[string]int // by kind, one for each link that was hit
	kills    int
	restarts int // of clients
	heals    []time.Duration

	judged                    bool
	written, answered, stored int
	views                     int // how many participants were compared with the store
	lost, doubled, outOfOrder int
	different                 int // messages that somebody sees in another state than is stored
	edited, deleted, reacted  int
	streamed, broken          int // messages written word by word, and those broken off
	examples                  []string
}

// good reports whether the guarantee held.
func (r *report) good() bool {
	return r.judged && r.lost == 0 && r.doubled == 0 && r.outOfOrder == 0 && r.different == 0
}

func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "chaos: seed %d, %d episodes in %s\n", r.Seed, len(r.heals), r.took.Round(time.Second))
	fmt.Fprintf(out, "  messages      %d written by %d clients and one Chromium in %d conversations, %d answers, %d stored\n", r.written, r.people()-1, r.Conversations, r.answered, r.stored)
	var faults []string
	for _, kind := range slices.Sorted(maps.Keys(r.faults)) {
		faults = append(faults, fmt.Sprintf("%s %d", kind, r.faults[kind]))
	}
	fmt.Fprintf(out, "  faults        %s\n", strings.Join(faults, ", "))
	fmt.Fprintf(out, "                server killed and restarted %d, clients restarted %d\n", r.kills, r.restarts)
	if r.judged {
		fmt.Fprintf(out, "  changed       %d corrected, %d deleted, %d with reactions, %d streamed of which the server broke off %d\n", r.edited, r.deleted, r.reacted, r.streamed, r.broken)
		fmt.Fprintf(out, "  lost          %d\n  doubled       %d\n  out of order  %d\n  different     %d\n", r.lost, r.doubled, r.outOfOrder, r.different)
		fmt.Fprintf(out, "                in the store and for %d participants\n", r.views)
	}
	for _, e := range r.examples {
		fmt.Fprintf(out, "                %s\n", e)
	}
	if len(r.heals) > 0 {
		sorted := slices.Sorted(slices.Values(r.heals))
		fmt.Fprintf(out, "  to heal       longest %s, median %s\n", sorted[len(sorted)-1].Round(time.Millisecond), sorted[len(sorted)/2].Round(time.Millisecond))
	}
}

// maxExamples is how many findings are told in words.
const maxExamples = 20

func (r *report) note(count *int, format string, args ...any) {
	*count++
	if len(r.examples) < maxExamples {
		r.examples = append(r.examples, fmt.Sprintf(format, args...))
	}
}

// reading bounds how long it takes to read everything back. A browser draws
// thousands of messages for that, a page of them at a time.
const reading = 10 * time.Minute

// judge compares what was written with what is stored, and what is stored with
// what everybody sees.
func (w *world) judge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reading)
	defer cancel()
	stored, revs, err := w.stored(ctx)
	if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	w.report.written = sum(w.written)
	for c, messages := range stored {
		w.report.stored += len(messages)
		written := map[string]int{}
		for i, n := range w.written {
			if w.conversation(i) == c {
				written[w.name(i)] = n
			}
		}
		w.report.answered += w.report.checkStore(messages, written)
	}
	for i, v := range w.guests {
		if err := v.current(ctx, revs[w.conversation(i)]); err != nil {
			return fmt.Errorf("%s does not know every change: %w", w.name(i), err)
		}
	}
	for i, p := range w.people {
		lines, err := p.shown(ctx)
		if err != nil {
			return fmt.Errorf("what %s sees: %w", w.name(i), err)
		}
		w.report.checkView(w.name(i), lines, stored[w.conversation(i)])
		if odd := p.oddities(); odd != (oddities{}) {
			w.report.doubled += odd.doubled
			w.report.outOfOrder += odd.outOfOrder
			w.report.examples = append(w.report.examples, fmt.Sprintf("%s saw for a moment: %+v", w.name(i), odd))
		}
		w.report.views++
	}
	w.report.judged = true
	return nil
}

// checkStore compares a conversation in the store with what was written in it,
// by name of the writer, and gives the number of answers.
func (r *report) checkStore(messages []wire.Message, written map[string]int) (answers int) {
	times, last, answered := map[string]int{}, map[string]int{}, map[string]int{}
	names, gone := map[string]string{}, map[string]int{} // by author's id, deleted messages by author's name
	for _, m := range messages {
		r.count(m)
		if name, _, known := parse(m.Body, written); known {
			names[m.Author.ID] = name
		}
	}
	for i, m := range messages {
		if m.Seq != int64(i+1) {
			r.note(&r.outOfOrder, "message %d of a conversation has the place %d", i+1, m.Seq)
		}
		switch {
		case strings.HasPrefix(m.ClientID, streamClient):
			continue
		case m.Author.Role == wire.RoleBot:
			answered[m.ClientID]++
			answers++
			continue
		case m.DeletedAt != nil:
			gone[names[m.Author.ID]]++
			continue
		}
		name, n, known := parse(m.Body, written)
		said := strings.TrimSuffix(m.Body, corrected)
		switch times[said]++; {
		case !known || times[said] > 1:
			r.note(&r.doubled, "stored too often: %q", m.Body)
		case n < last[name]:
			r.note(&r.outOfOrder, "stored after message %d: %q", last[name], m.Body)
		}
		last[name] = max(last[name], n)
	}
	for name, n := range written {
		for i := range n {
			body := text(name, i+1)
			if times[body] == 0 {
				gone[name]--
			}
			if times[body] == 0 && gone[name] < 0 {
				r.note(&r.lost, "not stored: %q", body)
			}
		}
	}
	for _, m := range messages {
		if m.Author.Role == wire.RoleBot {
			continue
		}
		if answered["answer-"+m.ID] == 0 {
			r.note(&r.lost, "not answered: %q", m.Body)
		}
		answered["answer-"+m.ID]--
	}
	for id, n := range answered {
		for range max(n, 0) {
			r.note(&r.doubled, "answered too often: %s", id)
		}
	}
	return answers
}

// parse reads a text of ours.
func parse(body string, written map[string]int) (name string, n int, known bool) {
	if _, err := fmt.Sscanf(body, "%s writes message %d", &name, &n); err != nil {
		return "", 0, false
	}
	return name, n, n >= 1 && n <= written[name]
}

// checkView compares what somebody sees with the store.
func (r *report) checkView(name string, lines []line, messages []wire.Message) {
	seen, last := map[int64]int{}, int64(0)
	for _, l := range lines {
		switch seen[l.Seq]++; {
		case seen[l.Seq] > 1:
			r.note(&r.doubled, "%s sees message %d twice", name, l.Seq)
		case l.Seq < last:
			r.note(&r.outOfOrder, "%s sees message %d after %d", name, l.Seq, last)
		case l.Seq < 1 || l.Seq > int64(len(messages)):
			r.note(&r.doubled, "%s sees a message %d that is not stored", name, l.Seq)
		case l.State != "" && l.State != state(messages[l.Seq-1]):
			r.note(&r.different, "%s has %s, stored is %s", name, l.State, state(messages[l.Seq-1]))
		case l.State == "" && changed(messages[l.Seq-1]):
			// what was read in the document was read at some time or another
		case !l.Formatted && plain(l.Body) != plain(messages[l.Seq-1].Body):
			r.note(&r.lost, "%s sees %q for %q", name, l.Body, messages[l.Seq-1].Body)
		}
		last = max(last, l.Seq)
	}
	for _, m := range messages {
		if seen[m.Seq] == 0 {
			r.note(&r.lost, "%s does not see message %d", name, m.Seq)
		}
	}
}

// changed reports whether a message was not always as it is.
func changed(m wire.Message) bool {
	return m.EditedAt != nil || m.DeletedAt != nil || strings.HasPrefix(m.ClientID, streamClient)
}

// count takes down what was done to a stored message.
func (r *report) count(m wire.Message) {
	if m.EditedAt != nil {
		r.edited++
	}
	if m.DeletedAt != nil {
		r.deleted++
	}
	if len(m.Reactions) > 0 {
		r.reacted++
	}
	if strings.HasPrefix(m.ClientID, streamClient) {
		r.streamed++
		if m.Status == wire.StatusStreaming {
			r.note(&r.lost, "it never ends: %q", m.Body)
		}
	}
}

// plain is a text without what a browser may change of its spaces.
func plain(s string) string { return strings.Join(strings.Fields(s), " ") }

// stored reads all conversations by the API, in the order of ours. One that
// nobody is in holds nothing.
func (w *world) stored(ctx context.Context) (found [][]wire.Message, revs []int64, err error) {
	key, err := auth.ReadServerKey(w.server.dir, func(string) string { return "" })
	if err != nil {
		return nil, nil, err
	}
	url := "http://" + w.server.addr
	list, err := conversations(ctx, url, key)
	if err != nil {
		return nil, nil, err
	}
	found, revs = make([][]wire.Message, w.Conversations), make([]int64, w.Conversations)
	for _, c := range list {
		i := slices.IndexFunc(w.guests, func(v *visitor) bool { return v.chat.State().ConversationID == c.ID })
		if i < 0 {
			w.report.doubled += int(c.LastSeq)
			continue
		}
		at := w.conversation(i)
		if found[at], revs[at], err = history(ctx, api.New(api.HTTP{}, url, "").Conversation(c.ID, key)); err != nil {
			return nil, nil, err
		}
	}
	return found, revs, nil
}

func conversations(ctx context.Context, url, key string) ([]wire.ConversationSummary, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s%s?limit=%d", url, wire.PathConversations, wire.MaxPageSize), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the list of conversations was answered %s", res.Status)
	}
	var list wire.ConversationList
	err = json.NewDecoder(res.Body).Decode(&list)
	return list.Conversations, err
}

// history reads a conversation from its end to its beginning, and how many changes
// it has seen at that end.
func history(ctx context.Context, c api.Conversation) (messages []wire.Message, rev int64, err error) {
	for before := int64(1 << 62); ; {
		page, err := c.Before(ctx, before)
		if err != nil {
			return nil, 0, err
		}
		if rev == 0 {
			rev = page.Cursor.Rev
		}
		messages = append(page.Messages, messages...)
		if !page.HasMore || len(page.Messages) == 0 {
			return messages, rev, nil
		}
		before = page.Messages[0].Seq
	}
}
