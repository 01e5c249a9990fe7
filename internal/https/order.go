package https

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/acme"
)

// orderWithin bounds one try.
const orderWithin = 5 * time.Minute

// obtain gets a new certificate for a name, with a new key. It is used even where it could not be stored.
func (a *ACME) obtain(ctx context.Context, name string) (*tls.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, orderWithin)
	defer cancel()
	client, err := a.client(ctx)
	if err != nil {
		return nil, err
	}
	order, err := a.authorize(ctx, client, name, "tls-alpn-01")
	if refused(err) {
		first := err
		if order, err = a.authorize(ctx, client, name, "http-01"); err != nil {
			err = fmt.Errorf("%w; then by http-01: %w", first, err)
		}
	}
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		return nil, err
	}
	chain, _, err := client.CreateCertFromOrder(ctx, order, request, true)
	if err != nil {
		return nil, err
	}
	text, pair, err := encode(key, chain)
	if err == nil {
		err = pair.Leaf.VerifyHostname(name)
	}
	if err == nil && time.Now().After(pair.Leaf.NotAfter) {
		err = errors.New("it has expired already: is this machine's clock right?")
	}
	if err != nil {
		return nil, fmt.Errorf("what the CA has issued cannot be used: %w", err)
	}
	if err := a.store.keep(name, text); err != nil {
		a.options.Logger.Error("a certificate could not be stored, and will be asked for again at the next start", "name", name, "error", err.Error())
	}
	return pair, nil
}

// client is one with an account, which the CA makes where it knows none for our key.
func (a *ACME) client(ctx context.Context) (*acme.Client, error) {
	key, err := a.store.account()
	if err != nil {
		return nil, err
	}
	client := &acme.Client{Key: key, DirectoryURL: a.options.Directory, UserAgent: "maru", RetryBackoff: patience}
	account := &acme.Account{}
	if a.options.Email != "" {
		account.Contact = []string{"mailto:" + a.options.Email}
	}
	if _, err := client.Register(ctx, account, acme.AcceptTOS); err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return nil, err
	}
	return client, nil
}

// patience is for a CA that stumbles. One that has had enough of us is left alone for long, by keep.
func patience(n int, _ *http.Request, answer *http.Response) time.Duration {
	if n > 3 || (answer != nil && answer.StatusCode == http.StatusTooManyRequests) {
		return 0
	}
	return time.Duration(n) * time.Second / 2
}

// authorize makes an order, and has the CA convince itself that the name leads here.
func (a *ACME) authorize(ctx context.Context, client *acme.Client, name, kind string) (*acme.Order, error) {
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs(name))
	if err != nil {
		return nil, err
	}
	for _, at := range order.AuthzURLs {
		authorization, err := client.GetAuthorization(ctx, at)
		if err != nil {
			return nil, err
		}
		if authorization.Status == acme.StatusValid {
			continue
		}
		i := slices.IndexFunc(authorization.Challenges, func(c *acme.Challenge) bool { return c.Type == kind })
		if i < 0 {
			return nil, errNotOffered
		}
		if err := a.convince(ctx, client, name, authorization.URI, authorization.Challenges[i]); err != nil {
			return nil, err
		}
	}
	return client.WaitOrder(ctx, order.URI)
}

var errNotOffered = errors.New("the CA does not offer it")

// convince shows what the CA looks for while it does.
func (a *ACME) convince(ctx context.Context, client *acme.Client, name, at string, challenge *acme.Challenge) error {
	if challenge.Type == "tls-alpn-01" {
		shown, err := client.TLSALPN01ChallengeCert(challenge.Token, name)
		if err != nil {
			return err
		}
		defer show(a, a.challenges, name, &shown)()
	} else {
		answer, err := client.HTTP01ChallengeResponse(challenge.Token)
		if err != nil {
			return err
		}
		defer show(a, a.answers, client.HTTP01ChallengePath(challenge.Token), answer)()
	}
	if _, err := client.Accept(ctx, challenge); err != nil {
		return err
	}
	_, err := client.WaitAuthorization(ctx, at)
	return err
}

// show has something found until hide.
func show[T any](a *ACME, in map[string]T, under string, what T) (hide func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	in[under] = what
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(in, under)
	}
}

// refused reports whether the CA has answered, and the answer was no: to ask again at once would not help.
func refused(err error) bool {
	var problem *acme.Error
	var denied *acme.AuthorizationError
	var failed *acme.OrderError
	switch {
	case errors.As(err, &problem):
		return problem.StatusCode < http.StatusInternalServerError
	default:
		return errors.As(err, &denied) || errors.As(err, &failed) || errors.Is(err, errNotOffered)
	}
}

// notBefore is how long a CA that has had enough of us wants to be left alone.
func notBefore(err error) time.Duration {
	var problem *acme.Error
	if errors.As(err, &problem) {
		wait, _ := acme.RateLimit(problem)
		return wait
	}
	return 0
}
