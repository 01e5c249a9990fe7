package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/wire"
)

// api is somebody's way to the HTTP side of a maru.
type api struct {
	base   string
	client *http.Client
	token  string
}

// problem is an answer that says why not.
type problem struct {
	status int
	code   string
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s", p.status, p.code) }

func newAPI(base, token string, patience time.Duration) *api {
	return &api{base: base + "/api/v1", token: token, client: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
}

// call returns a *problem for what the server refused, and another error where no answer came.
func (a *api) call(ctx context.Context, method, path string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if body == nil {
		request.Body, request.ContentLength = nil, 0
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		var p wire.Problem
		if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
			return err
		}
		return &problem{response.StatusCode, p.Code}
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// codeOf returns the code of a refusal, "" for none.
func codeOf(err error) string {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		return ""
	}
	return p.code
}

// account is somebody with a password.
type account struct {
	ID       string `json:"id"`
	LoginID  string `json:"loginId"`
	Password string `json:"password"`
	token    string
}

func signUp(t testing.TB, url, name string) account {
	t.Helper()
	who, err := register(t.Context(), url, name)
	must(t, err)
	return who
}

func register(ctx context.Context, url, name string) (account, error) {
	door := newAPI(url, "", 20*time.Second)
	who := account{LoginID: name, Password: "password of " + name}
	var made wire.UserAnswer
	err := door.call(ctx, http.MethodPost, "/users", wire.SignUp{LoginID: who.LoginID, Password: who.Password, Name: name}, &made)
	if err != nil {
		return who, err
	}
	who.ID = made.User.ID
	return who, who.logIn(ctx, door)
}

func (a *account) logIn(ctx context.Context, door *api) error {
	var tokens wire.TokensAnswer
	err := door.call(ctx, http.MethodPost, "/tokens", wire.TokenRequest{LoginID: a.LoginID, Password: a.Password}, &tokens)
	a.token = tokens.AccessToken
	return err
}

// open makes a public room of one's own.
func (a *api) open(t testing.TB, name string) string {
	t.Helper()
	var made wire.JoinAnswer
	must(t, a.call(t.Context(), http.MethodPost, "/rooms", wire.CreateRoom{Category: "시험", Name: name}, &made))
	return made.Room.ID
}

func (a *api) join(t testing.TB, room string) {
	t.Helper()
	must(t, a.enter(t.Context(), room))
}

func (a *api) enter(ctx context.Context, room string) error {
	return a.call(ctx, http.MethodPut, "/rooms/"+room+"/members/me", nil, nil)
}

// look reads what the server says of a room: its history, and its changes from some cursors.
func (a *api) look(t testing.TB, id string) room {
	t.Helper()
	r := room{ID: id, Changes: map[int64][]wire.Message{}}
	var now wire.RoomAnswer
	must(t, a.call(t.Context(), http.MethodGet, "/rooms/"+id, nil, &now))
	r.Head = now.Room.Head
	for after, more := int64(0), true; more; {
		var page wire.MessagesAnswer
		must(t, a.call(t.Context(), http.MethodGet, fmt.Sprintf("/rooms/%s/messages?after=%d&limit=200", id, after), nil, &page))
		r.History = append(r.History, page.Messages...)
		if more = page.HasMore; more {
			after = page.Messages[len(page.Messages)-1].Seq
		}
	}
	for _, back := range []int64{0, 1, 7, 100, 500, 1000} {
		since := max(0, r.Head-back)
		r.Changes[since] = []wire.Message{}
		for next, more := since, true; more; {
			var page wire.ChangesAnswer
			must(t, a.call(t.Context(), http.MethodGet, fmt.Sprintf("/rooms/%s/changes?since=%d&limit=70", id, next), nil, &page))
			if page.Reset {
				t.Fatalf("reset at %d of %d", next, r.Head)
			}
			r.Changes[since] = append(r.Changes[since], page.Messages...)
			next, more = page.Next, page.HasMore
		}
	}
	return r
}
