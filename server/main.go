// Command chatbot is the chat server: the widget's files, the message API, the
// realtime endpoint, the store and the bot in one binary. It also holds the
// commands by which a person answers, and the export for static hosts.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"chatbot/server/app"
	"chatbot/server/auth"
	"chatbot/server/cli"
	"chatbot/server/config"
	"chatbot/widget/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run carries out a command line and gives the exit code: 0, 1 for what went
// wrong on the way, 2 for a command line that is not understood.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command, err := config.Parse(args, stdout, stderr)
	if errors.Is(err, config.ErrDone) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "chatbot:", err)
		return 2
	}
	if err := carryOut(ctx, command, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "chatbot:", err)
		return 1
	}
	return 0
}

func carryOut(ctx context.Context, command any, stdout, stderr io.Writer) error {
	switch c := command.(type) {
	case config.Serve:
		return serve(ctx, c, stdout, stderr)
	case config.Export:
		return app.Export(c.Dir, c.Server, stdout)
	case config.Conversations:
		client, err := remote(c.Remote)
		if err != nil {
			return err
		}
		if err := client.Conversations(ctx, stdout, c.Limit); err != nil || !c.Follow {
			return err
		}
		return client.Follow(ctx, stdout)
	case config.Reply:
		client, err := remote(c.Remote)
		if err != nil {
			return err
		}
		return client.Reply(ctx, stdout, c.ID, c.Name, c.Text)
	case config.Delete:
		client, err := remote(c.Remote)
		if err != nil {
			return err
		}
		return client.Delete(ctx, stdout, c.ID)
	case config.Identity:
		return identity(c, stdout)
	case config.Backup:
		return app.Backup(ctx, c.DataDir, c.File, stdout)
	case config.Restore:
		return app.Restore(ctx, c.DataDir, c.File, stdout)
	case config.Version:
		_, err := fmt.Fprintln(stdout, "chatbot", app.Version)
		return err
	}
	return fmt.Errorf("unknown command %T", command)
}

func serve(ctx context.Context, c config.Serve, stdout, stderr io.Writer) error {
	a, err := app.New(c, app.NewLogger(c, stderr))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(stdout, a.Welcome()); err != nil {
		return err
	}
	return a.Run(ctx)
}

// identity writes the hash for a user.
func identity(c config.Identity, stdout io.Writer) error {
	identities, err := auth.ReadIdentities(c.DataDir, c.Env.Get)
	if err != nil {
		return err
	}
	site, ok := auth.NormalOrigin(c.Site)
	if !ok {
		return fmt.Errorf("--site %q is no origin of a web page; write scheme and host, such as https://shop.example", c.Site)
	}
	_, err = fmt.Fprintln(stdout, identities.Sign(site, wire.User{ID: c.UserID, Name: c.UserName}, time.Now().Add(c.Lifetime)))
	return err
}

func remote(r config.Remote) (cli.Client, error) {
	key, err := auth.ReadServerKey(r.DataDir, r.Env.Get)
	return cli.Client{URL: strings.TrimSuffix(r.URL, "/"), Key: key}, err
}
