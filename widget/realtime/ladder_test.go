//go:build !js

package realtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"chatbot/widget/wire"

	"pgregory.net/rapid"
)

func TestSubscribesAndHandsOutEvents(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.wait(time.Millisecond)
		r.want("up reverb reverb.test:8080")
		if r.SocketID() != "" {
			t.Error("a socket id without a subscription")
		}
		r.Follow("c1")
		r.wait(time.Millisecond)
		r.want("subscribed reverb c1")
		if r.SocketID() != "12.34" {
			t.Errorf("socket id %q", r.SocketID())
		}
		r.wait(time.Second) // what changed before is fetched
		r.idle()
		for _, text := range []string{
			`{"event":"ChatMessageReceived","channel":"private-chat.conversation.c1","data":"{\"rev\":1}"}`,
			`{"event":"App\\Events\\ChatMessageReceived","channel":"private-chat.conversation.c1","data":{"rev":1}}`,
			`{"event":".ChatMessageReceived","channel":"private-chat.conversation.c1","data":{"rev":1}}`,
			`{"event":"client-ChatMessageReceived","channel":"private-chat.conversation.c1","data":{"rev":2}}`,
			`{"event":"ChatMessageReceived","channel":"private-chat.conversation.c2","data":{"rev":3}}`,
			`{"event":"ChatMessageReceived","data":{"rev":4}}`,
			`not JSON`, `[]`, `null`,
		} {
			r.reverb().send(text)
		}
		r.wait(time.Millisecond)
		if len(r.received) != 3 {
			t.Fatalf("received %+v", r.received)
		}
		for _, e := range r.received {
			if e.Name != wire.EventMessageReceived || string(e.Data) != `{"rev":1}` || e.ConversationID != "c1" || e.Provider != wire.ProviderReverb {
				t.Errorf("received %+v, data %s", e, e.Data)
			}
		}
		r.want()
	})
}

func TestPollingNeverWaitsForASocket(t *testing.T) {
	ladder(t, func(r *rig) {
		r.reverb().set(func() { r.reverb().blackhole = true })
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(30 * time.Millisecond)
		calls := r.asked()
		if len(calls) != 2 || calls[0] != (fetchCall{0, "c1", 0}) || calls[1].wait != 25 {
			t.Fatalf("fetches %v", calls)
		}
		r.say()
		r.wait(time.Millisecond)
		if calls := r.asked(); len(calls) != 1 {
			t.Errorf("the long poll did not go on at once: %v", calls)
		}
		r.wait(TryLimit)
		r.want("failed reverb: no answer in time")
	})
}

func TestPlainPolling(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(wire.Config{Polling: wire.PollingConfig{Interval: 2000}})
		r.Follow("c1")
		r.wait(time.Minute)
		if n := len(r.asked()); n < 28 || n > 31 {
			t.Errorf("%d polls in a minute", n)
		}
		r.Pace(true)
		r.wait(time.Minute)
		if n := len(r.asked()); n < 5 || n > 8 {
			t.Errorf("%d polls in a minute while hidden", n)
		}
		r.Follow("")
		r.idle()
	})
}

func TestPollsThatComeBackEarly(t *testing.T) {
	ladder(t, func(r *rig) {
		r.noLong = true
		r.Configure(wire.Config{Polling: reverbConfig.Polling})
		r.Follow("c1")
		r.wait(time.Minute)
		if n := len(r.asked()); n < 28 || n > 40 {
			t.Errorf("%d polls in a minute", n)
		}
	})
}

func TestFetchAfterSubscriptionEndsPolling(t *testing.T) {
	ladder(t, func(r *rig) {
		r.reverb().set(func() { r.reverb().deaf = true })
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.asked()
		r.reverb().send(`{"event":"pusher_internal:subscription_succeeded","channel":"private-chat.conversation.c1","data":{}}`)
		r.wait(time.Second)
		if calls := r.asked(); len(calls) != 1 || calls[0].wait != 0 {
			t.Errorf("after the subscription: %v", calls)
		}
		r.idle()
		r.Fetch()
		r.wait(time.Second)
		if calls := r.asked(); len(calls) != 1 || calls[0].wait != 0 {
			t.Errorf("asked for a fetch: %v", calls)
		}
	})
}

