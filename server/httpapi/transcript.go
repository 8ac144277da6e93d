package httpapi

import (
	"fmt"
	"net/http"
	"time"

	"chatbot/server/chat"
	"chatbot/server/transcript"
	"chatbot/widget/wire"
)

// maxTranscript is how many messages a transcript holds at most: the last ones.
const maxTranscript = 10_000

// transcriptsPerMinute bounds how often one participant gets one: each may read
// the whole conversation.
const transcriptsPerMinute = 6

// getTranscript answers GET …/transcript: the conversation as plain text, to be
// kept as a file. It is written page by page, so that a long one takes little
// memory; what fails in the middle ends the connection, and the file is no whole
// one.
func (a *API) getTranscript(w http.ResponseWriter, r *http.Request) error {
	id, reader, err := a.reader(r)
	if err != nil {
		return err
	}
	last, err := queryInt(r.URL.Query(), "last", 1, maxTranscript, maxTranscript)
	if err != nil {
		return err
	}
	if reader != byServer {
		if err := a.charge(a.transcripts, reader); err != nil {
			return err
		}
	}
	begun := false
	err = a.writeTranscript(w, r, id, reader, last, &begun)
	if err != nil && begun {
		a.Logger.Warn("transcript broken off", "request", requestID(r), "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// writeTranscript reads the last messages from their first on. It says when the
// answer has begun, after which no other can be given.
func (a *API) writeTranscript(w http.ResponseWriter, r *http.Request, id, reader string, last int64, begun *bool) error {
	latest, err := a.Chat.Messages(r.Context(), id, chat.Read{Limit: 1, Reader: reader})
	if err != nil {
		return err
	}
	after := max(0, latest.LastSeq-last)
	now := a.Clock()
	offer(w.Header(), "chat-"+now.UTC().Format(time.DateOnly)+".txt")
	*begun = true
	q := r.URL.Query()
	text, err := transcript.New(w, transcript.Options{
		Self: reader, Lang: q.Get("language"), Zone: q.Get("zone"), Now: now, Left: after > 0, Limit: int(last),
	})
	if err != nil {
		return err
	}
	text.Meet(latest.Participants)
	for after < latest.LastSeq {
		page, err := a.Chat.Messages(r.Context(), id, chat.Read{After: &after, Limit: wire.MaxPageSize, Reader: reader})
		if err != nil {
			return err
		}
		if len(page.Messages) == 0 {
			return fmt.Errorf("nothing after message %d of %d", after, latest.LastSeq)
		}
		if err := text.Write(page.Messages); err != nil {
			return err
		}
		after = page.Messages[len(page.Messages)-1].Seq
	}
	return nil
}

// offer makes the answer a file of plain text to be kept.
func offer(h http.Header, name string) {
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}
