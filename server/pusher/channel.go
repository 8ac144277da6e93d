package pusher

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// cacheTime is how long a cache channel remembers its last event.
const cacheTime = 30 * time.Minute

// userChannel begins the channel of one signed-in user; clients subscribe to it
// by themselves after pusher:signin.
const userChannel = "#server-to-user-"

// kind is what a channel's name says about it.
type kind struct{ private, presence, encrypted, cache bool }

func kindOf(name string) kind {
	private, isPrivate := strings.CutPrefix(name, "private-")
	presence, isPresence := strings.CutPrefix(name, "presence-")
	inner := name
	switch {
	case isPrivate:
		inner = private
	case isPresence:
		inner = presence
	}
	k := kind{private: isPrivate, presence: isPresence}
	if encrypted, is := strings.CutPrefix(inner, "encrypted-"); is && isPrivate {
		k.encrypted, inner = true, encrypted
	}
	k.cache = strings.HasPrefix(inner, "cache-")
	return k
}

// signed reports whether a subscription needs a signature.
func (k kind) signed() bool { return k.private || k.presence }

// clientEvents reports whether clients may send events. An encrypted channel's
// key is not for every sender to have.
func (k kind) clientEvents() bool { return k.signed() && !k.encrypted }

// validChannel reports whether a name is well-formed. A user's own channel may
// have any id in it; only that user gets in.
func validChannel(name string, limit int) bool {
	if user, is := strings.CutPrefix(name, userChannel); is {
		return user != "" && len(user) <= maxUserID
	}
	if name == "" || len(name) > limit {
		return false
	}
	for i := range len(name) {
		b := name[i]
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		if !letter && (b < '0' || b > '9') && strings.IndexByte("_-=@,.;", b) < 0 {
			return false
		}
	}
	return true
}

// channel is who is subscribed; its shard's lock guards it.
type channel struct {
	name string
	kind
	subscribers map[*conn]struct{}
	members     map[string]*member // of a presence channel, by id
}

// member is a user of a presence channel, on one connection or several.
type member struct {
	// id keeps the JSON type that the application gave it.
	id, info    json.RawMessage
	connections map[*conn]struct{}
}

func newChannel(name string) *channel {
	ch := &channel{name: name, kind: kindOf(name), subscribers: map[*conn]struct{}{}}
	if ch.presence {
		ch.members = map[string]*member{}
	}
	return ch
}

// send queues a frame for all but one.
func (ch *channel) send(f *frame, except *conn) {
	for c := range ch.subscribers {
		if c != except {
			c.send(f)
		}
	}
}

// userInfo is how members are told of each other.
type userInfo struct {
	ID   json.RawMessage `json:"user_id"`
	Info json.RawMessage `json:"user_info,omitempty"`
}

// greeting is what a new subscriber is told: on presence channels, of everybody.
func (ch *channel) greeting() *frame {
	if !ch.presence {
		return encodeTwice("pusher_internal:subscription_succeeded", ch.name, struct{}{})
	}
	ids, hash := []json.RawMessage{}, map[string]json.RawMessage{}
	for _, key := range slices.Sorted(maps.Keys(ch.members)) {
		ids = append(ids, ch.members[key].id)
		hash[key] = ch.members[key].info
		if hash[key] == nil {
			hash[key] = json.RawMessage("{}")
		}
	}
	return encodeTwice("pusher_internal:subscription_succeeded", ch.name, map[string]any{
		"presence": map[string]any{"ids": ids, "hash": hash, "count": len(ids)},
	})
}
