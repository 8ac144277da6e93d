package wire_test

import (
	"encoding/json"
	"testing"

	"chatbot/widget/wire"
)

// A cursor that is accepted is the text of itself.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"e-0", "a-b-7", "-1", "e-+1", "e-9223372036854775807", "e-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := wire.ParseCursor(s)
		if err != nil {
			return
		}
		again, err := wire.ParseCursor(c.String())
		if err != nil || again != c || c.Rev < 0 || !wire.ValidID(c.Epoch) {
			t.Errorf("%q is %v, and that %v (%v)", s, c, again, err)
		}
	})
}

// A message that can be read is the same when it is written and read again.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"id":"m","seq":1,"rev":2,"author":{"id":"a","role":"bot","name":"n"},"body":"b","createdAt":"2026-01-02T15:04:05.678Z","reactions":[],"attachments":[]}`))
	f.Add([]byte(`{"createdAt":"yesterday"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again wire.Message
		if json.Unmarshal(b, &m) != nil {
			return
		}
		first, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if second, err := json.Marshal(again); err != nil || string(first) != string(second) {
			t.Errorf("%s became %s (%v)", first, second, err)
		}
	})
}
