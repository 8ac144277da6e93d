package pusher

import (
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// shards is how many locks an application's channels are spread over.
const shards = 64

// application is an App and who is subscribed to its channels.
type application struct {
	App
	server      *Server
	connections int // guarded by server.mu
	occupied    atomic.Int64
	seed        maphash.Seed
	shards      [shards]shard
	hooks       []*webhook

	mu    sync.Mutex
	users map[string]map[*conn]struct{} // who has signed in
}

// shard is some of the channels. Under its lock subscribers come and go and
// frames are queued, so that what is queued to anyone is in the order in which
// it happened.
type shard struct {
	mu       sync.Mutex
	channels map[string]*channel
	cache    map[string]cached
}

// cached is the last event of a cache channel; it outlives the subscribers.
type cached struct {
	frame *frame
	data  string
	until time.Duration
}

func newApplication(s *Server, app App) *application {
	a := &application{App: app, server: s, seed: maphash.MakeSeed(), users: map[string]map[*conn]struct{}{}}
	for i := range a.shards {
		a.shards[i].channels = map[string]*channel{}
		a.shards[i].cache = map[string]cached{}
	}
	for _, w := range app.Webhooks {
		a.hooks = append(a.hooks, newWebhook(a, w))
	}
	return a
}

func (a *application) shard(channel string) *shard {
	return &a.shards[maphash.String(a.seed, channel)%shards]
}

// publish sends an event to a channel but for one socket.
func (a *application) publish(channel, event, data, exceptSocket string) error {
	if !a.wanted(channel) {
		return nil
	}
	f, err := encode(outgoing{Event: event, Channel: channel, Data: data})
	if err != nil {
		return err
	}
	f.born = max(a.server.now(), 1)
	sh := a.shard(channel)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if kindOf(channel).cache {
		sh.remember(channel, cached{f, data, f.born + cacheTime}, f.born)
	}
	ch := sh.channels[channel]
	if ch == nil {
		return nil
	}
	for c := range ch.subscribers {
		if c.socketID != exceptSocket {
			c.send(f)
		}
	}
	return nil
}

// wanted reports whether anybody is there for an event on the channel, or may ask
// for it later. Most have nobody, and an event costs more to encode than to find
// that out.
func (a *application) wanted(channel string) bool {
	if kindOf(channel).cache {
		return true
	}
	sh := a.shard(channel)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.channels[channel] != nil
}

// remember keeps the event, and now and then forgets those that are too old.
func (sh *shard) remember(channel string, e cached, now time.Duration) {
	if len(sh.cache)%64 == 63 {
		maps.DeleteFunc(sh.cache, func(_ string, e cached) bool { return now >= e.until })
	}
	sh.cache[channel] = e
}

// recall is the remembered event, or has no frame.
func (sh *shard) recall(channel string, now time.Duration) cached {
	if e := sh.cache[channel]; now < e.until {
		return e
	}
	return cached{}
}

// join subscribes a connection and tells everybody. What the newcomer is told
// is queued under the lock: no event can come before it or be missed after it.
func (a *application) join(c *conn, name string, m *member, memberID string) (*channel, *protocolError) {
	sh := a.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	ch := sh.channels[name]
	if ch == nil {
		ch = newChannel(name)
	}
	if ch.presence && ch.members[memberID] == nil && len(ch.members) >= a.server.Limits.Members {
		return nil, &protocolError{Code: 4301, Message: fmt.Sprintf("A presence channel may have %d members.", a.server.Limits.Members)}
	}
	if len(ch.subscribers) == 0 {
		sh.channels[name] = ch
		a.occupied.Add(1)
		a.tell(hookEvent{Name: "channel_occupied", Channel: name})
	}
	ch.subscribers[c] = struct{}{}
	if ch.presence {
		a.enter(ch, c, m, memberID)
	}
	c.send(ch.greeting())
	if ch.cache {
		a.replay(sh, ch, c)
	}
	return ch, nil
}

// enter makes the connection one of a member's; the first is announced.
func (a *application) enter(ch *channel, c *conn, m *member, id string) {
	if known := ch.members[id]; known != nil {
		known.connections[c] = struct{}{}
		return
	}
	m.connections = map[*conn]struct{}{c: {}}
	ch.members[id] = m
	ch.send(encodeTwice("pusher_internal:member_added", ch.name, userInfo{m.id, m.info}), c)
	a.tell(hookEvent{Name: "member_added", Channel: ch.name, UserID: id})
}

// replay sends the last event of a cache channel, or says that there is none.
func (a *application) replay(sh *shard, ch *channel, c *conn) {
	if e := sh.recall(ch.name, a.server.now()); e.frame != nil {
		c.send(&frame{bytes: e.frame.bytes}) // its latency was another's
		return
	}
	c.send(must(encode(outgoing{Event: "pusher:cache_miss", Channel: ch.name})))
	a.tell(hookEvent{Name: "cache_miss", Channel: ch.name})
}

// leave undoes join.
func (a *application) leave(c *conn, s subscription) {
	ch, sh := s.channel, a.shard(s.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	delete(ch.subscribers, c)
	if m := ch.members[s.member]; m != nil {
		delete(m.connections, c)
		if len(m.connections) == 0 {
			delete(ch.members, s.member)
			ch.send(encodeTwice("pusher_internal:member_removed", ch.name, userInfo{ID: m.id}), nil)
			a.tell(hookEvent{Name: "member_removed", Channel: ch.name, UserID: s.member})
		}
	}
	if len(ch.subscribers) == 0 {
		delete(sh.channels, ch.name)
		a.occupied.Add(-1)
		a.tell(hookEvent{Name: "channel_vacated", Channel: ch.name})
	}
}

// relay passes a client's event on to the other subscribers.
func (a *application) relay(c *conn, s subscription, in incoming) {
	sh := a.shard(s.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	o := outgoing{Event: in.Event, Channel: s.name}
	if in.Data != nil {
		o.Data = in.Data
	}
	if m := s.members[s.member]; m != nil {
		o.UserID = m.id
	}
	f := must(encode(o))
	f.born = max(a.server.now(), 1)
	s.channel.send(f, c)
	a.tell(hookEvent{
		Name: "client_event", Channel: s.name, Event: in.Event, Data: dataText(in.Data),
		SocketID: c.socketID, UserID: s.member,
	})
}

// signIn notes who a connection belongs to.
func (a *application) signIn(c *conn, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users[user] == nil {
		a.users[user] = map[*conn]struct{}{}
	}
	a.users[user][c] = struct{}{}
}

func (a *application) signOut(c *conn, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.users[user], c)
	if len(a.users[user]) == 0 {
		delete(a.users, user)
	}
}

// terminate ends every connection of a user: those that signed in as it, and
// those that are present as it.
func (a *application) terminate(user string) {
	a.mu.Lock()
	connections := slices.Collect(maps.Keys(a.users[user]))
	a.mu.Unlock()
	a.each(func(ch *channel) {
		if m := ch.members[user]; m != nil {
			connections = slices.AppendSeq(connections, maps.Keys(m.connections))
		}
	})
	for _, c := range connections {
		c.end("terminated", terminated)
	}
}

// each looks at every occupied channel, under its lock.
func (a *application) each(look func(*channel)) {
	for i := range a.shards {
		sh := &a.shards[i]
		sh.mu.Lock()
		for _, ch := range sh.channels {
			look(ch)
		}
		sh.mu.Unlock()
	}
}

// status is what the HTTP API tells of a channel.
type status struct {
	occupied             bool
	users, subscriptions int
	cached               cached
}

func (a *application) status(name string) status {
	sh := a.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := status{cached: sh.recall(name, a.server.now())}
	if ch := sh.channels[name]; ch != nil {
		s.occupied, s.users, s.subscriptions = true, len(ch.members), len(ch.subscribers)
	}
	return s
}

// channelsWith are the occupied channels whose names begin with prefix, but for
// users' own.
func (a *application) channelsWith(prefix string) map[string]status {
	out := map[string]status{}
	a.each(func(ch *channel) {
		if strings.HasPrefix(ch.name, prefix) && !strings.HasPrefix(ch.name, userChannel) {
			out[ch.name] = status{occupied: true, users: len(ch.members), subscriptions: len(ch.subscribers)}
		}
	})
	return out
}

// usersOf are the ids of a presence channel's members.
func (a *application) usersOf(name string) []string {
	sh := a.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if ch := sh.channels[name]; ch != nil {
		return slices.Sorted(maps.Keys(ch.members))
	}
	return nil
}

// greetAgain answers a subscription that was there already.
func (a *application) greetAgain(c *conn, s subscription) {
	sh := a.shard(s.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c.send(s.greeting())
}
