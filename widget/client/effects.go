package client

import (
	"context"
	"errors"
	"time"

	"chatbot/widget/api"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// callTimeout bounds every call but a held poll.
const callTimeout = 20 * time.Second

// configFresh is how long what the server said of itself beforehand counts, in
// milliseconds: a tab may take the lead hours after it was opened.
const configFresh wire.Time = 60_000

// newest is a place behind every message.
const newest = 1 << 62

// perform begins one effect. What it leads to comes back as an event.
func (c *Client) perform(ctx context.Context, effect session.Effect) {
	switch e := effect.(type) {
	case session.LoadConfig:
		if config := c.knownConfig(); config != nil {
			c.Do(session.Configured{Config: *config})
			return
		}
		c.call(ctx, func(ctx context.Context) (session.Event, error) {
			config, err := c.options.API.Config(ctx)
			return session.Configured{Config: config}, err
		}, func(f session.Failure) session.Event { return session.ConfigFailed{Failure: f} })
	case session.CreateConversation:
		revoking := c.revoking
		c.call(ctx, func(ctx context.Context) (session.Event, error) {
			created, err := c.begin(ctx, e.User, revoking)
			return session.Created{User: e.User, Session: created}, err
		}, func(f session.Failure) session.Event { return session.CreateFailed{User: e.User, Failure: f} })
	case session.JoinConversation:
		c.call(ctx, func(ctx context.Context) (session.Event, error) {
			joined, err := c.options.API.Join(ctx, wire.JoinRequest{Code: e.Code, Name: e.Name, Nonce: e.Nonce})
			return session.Joined{Session: joined}, err
		}, func(f session.Failure) session.Event { return session.JoinFailed{Failure: f} })
	case session.SendMessage:
		conversation, socket := c.conversation(e.ConversationID), c.ladder.SocketID()
		c.call(ctx, func(ctx context.Context) (session.Event, error) {
			message, err := conversation.Send(ctx, wire.SendRequest{ClientID: e.ClientID, Body: e.Body, ReplyTo: e.ReplyTo}, socket)
			return session.Sent{Message: message}, err
		}, func(f session.Failure) session.Event {
			return session.SendFailed{ConversationID: e.ConversationID, ClientID: e.ClientID, Failure: f}
		})
	case session.ReviseMessage:
		c.revise(ctx, e.ConversationID, session.Revise{MessageID: e.MessageID, Body: e.Body}, func(ctx context.Context, v api.Conversation) (wire.Message, error) {
			return v.Edit(ctx, e.MessageID, e.Body)
		})
	case session.RemoveMessage:
		c.revise(ctx, e.ConversationID, session.Revise{}, func(ctx context.Context, v api.Conversation) (wire.Message, error) { return v.Remove(ctx, e.MessageID) })
	case session.StopMessage:
		c.revise(ctx, e.ConversationID, session.Revise{}, func(ctx context.Context, v api.Conversation) (wire.Message, error) { return v.Stop(ctx, e.MessageID) })
	case session.ReactTo:
		c.revise(ctx, e.ConversationID, session.Revise{}, func(ctx context.Context, v api.Conversation) (wire.Message, error) {
			return v.React(ctx, e.MessageID, e.Emoji, e.On)
		})
	case session.FetchHistory:
		conversation, before := c.conversation(e.ConversationID), e.Before
		if before == 0 {
			before = newest
		}
		c.call(ctx, func(ctx context.Context) (session.Event, error) {
			page, err := conversation.Before(ctx, before)
			return session.HistoryFetched{ConversationID: e.ConversationID, Before: e.Before, Page: page}, err
		}, func(f session.Failure) session.Event {
			return session.HistoryFailed{ConversationID: e.ConversationID, Before: e.Before, Failure: f}
		})
	case session.MarkRead:
		conversation := c.conversation(e.ConversationID)
		c.call(ctx, func(ctx context.Context) (session.Event, error) {
			seq, err := conversation.Read(ctx, e.Seq, e.Delivered)
			return session.ReadMarked{ConversationID: e.ConversationID, Seq: seq}, err
		}, func(f session.Failure) session.Event {
			return session.ReadFailed{ConversationID: e.ConversationID, Failure: f}
		})
	case session.TellPresence:
		conversation := c.conversation(e.ConversationID)
		go func() {
			limited, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			_ = conversation.Presence(limited, e.State) // what is lost is told again
		}()
	case session.TellTyping:
		conversation, socket := c.conversation(e.ConversationID), c.ladder.SocketID()
		go func() {
			limited, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			var refusal *wire.Error // what is lost passes, but of too much the visitor is told
			if err := conversation.Typing(limited, e.On, socket); errors.As(err, &refusal) && refusal.Code == wire.CodeRateLimited {
				c.Do(session.Refused{Failure: failure(err)})
			}
		}()
	case session.Renew:
		conversation := c.conversation(e.ConversationID)
		c.call(ctx, func(ctx context.Context) (session.Event, error) {
			answer, err := conversation.Renew(ctx)
			return session.Renewed{ConversationID: e.ConversationID, Token: answer.Token, ExpiresAt: answer.ExpiresAt}, err
		}, func(f session.Failure) session.Event {
			return session.RenewFailed{ConversationID: e.ConversationID, Failure: f}
		})
	case session.MakeInvitation:
		conversation := c.conversation(e.ConversationID)
		c.call(ctx, func(ctx context.Context) (session.Event, error) {
			invitation, err := conversation.Invite(ctx)
			return session.Invited{ConversationID: e.ConversationID, Invitation: invitation}, err
		}, func(f session.Failure) session.Event {
			return session.InviteFailed{ConversationID: e.ConversationID, Failure: f}
		})
	case session.Adopt:
		c.adopt(e.Token)
	case session.Forget:
		c.forget(ctx)
	case session.Keep:
		c.keep(e.Entry)
	case session.Forward:
		c.forward(e.Event)
	case session.Save:
		c.saveOrPut(e)
	case session.Wake:
		c.wakeAt(e.At)
	case session.Connect:
		c.ladder.Configure(e.Config)
	case session.Subscribe:
		c.ladder.Follow(e.ConversationID)
	case session.Fetch:
		c.ladder.Fetch()
	case session.Reconnect:
		c.ladder.Reconnect()
	case session.Pace:
		c.ladder.Pace(e.Hidden)
	case session.Log:
		c.log(e)
	case session.Notify:
		c.options.Notify(e)
	}
}

// knownConfig is what is known of the server from the beginning, if it is wanted
// then; later, it is asked.
func (c *Client) knownConfig() *wire.Config {
	known := c.options.Config
	c.options.Config = nil
	if c.options.Now()-c.made > configFresh {
		return nil
	}
	return known
}

// revise changes a message that is stored; of is what is wanted where that is
// another text.
func (c *Client) revise(ctx context.Context, id string, of session.Revise, do func(context.Context, api.Conversation) (wire.Message, error)) {
	conversation := c.conversation(id)
	c.call(ctx, func(ctx context.Context) (session.Event, error) {
		message, err := do(ctx, conversation)
		return session.Revised{ConversationID: id, Message: message}, err
	}, func(f session.Failure) session.Event {
		return session.ReviseFailed{ConversationID: id, Revise: of, Failure: f}
	})
}

// begin asks for a conversation: a new one, or, when nothing is being revoked any
// more, that of somebody who is signed in at the site.
func (c *Client) begin(ctx context.Context, user wire.User, revoking <-chan struct{}) (wire.Session, error) {
	if user.ID == "" {
		return c.options.API.Create(ctx)
	}
	wait(revoking)
	return c.options.API.SignIn(ctx, user)
}

// call carries out do beside everything else; its result, or the failure, comes
// back as an event.
func (c *Client) call(ctx context.Context, do func(context.Context) (session.Event, error), failed func(session.Failure) session.Event) {
	go func() {
		limited, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		event, err := do(limited)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.Do(failed(failure(err)))
		default:
			c.Do(event)
		}
	}()
}

