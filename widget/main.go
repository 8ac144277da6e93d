//go:build js && wasm

// Command widget is the chat inside its frame document. It wires the browser,
// the client and what is drawn; everything else is in the packages below.
package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/api"
	"chatbot/widget/browser"
	"chatbot/widget/client"
	"chatbot/widget/session"
	"chatbot/widget/ui"
	"chatbot/widget/wire"
)

// site is what the site's owner has configured, as the boot script hands it on.
type site struct {
	ui.Site
	Debug bool      `json:"debug"`
	Local bool      `json:"local"` // the page is on the visitor's own machine
	User  wire.User `json:"user"`
}

func main() {
	if err := run(); err != nil {
		fmt.Println(err) // the browser's console
	}
}

func run() error {
	host, err := browser.Open()
	if err != nil {
		return err
	}
	var s site
	if err := host.Config(&s); err != nil {
		return fmt.Errorf("the site's settings cannot be read: %w", err)
	}
	var root *ui.Root
	options := client.Options{
		API:     api.New(host.Transport(), host.Server(), host.Ticket()),
		Config:  host.ServerConfig(),
		Storage: host.Storage(),
		Show:    func(s session.State) { root.Show(s) },
		Notify:  host.Notify,
		Now:     browser.Now,
		NewID:   uuid.NewString,
		Debug:   s.Debug,
		Texts:   s.Debug && s.Local,
	}
	if tabs := host.Tabs(); tabs != nil {
		options.Tabs = tabs
	}
	chat := client.New(options)
	if s.User.ID != "" {
		chat.Do(session.Identify{User: s.User})
	}
	eye := &looker{chat: chat}
	root = ui.New(ui.Options{
		Site: s.Site, Server: host.Server(), Chat: chat, View: browser.Log{},
		Now: browser.Now, Offset: browser.Offset(), Mounted: host.Live, Drawn: eye.look,
		Save: func(lang string) { chat.SaveTranscript(context.Background(), lang, browser.Zone()) },
	}, chat.State())
	dress(host, s.Color)
	browser.Log{}.Watch(func(end, start, changed bool) {
		eye.look()
		if changed {
			root.Scrolled(end, start)
		}
	})
	browser.Watch(chat.Do)
	host.Listen(func(m browser.Message) { receive(host, chat, root, m) })
	go chat.Run(context.Background())
	// What was kept and what was written early is in the first picture, so that
	// nothing of it vanishes for a moment.
	chat.Apply(context.Background(), session.Tick{})
	app.RouteWithRegexp(".*", func() app.Composer { return root })
	app.RunWhenOnBrowser()
	return nil
}

// looker tells the chat what stands on the screen.
type looker struct {
	chat *client.Client
	seen int64
}

func (l *looker) look() {
	if seq := (browser.Log{}).Seen(); seq != l.seen && seq > 0 {
		l.seen = seq
		l.chat.Do(session.Seen{Seq: seq})
	}
}

// receive turns a message of the page, or of the composer, into an event.
func receive(host browser.Host, chat *client.Client, root *ui.Root, m browser.Message) {
	switch m.Type {
	case "open":
		chat.Do(session.Open{})
	case "close":
		chat.Do(session.Close{})
	case "send":
		chat.Do(session.Send{Text: m.Text, At: m.At})
	case "composed":
		chat.Do(root.Said(session.Send{Text: m.Text, At: m.At}))
	case "typed":
		chat.Do(session.Typed{Blank: m.Text == ""})
	case "reset":
		chat.Do(session.Reset{})
	case "invite":
		chat.Do(session.Offered{Code: m.Code})
	case "page":
		chat.Do(session.Attention{Given: m.Attentive})
	case "network":
		chat.Cut(m.Cut)
	case "config":
		var s site
		if err := host.Config(&s); err == nil { // the boot script has checked it
			dress(host, s.Color)
			root.Configure(s.Site)
			chat.Do(session.Identify{User: s.User})
		}
	}
}

// dress sets the owner's colour and what can be read on it and beside it. The
// boot script has made sure that it is one.
func dress(host browser.Host, color string) {
	palette, err := ui.NewPalette(color)
	if err != nil {
		return
	}
	for name, value := range palette.Properties() {
		host.Style(name, value)
	}
}
