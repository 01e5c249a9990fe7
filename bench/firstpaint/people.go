package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/maru-chat/maru/bench/host"
)

// What stands on the screen: rooms in the list, and in one of them more
// messages than fit.
const (
	rooms    = 12
	joined   = 6
	members  = 3
	messages = 40
)

// person is who reloads.
type person struct {
	loginID, password, name string
	room                    string // at which they look
	newest                  string // its newest message
}

func (p person) command(url string) map[string]any {
	return map[string]any{
		"url": url, "path": "/rooms/" + p.room, "loginId": p.loginID, "password": p.password, "name": p.name, "newest": p.newest,
	}
}

// settle starts maru with people in rooms, and makes the one who reloads.
func (b *bench) settle(ctx context.Context) (_ *host.Running, who person, err error) {
	server, err := b.hosts.Start(ctx, host.Maru, host.Town{Rooms: rooms, Members: members})
	if err != nil {
		return nil, who, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, server.Stop())
		}
	}()
	api := "http://" + server.Address + "/api/v1"
	who = person{loginID: "jisu", password: "a long password", name: "최지수", room: server.Seats[0].Room}
	if err := call(ctx, http.MethodPost, api+"/users", "", map[string]string{"loginId": who.loginID, "password": who.password, "name": who.name}, nil); err != nil {
		return nil, who, err
	}
	var tokens struct {
		Access string `json:"accessToken"`
	}
	if err := call(ctx, http.MethodPost, api+"/tokens", "", map[string]string{"loginId": who.loginID, "password": who.password}, &tokens); err != nil {
		return nil, who, err
	}
	for room := range joined {
		if err := call(ctx, http.MethodPut, api+"/rooms/"+server.Seats[room*members].Room+"/members/me", tokens.Access, nil, nil); err != nil {
			return nil, who, err
		}
	}
	for n := range messages {
		who.newest = fmt.Sprintf("오늘 저녁 일곱 시에 마루에서 만나요. 이것은 %d번째 이야기예요.", n+1)
		body := map[string]string{"clientId": fmt.Sprint("told-", n), "text": who.newest}
		by := server.Seats[n%members].Token
		if n == messages-1 {
			by = tokens.Access // sending reads what was before, so that the page begins at the newest
		}
		if err := call(ctx, http.MethodPost, api+"/rooms/"+who.room+"/messages", by, body, nil); err != nil {
			return nil, who, err
		}
	}
	return server, who, nil
}

// call is one request to the API.
func call(ctx context.Context, method, url, token string, body, answer any) error {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s %s", method, url, response.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}
