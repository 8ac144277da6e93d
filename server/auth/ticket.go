package auth

import (
	"time"

	"chatbot/widget/wire"
)

// TicketLifetime is how long a page may stay open before its visitor begins a
// conversation: a tab that was left open over night still works in the morning.
// It may be that long because a ticket is worth little: it names a site that
// was allowed at the time, and no person.
const TicketLifetime = 24 * time.Hour

const siteAudience = "chatbot-site"

// Tickets issues and verifies site tickets: the server's word that the frame
// was shown on a page of a certain origin.
type Tickets struct{ signer }

// NewTickets makes Tickets from the token secret, under a key of their own.
func NewTickets(k *Keys) *Tickets { return &Tickets{newSigner(k, siteAudience)} }

// Issue makes a ticket for a site's origin.
func (t *Tickets) Issue(site string, now time.Time) (string, error) {
	return t.sign(claims{Site: site}, now, TicketLifetime)
}

// Verify is the site that a ticket was made for; otherwise wire.CodeForbidden.
func (t *Tickets) Verify(ticket string, now time.Time) (site string, err error) {
	c, err := t.verify(ticket, now)
	if err != nil || c.Site == "" {
		return "", wire.NewError(wire.CodeForbidden, "The page's ticket is not good any more. Load the page again.")
	}
	return c.Site, nil
}
