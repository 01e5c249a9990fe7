package auth

import (
	"context"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// limits are how often log-ins and sign-ups may be tried, on this node.
//
// Guesses at one account from everywhere together share an allowance, or many addresses would make a brute force. That
// allowance alone would let anybody lock an account: so an address from which one of the account's sessions was last
// used does not depend on it, and its owner can always log in from there.
type limits struct {
	address        *chat.Limiter
	accountAddress *chat.Limiter
	account        *chat.Limiter
	signUp         *chat.Limiter
}

func newLimits(clock chat.Clock) *limits {
	return &limits{
		address:        chat.NewLimiter(clock, 1.0/3, 60), // a school or an office may share one
		accountAddress: chat.NewLimiter(clock, 1.0/20, 10),
		account:        chat.NewLimiter(clock, 1.0/30, 30),
		signUp:         chat.NewLimiter(clock, 1.0/60, 30),
	}
}

// takeLogIn allows one try of a password at an account from an address. A refusal says the same whether the account
// exists or not.
func (l *limits) takeLogIn(ctx context.Context, store Store, loginID, address string) error {
	if l == nil {
		return nil
	}
	if wait, ok := l.address.Allow(address); !ok {
		return errRateLimited(wait)
	}
	if wait, ok := l.accountAddress.Allow(loginID + "\x00" + address); !ok {
		return errRateLimited(wait)
	}
	wait, ok := l.account.Allow(loginID)
	if ok {
		return nil
	}
	known, err := store.KnownAddress(ctx, loginID, address)
	if err != nil || known {
		return err
	}
	return errRateLimited(wait)
}

func (l *limits) takeSignUp(address string) error {
	if l == nil {
		return nil
	}
	if wait, ok := l.signUp.Allow(address); !ok {
		return errRateLimited(wait)
	}
	return nil
}

func errRateLimited(wait time.Duration) error {
	return &chat.Error{Code: chat.RateLimited, Message: "too many tries; wait a little", RetryAfter: wait}
}