// An event that was lost without a trace is made good by asking now and then.
func TestSubscribedReaderChecks(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.idle()
		r.say() // and nobody hears of it
		r.wait(CheckInterval)
		if calls := r.asked(); len(calls) != 1 || calls[0].wait != 0 {
			t.Errorf("asked %v", calls)
		}
		r.wait(10 * CheckInterval)
		if n := len(r.asked()); n != 10 {
			t.Errorf("asked %d times in 10 intervals", n)
		}
	})
}

func TestFailedCatchUpIsRepeated(t *testing.T) {
	ladder(t, func(r *rig) {
		r.fetchErr = errors.New("no network")
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Minute)
		if n := len(r.asked()); n < 4 || n > 12 {
			t.Errorf("%d fetches", n)
		}
		r.mu.Lock()
		r.fetchErr = nil
		r.mu.Unlock()
		r.wait(MaxPollBackoff)
		r.idle()
	})
}

// A server that is just restarting says so to newcomers as well.
func TestRestartingWhenTried(t *testing.T) {
	ladder(t, func(r *rig) {
		r.reverb().set(func() { r.reverb().greeting = `{"event":"pusher:error","data":{"code":4200}}` })
		r.wait(time.Millisecond) // nothing wakes the ladder but its own plan
		r.Configure(reverbConfig)
		r.wait(time.Millisecond)
		r.reverb().set(func() { r.reverb().greeting = hello })
		r.wait(5 * time.Second)
		if told := r.told(); !slices.Contains(told, "up reverb reverb.test:8080") {
			t.Errorf("told %q after %d tries", told, len(r.reverb().dialled()))
		}
	})
}

func TestLostSocket(t *testing.T) {
	for name, hangUp := range map[string]struct {
		code    int
		reason  string
		retry   time.Duration // at least
		atMost  time.Duration
		retired bool
	}{
		"no close frame": {0, "connection dropped", time.Second, 3 * time.Second, false},
		"going away":     {1001, "closed with code 1001", time.Second, 3 * time.Second, false},
		"over capacity":  {4100, "closed with code 4100", time.Second, 3 * time.Second, false},
		"restart":        {4200, "closed with code 4200", 0, 100 * time.Millisecond, false},
		"disabled":       {4003, "closed with code 4003", 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			ladder(t, func(r *rig) {
				r.Configure(reverbConfig)
				r.Follow("c1")
				r.wait(HeldLong)
				r.told()
				r.asked()
				lost := time.Now()
				r.reverb().hangUp(hangUp.code)
				r.wait(50 * time.Millisecond)
				if calls := r.asked(); len(calls) == 0 {
					t.Error("polling did not begin at once")
				}
				r.wait(10 * time.Minute)
				told := r.told()
				if told[0] != "down reverb: "+hangUp.reason {
					t.Errorf("told %q", told)
				}
				dials := r.reverb().dialled()
				if hangUp.retired {
					if len(dials) != 1 {
						t.Fatalf("tried again %d times", len(dials)-1)
					}
					if !slices.Contains(told, "config wanted") {
						t.Errorf("told %q", told)
					}
					r.Configure(reverbConfig)
					r.Reconnect()
					r.wait(time.Minute)
					if len(r.reverb().dialled()) != 1 {
						t.Error("tried again though nothing changed")
					}
					changed := reverbConfig
					changed.Reverb.Key = "another"
					r.Configure(changed)
					r.wait(time.Second)
					r.want("up reverb reverb.test:8080", "subscribed reverb c1")
					return
				}
				if after := dials[1].Sub(lost); after < hangUp.retry || after > hangUp.atMost {
					t.Errorf("tried again after %v", after)
				}
				if !slices.Equal(told[1:], []string{"up reverb reverb.test:8080", "subscribed reverb c1"}) {
					t.Errorf("told %q", told)
				}
				r.idle()
			})
		})
	}
}

func TestRefusedAtTheDoor(t *testing.T) {
	for name, test := range map[string]struct {
		greeting  string
		closeWith int
		retired   bool
	}{
		"Reverb does not know the key": {`{"event":"pusher:error","data":"{\"code\":4001,\"message\":\"Application does not exist\"}"}`, 0, true},
		"soketi does not know the key": {`{"event":"pusher:error","data":{"code":4001,"message":"App key x does not exist."}}`, 4001, true},
		"Pusher does not know the key": {"", 4001, true},
		"over capacity":                {"", 4100, false},
		"an error without a code":      {`{"event":"pusher:error","data":{"code":null,"message":"no"}}`, 0, false},
		"a greeting without socket id": {`{"event":"pusher:connection_established","data":"{}"}`, 0, false},
		"a captive portal":             {`<html>`, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			ladder(t, func(r *rig) {
				r.reverb().set(func() { r.reverb().greeting, r.reverb().closeWith = test.greeting, test.closeWith })
				r.Configure(reverbConfig)
				r.Follow("c1")
				r.wait(10 * time.Minute)
				n := len(r.reverb().dialled())
				if retired := n == 1; retired != test.retired {
					t.Errorf("%d tries", n)
				}
				if n > 40 {
					t.Errorf("%d tries in ten minutes", n)
				}
				r.asked()
				r.say()
				r.wait(time.Millisecond)
				if len(r.asked()) == 0 {
					t.Error("not polling")
				}
			})
		})
	}
}

