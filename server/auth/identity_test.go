package auth_test

import (
	"strings"
	"testing"
	"time"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

func identities(t *testing.T, secret string) *auth.Identities {
	t.Helper()
	return auth.NewIdentities(must(t)(auth.LoadKeys(t.TempDir(), environment("CHATBOT_IDENTITY_SECRET", secret))))
}

func TestIdentity(t *testing.T) {
	current, rotated, other := identities(t, secretA), identities(t, secretB+","+secretA), identities(t, secretC)
	ann := wire.User{ID: "u1", Name: "Ann"}
	ann.Hash = current.Sign(site, ann, now.Add(time.Hour))
	parts := strings.Split(ann.Hash, ".")
	with := func(change func(*wire.User)) wire.User {
		u := ann
		change(&u)
		return u
	}
	part := func(i int, s string) wire.User {
		swapped := strings.Split(ann.Hash, ".")
		swapped[i] = s
		return with(func(u *wire.User) { u.Hash = strings.Join(swapped, ".") })
	}
	signed := func(i *auth.Identities, site string, u wire.User, expires time.Time) wire.User {
		u.Hash = i.Sign(site, u, expires)
		return u
	}
	for _, c := range []struct {
		name   string
		verify *auth.Identities
		site   string
		user   wire.User
		good   bool
	}{
		{"as it was made", current, site, ann, true},
		{"by a retired secret", rotated, site, ann, true},
		{"by the new secret", rotated, site, signed(rotated, site, ann, now.Add(time.Hour)), true},
		{"for a full day", current, site, signed(current, site, ann, now.Add(auth.IdentityLifetime)), true},
		{"without a name", current, site, signed(current, site, wire.User{ID: "u1"}, now.Add(time.Hour)), true},
		{"of another server", other, site, ann, false},
		{"at another site", current, "https://other.example", ann, false},
		{"at no site", current, "", signed(current, "", ann, now.Add(time.Hour)), false},
		{"another user", current, site, with(func(u *wire.User) { u.ID = "u2" }), false},
		{"another name", current, site, with(func(u *wire.User) { u.Name = "Bob" }), false},
		{"letters moved from the name to the id", current, site, with(func(u *wire.User) { u.ID, u.Name = "u1A", "nn" }), false},
		{"no hash", current, site, with(func(u *wire.User) { u.Hash = "" }), false},
		{"another version", current, site, part(0, "v2"), false},
		{"another key", current, site, part(1, "00000000"), false},
		{"no key", current, site, part(1, ""), false},
		{"a later end", current, site, part(2, parts[2]+"0"), false},
		{"no end", current, site, part(2, ""), false},
		{"another code", current, site, part(3, parts[3][:42]+"_"), false},
		{"no code", current, site, part(3, ""), false},
		{"more parts", current, site, with(func(u *wire.User) { u.Hash += ".x" }), false},
		{"expired", current, site, signed(current, site, ann, now), false},
		{"for too long", current, site, signed(current, site, ann, now.Add(auth.IdentityLifetime+time.Minute)), false},
	} {
		want := wire.CodeIdentityInvalid
		if c.good {
			want = ""
		}
		if err := c.verify.Verify(c.site, c.user, now); code(t, err) != want {
			t.Errorf("%s: %v, want %q", c.name, err, want)
		}
	}
}

// What vouches for users opens no other door, and no other key opens this one.
func TestIdentitySecretIsItsOwn(t *testing.T) {
	for _, other := range []string{"CHATBOT_SECRET", "CHATBOT_SERVER_KEY", "REVERB_APP_SECRET"} {
		given := []string{"CHATBOT_IDENTITY_SECRET", secretB + "," + secretA, other, secretA}
		if other == "REVERB_APP_SECRET" {
			given = append(given, "REVERB_APP_ID", "1", "REVERB_APP_KEY", "k")
		}
		if _, err := auth.LoadKeys(t.TempDir(), environment(given...)); err == nil || !strings.Contains(err.Error(), other) {
			t.Errorf("the retired identity secret as %s: %v", other, err)
		}
	}
	dir := t.TempDir()
	if _, err := auth.ReadIdentities(dir, environment()); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("identities of no server: %v", err)
	}
	keys := must(t)(auth.LoadKeys(dir, environment()))
	beside, err := auth.ReadIdentities(dir, environment())
	if err != nil {
		t.Fatal(err)
	}
	u := wire.User{ID: "u1"}
	u.Hash = beside.Sign(site, u, now.Add(time.Hour))
	if err := auth.NewIdentities(keys).Verify(site, u, now); err != nil {
		t.Errorf("a hash by the secret on disk: %v", err)
	}
}
