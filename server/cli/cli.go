// Package cli holds the commands by which a person at a terminal reads and
// answers the conversations of a running server. They use the same HTTP API as
// everybody else, with the server key.
package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/google/uuid"

	"chatbot/widget/wire"
)

// Client speaks to the server at URL (no slash at the end) with its server key.
type Client struct {
	URL, Key string
}

// Conversations writes the latest conversations to out, newest first.
func (c Client) Conversations(ctx context.Context, out io.Writer, limit int) error {
	list, err := c.list(ctx, limit, 0, 0)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "No conversation yet.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CONVERSATION\tMESSAGES\tLAST\tSITE")
	for _, conversation := range list {
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", conversation.ID, conversation.LastSeq, clock(conversation.UpdatedAt), plain(conversation.Site))
	}
	return table.Flush()
}

// Follow writes every message that is said from now on, until ctx ends.
func (c Client) Follow(ctx context.Context, out io.Writer) error {
	seen := map[string]int64{}
	var after wire.Time
	list, err := c.list(ctx, wire.MaxPageSize, 0, 0)
	if err != nil {
		return err
	}
	for _, conversation := range list {
		seen[conversation.ID] = conversation.LastSeq
		after = max(after, conversation.UpdatedAt)
	}
	began := after
	for ctx.Err() == nil {
		list, err := c.list(ctx, wire.MaxPageSize, after, wire.MaxWaitSeconds)
		if err != nil {
			return stopped(ctx, err)
		}
		for _, conversation := range list {
			after = max(after, conversation.UpdatedAt)
			if conversation.LastSeq <= seen[conversation.ID] {
				continue
			}
			seen[conversation.ID], err = c.print(ctx, out, conversation.ID, seen[conversation.ID], began)
			if err != nil && !isNotFound(err) { // it may have been deleted meanwhile
				return stopped(ctx, err)
			}
		}
	}
	return nil
}

// print writes the messages of a conversation above seq and later than since, and
// gives the last. What is older belongs to a conversation that was none of the
// latest when this began.
func (c Client) print(ctx context.Context, out io.Writer, id string, seq int64, since wire.Time) (int64, error) {
	for {
		var page wire.Page
		path := strings.Replace(wire.PathMessages, "{id}", id, 1)
		if err := c.call(ctx, http.MethodGet, fmt.Sprintf("%s?after=%d", path, seq), nil, &page); err != nil {
			return seq, err
		}
		for _, m := range page.Messages {
			if seq = m.Seq; m.CreatedAt <= since {
				continue
			}
			if _, err := fmt.Fprintf(out, "%s  %s  %s: %s\n", clock(m.CreatedAt), id, speaker(m.Author), plain(m.Body)); err != nil {
				return seq, err
			}
		}
		if !page.HasMore {
			return seq, nil
		}
	}
}

// Reply says text in a conversation under the given name.
func (c Client) Reply(ctx context.Context, out io.Writer, id, name, text string) error {
	if !wire.ValidID(id) {
		return fmt.Errorf("%q is no conversation's id; `conversations` lists them", id)
	}
	send := wire.SendRequest{
		ClientID: uuid.NewString(),
		Body:     text,
		Author:   &wire.Author{ID: "agent", Role: wire.RoleAgent, Name: name},
	}
	if err := send.Validate(); err != nil {
		return err
	}
	var sent wire.SendAnswer
	if err := c.call(ctx, http.MethodPost, strings.Replace(wire.PathMessages, "{id}", id, 1), send, &sent); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Sent as message %d.\n", sent.Message.Seq)
	return err
}

// Delete removes a conversation for good.
func (c Client) Delete(ctx context.Context, out io.Writer, id string) error {
	if !wire.ValidID(id) {
		return fmt.Errorf("%q is no conversation's id; `conversations` lists them", id)
	}
	if err := c.call(ctx, http.MethodDelete, strings.Replace(wire.PathConversation, "{id}", id, 1), nil, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "Deleted. Backups that were made before still have it.")
	return err
}

func (c Client) list(ctx context.Context, limit int, after wire.Time, wait int) ([]wire.ConversationSummary, error) {
	q := url.Values{"limit": {fmt.Sprint(limit)}, "wait": {fmt.Sprint(wait)}}
	if after > 0 {
		q.Set("after", after.String())
	}
	var list wire.ConversationList
	err := c.call(ctx, http.MethodGet, wire.PathConversations+"?"+q.Encode(), nil, &list)
	return list.Conversations, err
}

// call makes one request; an answer that is no success becomes its error.
func (c Client) call(ctx context.Context, method, path string, body, answer any) error {
	var payload io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.URL+path, payload)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.Key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("no server answers at %s (start it, or name its address with --url): %w", c.URL, errors.Unwrap(err))
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		var refusal wire.ErrorAnswer
		if err := json.NewDecoder(res.Body).Decode(&refusal); err != nil || refusal.Error == nil {
			return fmt.Errorf("the server answered %s", res.Status)
		}
		return refusal.Error
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(answer)
}

func isNotFound(err error) bool {
	var refusal *wire.Error
	return errors.As(err, &refusal) && refusal.Code == wire.CodeNotFound
}

// stopped makes an end that was asked for no error.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func clock(t wire.Time) string { return t.Time().Local().Format(time.DateTime) }

func speaker(a wire.Author) string {
	if a.Name == "" {
		return string(a.Role)
	}
	return plain(a.Name) + " (" + string(a.Role) + ")"
}

// plain keeps a visitor's text from steering the terminal: line breaks become
// spaces, other control and text-direction characters are dropped.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}