func TestAServerThatSaysAtOnceForEver(t *testing.T) {
	ladder(t, func(r *rig) {
		r.reverb().set(func() { r.reverb().closeWith = 4200 })
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(10 * time.Minute)
		if n := len(r.reverb().dialled()); n < 10 || n > 40 {
			t.Errorf("%d tries in ten minutes", n)
		}
	})
}

func TestRefusedSubscription(t *testing.T) {
	for name, reply := range map[string]string{
		"Reverb": `{"event":"pusher:error","data":"{\"code\":4009,\"message\":\"Connection is unauthorized\"}"}`,
		"soketi": `{"event":"pusher:subscription_error","channel":"private-chat.conversation.c1","data":{"type":"AuthError","status":401}}`,
		"silent": `{"event":"nothing"}`,
	} {
		t.Run(name, func(t *testing.T) {
			ladder(t, func(r *rig) {
				r.reverb().set(func() { r.reverb().reply = reply })
				r.Configure(reverbConfig)
				r.Follow("c1")
				r.wait(5 * time.Minute)
				if n := len(r.reverb().dialled()); n < 4 || n > 20 {
					t.Errorf("%d tries", n)
				}
				r.asked()
				r.wait(time.Minute)
				if len(r.asked()) == 0 {
					t.Error("not polling")
				}
				r.reverb().set(func() { r.reverb().reply = "" })
				r.wait(time.Minute)
				r.idle()
			})
		})
	}
}

func TestRefusedAuthorization(t *testing.T) {
	ladder(t, func(r *rig) {
		r.authErr = wire.NewError(wire.CodeForbidden, "no")
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.want("up reverb reverb.test:8080", "down reverb: it cannot be reached")
	})
}

func TestHalfOpenSocketIsNoticed(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.told()
		r.asked()
		r.reverb().set(func() { r.reverb().frozen, r.reverb().blackhole = true, true })
		r.wait(MaxActivity + PongLimit)
		if told := r.told(); len(told) == 0 || told[0] != "down reverb: no sign of life" {
			t.Errorf("told %q", told)
		}
		if len(r.asked()) == 0 {
			t.Error("not polling")
		}
	})
}

func TestReconnectProbes(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.told()
		r.reverb().set(func() { r.reverb().frozen = true })
		r.Reconnect()
		r.wait(PongLimit)
		if told := r.told(); len(told) == 0 || told[0] != "down reverb: no sign of life" {
			t.Errorf("told %q", told)
		}
	})
}

func TestKeptAlive(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(10 * time.Minute)
		r.want("up reverb reverb.test:8080", "subscribed reverb c1")
		if n := len(r.reverb().frames(eventPing)); n < 15 || n > 25 {
			t.Errorf("%d pings", n)
		}
		r.reverb().send(`{"event":"pusher:ping"}`)
		r.wait(time.Millisecond)
		if n := len(r.reverb().frames(eventPong)); n != 1 {
			t.Errorf("%d pongs", n)
		}
	})
}

func TestActivityTimeoutOfTheServer(t *testing.T) {
	for timeout, pings := range map[string]int{"10": 6, "120": 2, `"30"`: 0, "0": 2, "-5": 2} {
		ladder(t, func(r *rig) {
			r.reverb().set(func() {
				r.reverb().greeting = `{"event":"pusher:connection_established","data":{"socket_id":"12.34","activity_timeout":` + timeout + `}}`
			})
			r.Configure(reverbConfig)
			r.wait(time.Minute + time.Second)
			if n := len(r.reverb().frames(eventPing)); n != pings {
				t.Errorf("timeout %s: %d pings in a minute, want %d", timeout, n, pings)
			}
		})
	}
}

