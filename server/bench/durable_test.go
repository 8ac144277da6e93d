package bench

import (
	"bufio"
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatbot/widget/wire"
)

// BenchmarkDurableMessages sends messages through the HTTP API from so many
// writers, each in a conversation of its own, where a person has spoken and the
// bot keeps silent, or where the bot answers each one meanwhile. A message counts
// when the server has said that it is stored, which is after the flush to the
// disk, and an answer of the bot when it is stored until the last of them is.
//
// In the same run, on the same machine, SQLite alone stores as many messages from
// as many writers by group commit: what the API adds is what lies between the two.
// The more messages there are, the more pages each one of a batch has to itself: a
// table of some thousands, which fits on few pages, flatters SQLite alone. What a
// server does that runs for long is seen from some ten thousands on.
//
// ratio is durable messages a second by that limit; row-ratio takes the bare
// insert of one row for the limit. The generator shares the processors. Where other
// programs do too, the processor time a message takes tells more than rates.
func BenchmarkDurableMessages(b *testing.B) {
	for _, writers := range []int{64, 512} {
		for _, who := range []string{"person", "bot"} {
			b.Run(fmt.Sprintf("%d-writers/%s", writers, who), func(b *testing.B) {
				b.StopTimer()
				row, _ := rawRows(b, writers)
				message, rawTime := rawMessages(b, writers)
				s := start(b)
				talkers := make([]*talker, writers)
				for i := range talkers {
					talkers[i] = s.talker(b, i, who == "person")
				}
				until(b, func() bool { return s.owed(b) == 0 }) // of the first messages
				before := processorTime(b)
				took, elapsed := write(b, writers, func(i, k int) {
					if err := talkers[i].say(k); err != nil {
						b.Error(err)
					}
				})
				spent, answers := processorTime(b)-before, s.answers(b)
				for _, t := range talkers {
					t.conn.Close()
				}
				stored := (float64(b.N) + float64(answers)) / elapsed.Seconds()
				b.ReportMetric(0, "ns/op") // one that overlaps others
				b.ReportMetric(float64(b.N)/elapsed.Seconds(), "messages/s")
				b.ReportMetric(float64(answers)/elapsed.Seconds(), "answers/s")
				b.ReportMetric(message, "raw/s")
				b.ReportMetric(row, "raw-rows/s")
				b.ReportMetric(stored/message, "ratio")
				b.ReportMetric(stored/row, "row-ratio")
				b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "cpu-µs/message")
				b.ReportMetric(float64(rawTime.Microseconds())/float64(b.N), "raw-cpu-µs")
				b.ReportMetric(quantile(took, .5), "p50-ms")
				b.ReportMetric(quantile(took, .99), "p99-ms")
			})
		}
	}
}

// text is what is said: of the length of a common message.
const text = "Where can I see what has become of my order, and when will it be here?"

// number holds the place of a message's number in a request that is prepared.
const number = "00000000"

// talker writes into one conversation, over one connection, with as little work
// as can be: it is not what is measured.
type talker struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	number  []byte // within request
}

// talker begins a conversation, in which a person may have spoken for the site.
func (s *server) talker(b *testing.B, i int, person bool) *talker {
	b.Helper()
	var session wire.Session
	s.call(b, "POST", wire.PathConversations, "", struct{}{}, &session)
	path := strings.Replace(wire.PathMessages, "{id}", session.Conversation.ID, 1)
	// The first message stores the conversation.
	s.call(b, "POST", path, session.Token, wire.SendRequest{ClientID: "first", Body: text}, nil)
	if person {
		s.call(b, "POST", path, serverKey, wire.SendRequest{ClientID: "first", Body: "I am here."}, nil)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	body := fmt.Sprintf(`{"clientId":"m%s","body":"%s"}`, number, text)
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-Forwarded-For: 10.0.%d.%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, strings.TrimPrefix(s.url, "http://"), session.Token, i/250, i%250, len(body), body)
	at := bytes.LastIndex(request, []byte(number))
	return &talker{conn, bufio.NewReader(conn), request, request[at : at+len(number)]}
}

// say sends message k and returns when it is stored.
func (t *talker) say(k int) error {
	copy(t.number, fmt.Sprintf("%0*d", len(number), k))
	if _, err := t.conn.Write(t.request); err != nil {
		return err
	}
	status, err := t.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 201 ")) {
		return fmt.Errorf("answered %s", status)
	}
	length := -1
	for {
		line, err := t.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 { // the headers' end
			break
		}
		if n, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(n))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("the answer has no length")
	}
	_, err = t.in.Discard(length)
	return err
}

// answers is how many of the bot's are stored to messages that count.
func (s *server) answers(b *testing.B) int {
	b.Helper()
	return s.count(b, "message a JOIN message q ON a.client_id = 'answer-' || q.id WHERE a.author_role = 'bot' AND q.client_id <> 'first'")
}

// owed is how many answers are still to be given.
func (s *server) owed(b *testing.B) int {
	b.Helper()
	return s.count(b, "debt")
}

// count looks into the server's database.
func (s *server) count(b *testing.B, rows string) (n int) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "chatbot.db")+"?_pragma=query_only(1)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT count(*) FROM " + rows).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

// processorTime is what this process has used of the processors so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
