package httpapi

import (
	"net/http"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

func (a *api) sessionRoutes() []route {
	return []route{
		{
			method: http.MethodPost, path: "/users", id: "signUp", tag: "Sessions", open: true, logIn: true,
			summary: "Sign up", detail: "Makes an account and logs it in: the answer sets the session's cookies.",
			body: wire.SignUp{}, status: http.StatusCreated, answer: wire.UserAnswer{},
			fails: []chat.Code{chat.Invalid, chat.LoginIDTaken, chat.Forbidden, chat.RateLimited}, serve: a.signUp,
		},
		{
			method: http.MethodPost, path: "/session", id: "logIn", tag: "Sessions", open: true, logIn: true,
			summary: "Log in", detail: "Sets the session's cookies. A session that the browser had before ends.",
			body: wire.LogIn{}, status: http.StatusOK, answer: wire.UserAnswer{},
			fails: []chat.Code{chat.Invalid, chat.BadCredentials, chat.RateLimited}, serve: a.logIn,
		},
		{
			method: http.MethodPost, path: "/session/refresh", id: "refreshSession", tag: "Sessions", open: true, logIn: true,
			summary: "Refresh the session", detail: "Trades the refresh cookie for new cookies. Two tabs at once get the same ones; a refresh token that comes back later than 20 seconds after its use ends the session.",
			status: http.StatusOK, answer: wire.UserAnswer{},
			fails: []chat.Code{chat.Unauthorized}, serve: a.refresh,
		},
		{
			method: http.MethodDelete, path: "/session", id: "logOut", tag: "Sessions", open: true,
			summary: "Log out", detail: "Ends the session, closes its connections and removes its cookies. Without a session there is nothing to do.",
			status: http.StatusNoContent, serve: a.logOut,
		},
		{
			method: http.MethodPost, path: "/tokens", id: "createTokens", tag: "Sessions", open: true,
			summary: "Get tokens for a program", detail: "Takes a loginId and password, or a refreshToken, which is replaced at every use. Send the access token as Authorization: Bearer.",
			body: wire.TokenRequest{}, status: http.StatusOK, answer: wire.TokensAnswer{},
			fails: []chat.Code{chat.Invalid, chat.BadCredentials, chat.Unauthorized, chat.RateLimited}, serve: a.createTokens,
		},
		{
			method: http.MethodGet, path: "/me/sessions", id: "listSessions", tag: "Sessions",
			summary: "List your sessions", detail: "Newest use first.",
			status: http.StatusOK, answer: wire.SessionsAnswer{}, serve: a.listSessions,
		},
		{
			method: http.MethodDelete, path: "/me/sessions/{id}", id: "endSession", tag: "Sessions",
			summary: "End one of your sessions", detail: "Its connections close.",
			status: http.StatusNoContent, fails: []chat.Code{chat.NotFound}, serve: a.endSession,
		},
	}
}

func (a *api) signUp(c *call) (any, error) {
	body, err := decode[wire.SignUp](c)
	if err != nil {
		return nil, err
	}
	grant, err := a.auth.SignUp(c.r.Context(), body.LoginID, body.Password, body.Name, a.front.Device(c.r, auth.Browser))
	return a.begin(c, grant, err)
}

func (a *api) logIn(c *call) (any, error) {
	body, err := decode[wire.LogIn](c)
	if err != nil {
		return nil, err
	}
	grant, err := a.auth.LogIn(c.r.Context(), body.LoginID, body.Password, a.front.Device(c.r, auth.Browser))
	return a.begin(c, grant, err)
}

// begin gives the browser a new session's cookies; the session that they replace would otherwise live on, in nobody's
// hands.
func (a *api) begin(c *call, grant auth.Grant, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	if c.tokens.Cookies() {
		if err := a.auth.LogOut(c.r.Context(), c.tokens.Access, c.tokens.Refresh); err != nil {
			return nil, err
		}
	}
	a.setCookies(c.w, c.r, grant)
	noteUser(c.r.Context(), grant.User.ID)
	return wire.UserAnswer{User: present.Self(grant.User)}, nil
}

func (a *api) refresh(c *call) (any, error) {
	grant, err := a.auth.Refresh(c.r.Context(), c.tokens.Refresh, a.front.Device(c.r, auth.Browser))
	if err != nil {
		if chat.CodeOf(err) == chat.Unauthorized && c.tokens.Cookies() {
			a.clearCookies(c.w, c.r)
		}
		return nil, err
	}
	a.setCookies(c.w, c.r, grant)
	noteUser(c.r.Context(), grant.User.ID)
	return wire.UserAnswer{User: present.Self(grant.User)}, nil
}

func (a *api) logOut(c *call) (any, error) {
	if err := a.auth.LogOut(c.r.Context(), c.tokens.Access, c.tokens.Refresh); err != nil {
		return nil, err
	}
	if c.tokens.Cookies() {
		a.clearCookies(c.w, c.r)
	}
	return nil, nil
}

func (a *api) createTokens(c *call) (any, error) {
	body, err := decode[wire.TokenRequest](c)
	if err != nil {
		return nil, err
	}
	device := a.front.Device(c.r, auth.Program)
	var grant auth.Grant
	switch {
	case body.RefreshToken != "" && (body.LoginID != "" || body.Password != ""):
		return nil, chat.InvalidField("refreshToken", chat.FieldUnknown)
	case body.RefreshToken != "":
		grant, err = a.auth.Refresh(c.r.Context(), body.RefreshToken, device)
	case body.LoginID == "":
		return nil, chat.InvalidField("loginId", chat.FieldRequired)
	case body.Password == "":
		return nil, chat.InvalidField("password", chat.FieldRequired)
	default:
		grant, err = a.auth.LogIn(c.r.Context(), body.LoginID, body.Password, device)
	}
	if err != nil {
		return nil, err
	}
	noteUser(c.r.Context(), grant.User.ID)
	return wire.TokensAnswer{
		AccessToken: grant.AccessToken, RefreshToken: grant.RefreshToken, ExpiresIn: int(auth.AccessLife.Seconds()),
	}, nil
}

func (a *api) listSessions(c *call) (any, error) {
	sessions, err := a.auth.Sessions(c.r.Context(), c.by.User.ID)
	if err != nil {
		return nil, err
	}
	out := make([]wire.Session, len(sessions))
	for i, s := range sessions {
		out[i] = wire.Session{
			ID: string(s.ID), Kind: string(s.Kind), UserAgent: s.UserAgent, Address: s.Address,
			CreatedAt: present.Time(s.CreatedAt), LastUsedAt: present.Time(s.LastUsedAt), Current: s.ID == c.by.SessionID,
		}
	}
	return wire.SessionsAnswer{Sessions: out}, nil
}

func (a *api) endSession(c *call) (any, error) {
	name, err := c.name("id")
	if err != nil {
		return nil, err
	}
	id, reason := auth.SessionID(name), auth.Revoked
	if id == c.by.SessionID {
		reason = auth.LoggedOut
	}
	if err := a.auth.EndSession(c.r.Context(), c.by.User.ID, id, reason); err != nil {
		return nil, err
	}
	if id == c.by.SessionID && c.tokens.Cookies() {
		a.clearCookies(c.w, c.r)
	}
	return nil, nil
}

// setCookies gives a session to the browser.
func (a *api) setCookies(w http.ResponseWriter, r *http.Request, grant auth.Grant) {
	http.SetCookie(w, a.cookie(r, auth.AccessCookie, grant.AccessToken, auth.AccessLife))
	http.SetCookie(w, a.cookie(r, auth.RefreshCookie, grant.RefreshToken, time.Until(grant.RefreshExpiresAt)))
}

func (a *api) clearCookies(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, a.cookie(r, auth.AccessCookie, "", 0))
	http.SetCookie(w, a.cookie(r, auth.RefreshCookie, "", 0))
}

// cookie makes a cookie of ours that lives as long as given; one without a value is removed.
func (a *api) cookie(r *http.Request, name, value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure wherever the browser speaks HTTPS
		Name: a.front.CookieName(r, name), Value: value, Path: "/",
		MaxAge: int(life.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.front.Secure(r),
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}