func TestPusherFirstThenReverb(t *testing.T) {
	ladder(t, func(r *rig) {
		r.pusher().set(func() { r.pusher().refused = true })
		r.Configure(bothConfig)
		r.Follow("c1")
		r.wait(100 * time.Millisecond)
		r.want("failed pusher: it cannot be reached", "up reverb reverb.test:8080", "subscribed reverb c1")
		r.idle()
		r.told()
		r.pusher().set(func() { r.pusher().refused = false })
		r.wait(MaxBackoff)
		r.want("up pusher pusher.test:80", "subscribed pusher c1")
		if r.reverb().connections() != 0 {
			t.Error("the worse socket is still open")
		}
		r.idle()
		r.want()
		r.pusher().set(func() { r.pusher().refused = true })
		r.pusher().hangUp(0)
		r.wait(100 * time.Millisecond)
		r.want("down pusher: connection dropped", "up reverb reverb.test:8080", "subscribed reverb c1")
	})
}

func TestABetterWayThatDoesNotHoldIsNotTaken(t *testing.T) {
	ladder(t, func(r *rig) {
		r.pusher().set(func() { r.pusher().deaf = true })
		r.Configure(bothConfig)
		r.wait(time.Millisecond)
		r.Follow("c1")
		r.wait(TryLimit + time.Second)
		r.want("up pusher pusher.test:80", "down pusher: no answer in time", "up reverb reverb.test:8080", "subscribed reverb c1")
		r.idle()
		for _, line := range r.told() {
			if line != "failed pusher: no answer in time" {
				t.Errorf("told %q", line)
			}
		}
	})
}

func TestFollowAnotherConversation(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.Follow("c2")
		r.Follow("c2")
		r.wait(time.Second)
		r.want("up reverb reverb.test:8080", "subscribed reverb c1", "subscribed reverb c2")
		left := r.reverb().frames(eventUnsubscribe)
		if len(left) != 1 || string(left[0].Data) != `{"channel":"private-chat.conversation.c1"}` {
			t.Errorf("left %+v", left)
		}
		r.Follow("")
		r.wait(time.Second)
		if r.SocketID() != "" || len(r.reverb().frames(eventUnsubscribe)) != 2 {
			t.Error("still subscribed")
		}
		r.Follow("c2")
		r.wait(time.Second)
		r.want("subscribed reverb c2")
		r.idle()
	})
}

func TestReconnectTriesAtOnce(t *testing.T) {
	ladder(t, func(r *rig) {
		r.reverb().set(func() { r.reverb().refused = true })
		r.fetchErr = errors.New("no network")
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(3 * time.Minute)
		r.mu.Lock()
		r.fetchErr = nil
		r.mu.Unlock()
		r.reverb().set(func() { r.reverb().refused = false })
		r.told()
		r.asked()
		r.Reconnect()
		r.wait(100 * time.Millisecond)
		r.want("up reverb reverb.test:8080", "subscribed reverb c1")
		if len(r.asked()) == 0 {
			t.Error("did not fetch at once")
		}
		r.idle()
	})
}

func TestCut(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.told()
		r.Cut(true)
		r.wait(time.Minute)
		r.want("down reverb: cut")
		if len(r.asked()) == 0 || len(r.reverb().dialled()) != 1 {
			t.Error("not polling, or dialling")
		}
		r.Reconnect()
		r.wait(time.Second)
		r.want()
		r.Cut(false)
		r.wait(100 * time.Millisecond)
		r.want("up reverb reverb.test:8080", "subscribed reverb c1")
		r.idle()
	})
}

func TestCutEndsATry(t *testing.T) {
	ladder(t, func(r *rig) {
		r.reverb().set(func() { r.reverb().greeting = "" })
		r.Configure(reverbConfig)
		r.wait(time.Second)
		r.Cut(true)
		r.wait(time.Millisecond)
		if r.reverb().connections() != 0 {
			t.Error("still open")
		}
		r.want()
	})
}

func TestConfigWithoutTheWayInUse(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.told()
		r.Configure(reverbConfig)
		r.wait(time.Second)
		r.want()
		r.Configure(wire.Config{Polling: reverbConfig.Polling})
		r.wait(time.Second)
		r.want("down reverb: the configuration changed")
		r.wait(DespairAgain)
		r.want("config wanted")
	})
}

// Whoever makes a ladder gives it a config: it asks for none before.
func TestNoConfigIsWantedBeforeTheFirst(t *testing.T) {
	ladder(t, func(r *rig) {
		r.wait(time.Hour)
		r.want()
		r.Configure(reverbConfig)
		r.wait(time.Millisecond)
		r.want("up reverb reverb.test:8080")
	})
}