// failure is an error of package api as the session knows it.
func failure(err error) session.Failure {
	f := session.Failure{Code: wire.CodeInternal, Text: "That did not work. Please try again.", Lost: errors.Is(err, api.ErrUnreachable)}
	var refusal *wire.Error
	if errors.As(err, &refusal) {
		f.Code, f.Text, f.RetryAfter = refusal.Code, refusal.Message, refusal.RetryAfter
	}
	return f
}

// conversation makes calls as the visitor.
func (c *Client) conversation(id string) api.Conversation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.options.API.Conversation(id, c.token)
}

// wakeAt asks for a Tick; a later one takes an earlier one's place.
func (c *Client) wakeAt(at wire.Time) {
	if c.timer != nil {
		c.timer.Stop()
	}
	wait := time.Duration(at-c.options.Now()) * time.Millisecond
	c.timer = time.AfterFunc(max(wait, 0), func() { c.Do(session.Tick{}) })
}

// log tells a site owner who debugs; the texts of people on their own machine
// only.
func (c *Client) log(l session.Log) {
	if !c.options.Debug {
		return
	}
	text := l.Text
	if c.options.Texts && l.Detail != "" {
		text += ": " + l.Detail
	}
	c.options.Notify(session.Notify{Kind: session.NotifyLog, Level: l.Level, Text: text})
}
