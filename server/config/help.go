package config

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// secrets are set by the environment alone: a command line can be read by every
// user of the machine.
const secrets = `
Secrets come from the environment or the env file only, where other users of the
machine cannot read them. Each that is not set, but for another server's, is made
once and kept in the data folder.

  CHATBOT_SECRET        Signs visitors' tokens. To replace it, put the new one
                        first and the old one after a comma.
  CHATBOT_IDENTITY_SECRET
                        Lets your own backend vouch for its signed-in users;
                        replaced like CHATBOT_SECRET.
  CHATBOT_SERVER_KEY    Lets a person or your own backend answer.
  REVERB_APP_ID, REVERB_APP_KEY, REVERB_APP_SECRET
                        The application that the realtime endpoint serves, or
                        that of the external Reverb.
  PUSHER_APP_ID, PUSHER_APP_KEY, PUSHER_APP_SECRET
                        The application at Pusher; setting it turns Pusher on.
`

// help writes the help. Without a command it is that of the program and of the
// server, which runs then.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	selected := ctx.Selected()
	if selected == nil {
		serve, err := kong.Trace(ctx.Kong, []string{"serve"})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(ctx.Stdout); err != nil {
			return err
		}
		if err := kong.DefaultHelpPrinter(options, serve); err != nil {
			return err
		}
	}
	if selected == nil || selected.Name == "serve" {
		_, err := fmt.Fprint(ctx.Stdout, secrets)
		return err
	}
	return nil
}

// describe is a flag's help with its default and its environment variable.
func describe(value *kong.Value) string {
	notes := []string{}
	if value.Default != "" {
		notes = append(notes, "default "+value.Default)
	}
	if value.Flag != nil {
		for _, variable := range value.Flag.Envs {
			notes = append(notes, "$"+variable)
		}
	}
	if len(notes) == 0 {
		return value.Help
	}
	return fmt.Sprintf("%s [%s]", value.Help, strings.Join(notes, ", "))
}