func TestConfigIsWantedWhenNothingWorks(t *testing.T) {
	ladder(t, func(r *rig) {
		r.reverb().set(func() { r.reverb().refused = true })
		r.Configure(reverbConfig)
		r.wait(20 * time.Minute)
		wanted := 0
		for _, line := range r.told() {
			if line == "config wanted" {
				wanted++
			}
		}
		if wanted < 3 || wanted > 5 {
			t.Errorf("wanted %d times in 20 minutes", wanted)
		}
	})
}

func TestPollingRespectsTheServer(t *testing.T) {
	ladder(t, func(r *rig) {
		r.fetchErr = &wire.Error{Code: wire.CodeRateLimited, RetryAfter: 40}
		r.Configure(wire.Config{Polling: reverbConfig.Polling})
		r.Follow("c1")
		r.wait(39 * time.Second)
		if n := len(r.asked()); n != 1 {
			t.Errorf("%d fetches", n)
		}
		r.mu.Lock()
		r.fetchErr = nil
		r.mu.Unlock()
		r.wait(2 * time.Second)
		if n := len(r.asked()); n == 0 {
			t.Error("not again")
		}
	})
}

func TestTooManyWaiting(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(wire.Config{Polling: reverbConfig.Polling})
		r.Follow("c1")
		r.wait(time.Second)
		r.mu.Lock()
		r.fetchErr = &wire.Error{Code: wire.CodeTooManyWaiting}
		r.mu.Unlock()
		r.say()
		r.wait(time.Second)
		r.mu.Lock()
		r.fetchErr = nil
		r.mu.Unlock()
		r.asked()
		r.wait(NoWaitFor - 5*time.Second)
		calls := r.asked()
		for _, c := range calls {
			if c.wait != 0 {
				t.Errorf("asked to wait: %+v", c)
			}
		}
		if len(calls) < 8 {
			t.Errorf("%d polls", len(calls))
		}
		r.wait(10 * time.Second)
		if calls := r.asked(); calls[len(calls)-1].wait == 0 {
			t.Error("never asked to wait again")
		}
	})
}

func TestManyHintsDoNotStarveAFetch(t *testing.T) {
	ladder(t, func(r *rig) {
		r.Configure(reverbConfig)
		r.Follow("c1")
		r.wait(time.Second)
		r.asked()
		for range 1000 {
			r.Fetch()
			r.wait(time.Millisecond) // a fetch takes 10 ms
		}
		if n := len(r.asked()); n < 50 || n > 110 {
			t.Errorf("%d fetches", n)
		}
		r.idle()
	})
}

func TestEndpoints(t *testing.T) {
	const query = "?protocol=7&client=chatbot-widget&version=1.0.0&flash=false"
	pusher := func(p wire.PusherConfig) wire.Config {
		p.Enabled = true
		return wire.Config{Providers: []wire.Provider{wire.ProviderPusher}, Pusher: p}
	}
	reverb := func(c wire.ReverbConfig) wire.Config {
		c.Enabled = true
		return wire.Config{Providers: []wire.Provider{wire.ProviderReverb}, Reverb: c}
	}
	for _, test := range []struct {
		config wire.Config
		want   string
	}{
		{pusher(wire.PusherConfig{Key: "k", Cluster: "eu"}), "wss://ws-eu.pusher.com:443/app/k" + query},
		{pusher(wire.PusherConfig{Key: "k"}), "wss://ws-mt1.pusher.com:443/app/k" + query},
		{pusher(wire.PusherConfig{Key: "k", Host: "h", Port: 6001, Scheme: "http"}), "ws://h:6001/app/k" + query},
		{reverb(wire.ReverbConfig{Key: "k/?", Host: "h", Port: 8000, Scheme: "http"}), "ws://h:8000/app/k%2F%3F" + query},
		{reverb(wire.ReverbConfig{Key: "k", Host: "h", Scheme: "https"}), "wss://h:443/app/k" + query},
		{reverb(wire.ReverbConfig{Key: "k", Host: "h", Scheme: "http"}), "ws://h:80/app/k" + query},
		{reverb(wire.ReverbConfig{Key: "k", Host: "h", Scheme: "http", ForceTLS: true, Port: 9}), "wss://h:9/app/k" + query},
		{reverb(wire.ReverbConfig{Key: "k", Host: "::1", Port: 9, Path: "ws/"}), "ws://[::1]:9/ws/app/k" + query},
		{reverb(wire.ReverbConfig{Key: "k"}), ""},
		{reverb(wire.ReverbConfig{Host: "h"}), ""},
		{pusher(wire.PusherConfig{}), ""},
		{wire.Config{Providers: []wire.Provider{"ably", wire.ProviderPolling, wire.ProviderReverb}}, ""},
	} {
		got := ""
		for _, e := range endpoints(test.config) {
			got += e.url
		}
		if got != test.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", test.config, got, test.want)
		}
	}
}

