package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

// userCommand is what an operator does with accounts.
type userCommand struct {
	Create   createUserCommand   `cmd:"" help:"Make an account, also where sign-up is closed, and print its password."`
	Promote  promoteUserCommand  `cmd:"" help:"Make somebody an admin, or with --member no longer one."`
	Password passwordUserCommand `cmd:"" help:"Give somebody a new password, print it, and log them out everywhere."`
}

// accounts are opened for one command. An embedded database must not be in use: whoever serves from it is its only writer.
type accounts struct {
	*auth.Auth
	rules *chat.Chat
}

// withAccounts has fn work on the accounts.
func (s *storage) withAccounts(ctx context.Context, fn func(accounts) error) (err error) {
	store, blobs, err := s.open(ctx, quiet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, blobs.Close(), store.Close()) }()
	secret, keys, err := s.claimSecret(ctx, store)
	if err != nil {
		return err
	}
	return withRules(store, blobs, keys.digest, func(rules *chat.Chat, events chat.Bus) error {
		who, err := auth.New(store, rules, events, systemClock{}, secret, auth.Options{Logger: quiet})
		if err != nil {
			return err
		}
		return worded(fn(accounts{who, rules}))
	})
}

// worded says what is wrong with an account in words.
func worded(err error) error {
	e, ok := errors.AsType[*chat.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	var wrong []string
	for field, fault := range e.Fields {
		wrong = append(wrong, field+" is "+strings.ReplaceAll(fault, "_", " "))
	}
	slices.Sort(wrong)
	return errors.New(strings.Join(wrong, ", "))
}

type createUserCommand struct {
	storage `embed:""`

	LoginID string `arg:"" help:"3 to 32 of a-z 0-9 _ . -"`
	Name    string `help:"What others see, 1 to 20 characters; by default the login id."`
	Admin   bool   `help:"Make an admin."`
}

// Run makes the account.
func (c *createUserCommand) Run(ctx context.Context, out io.Writer) error {
	password := rand.Text()
	if c.Name == "" {
		c.Name = c.LoginID
	}
	return c.withAccounts(ctx, func(a accounts) error {
		// They log in themselves: nobody is to hold the session that comes with an account.
		grant, err := a.SignUp(ctx, c.LoginID, password, c.Name, auth.Device{Kind: auth.Program, Address: netip.Addr{}})
		if err != nil {
			return err
		}
		if err := a.LogOut(ctx, grant.AccessToken, grant.RefreshToken); err != nil {
			return err
		}
		if c.Admin {
			if err := a.rules.SetRole(ctx, grant.User.ID, chat.RoleAdmin); err != nil {
				return err
			}
		}
		say(out, "%s can log in with the password %s", grant.User.LoginID, password)
		return nil
	})
}

type promoteUserCommand struct {
	storage `embed:""`

	LoginID string `arg:"" help:"Whose role."`
	Member  bool   `help:"Take the role of an admin away."`
}

// Run changes the role.
func (c *promoteUserCommand) Run(ctx context.Context, out io.Writer) error {
	role := chat.RoleAdmin
	if c.Member {
		role = chat.RoleMember
	}
	return c.withAccounts(ctx, func(a accounts) error {
		user, err := a.Account(ctx, c.LoginID)
		if err != nil {
			return err
		}
		if err := a.rules.SetRole(ctx, user.ID, role); err != nil {
			return err
		}
		say(out, "%s is %s now", user.LoginID, role)
		return nil
	})
}

type passwordUserCommand struct {
	storage `embed:""`

	LoginID string `arg:"" help:"Whose password."`
}

// Run replaces the password.
func (c *passwordUserCommand) Run(ctx context.Context, out io.Writer) error {
	password := rand.Text()
	return c.withAccounts(ctx, func(a accounts) error {
		if err := a.ResetPassword(ctx, c.LoginID, password); err != nil {
			return err
		}
		say(out, "%s can log in with the password %s, and is logged out everywhere", strings.ToLower(c.LoginID), password)
		return nil
	})
}
