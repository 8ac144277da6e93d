//go:build !js

package client

import (
	"encoding/json"
	"testing"
)

// What another tab says leads to an event or to nothing, and an event that is
// handed on arrives as it was.
func FuzzNote(f *testing.F) {
	for _, s := range []string{
		`{"kind":"event","event":"send","data":{"Text":"t","ClientID":"k"}}`, `{"kind":"event","event":"join","data":5}`,
		`{"kind":"state","state":{"Messages":[{}]}}`, `{"kind":"hello"}`, `{"kind":"event","event":"read","data":{"Seq":-1}}`, `{`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var n note
		if json.Unmarshal([]byte(s), &n) != nil {
			return
		}
		e, ok := decodeEvent(n)
		if !ok {
			return
		}
		back, ok := encodeEvent(e)
		if again, known := decodeEvent(back); !ok || !known || again != e {
			t.Errorf("%+v became %+v", e, again)
		}
	})
}