// TestWhateverTheNetworkDoes drives random failures. At any time either the
// channel is subscribed, as reported, or polling goes on; once the network is
// good, the best way is taken.
func TestWhateverTheNetworkDoes(t *testing.T) {
	rapid.Check(t, func(c *rapid.T) {
		actions := rapid.SliceOfN(rapid.IntRange(0, 12), 1, 25).Draw(c, "actions")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 20_000), len(actions), len(actions)).Draw(c, "pauses")
		ladder(t, func(r *rig) {
			r.Configure(bothConfig)
			r.Follow("c1")
			for i, action := range actions {
				s := []*pusherServer{r.pusher(), r.reverb()}[action%2]
				switch action / 2 {
				case 0:
					s.set(func() { s.refused = !s.refused })
				case 1:
					s.set(func() { s.blackhole = !s.blackhole })
				case 2:
					s.hangUp([]int{0, 4100, 4200, 1001}[i%4])
				case 3:
					s.set(func() { s.deaf = !s.deaf })
				case 4:
					s.set(func() { s.frozen = !s.frozen })
				case 5:
					r.Reconnect()
				case 6:
					r.Cut(i%2 == 0)
				}
				r.wait(time.Duration(pauses[i]) * time.Millisecond)
				if problem := r.untrue(); problem != "" {
					c.Fatalf("after %v: %s", actions[:i+1], problem)
				}
			}
			for _, s := range r.servers {
				s.set(func() { s.refused, s.blackhole, s.deaf, s.frozen = false, false, false, false })
				s.hangUp(0)
			}
			r.Cut(false)
			r.wait(MaxBackoff + 2*TryLimit + MaxActivity + PongLimit)
			if problem := r.untrue(); problem != "" {
				c.Fatalf("at the end: %s", problem)
			}
			r.mu.Lock()
			provider := ""
			for _, line := range r.events {
				fmt.Sscanf(line, "subscribed %s c1", &provider)
			}
			r.mu.Unlock()
			if r.SocketID() == "" || provider != "pusher" {
				c.Fatalf("after %v the network is good, and the way is %q", actions, provider)
			}
		})
	})
}

// untrue says what of the reports is not so, or that nothing looks for news.
func (r *rig) untrue() string {
	reported := false
	r.mu.Lock()
	for _, line := range r.events {
		var provider string
		switch {
		case scan(line, "subscribed %s c1", &provider):
			reported = true
		case scan(line, "down %s", &provider):
			reported = false
		}
	}
	r.mu.Unlock()
	r.Ladder.mu.Lock()
	subscribed := r.subscribed == "c1"
	fetching := r.cancelFetch != nil
	next := r.pollNext
	r.Ladder.mu.Unlock()
	if reported != subscribed {
		return fmt.Sprintf("reported as subscribed: %t, subscribed: %t", reported, subscribed)
	}
	if !subscribed && !fetching && next.Before(time.Now()) {
		return "neither subscribed nor polling"
	}
	return ""
}

func scan(line, format string, into *string) bool {
	n, err := fmt.Sscanf(line, format, into)
	return n == 1 && err == nil
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte(hello))
	f.Add([]byte(`{"event":"pusher:error","data":"{\"code\":4001}"}`))
	f.Add([]byte(`{"event":"x","channel":"c","data":"\"\\ud800"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m frame
		if json.Unmarshal(b, &m) != nil {
			return
		}
		s := &socket{waiting: map[string]chan error{}, received: func(_ *socket, f frame) {
			if f.Event == "" {
				t.Errorf("%s was handed out", b)
			}
		}}
		_ = s.established(m)
		if s.id != "" && !wire.ValidSocketID(s.id) {
			t.Errorf("socket id %q", s.id)
		}
		if m.Event != eventPing { // it would be answered
			_ = s.handle(m)
		}
	})
}
