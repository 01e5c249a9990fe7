package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/maru-chat/maru/internal/photo/phototest"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/test/program"
)

// scrape is what Prometheus would see: the text, and each series of it.
func scrape(t *testing.T, admin string) (text string, series map[string]float64) {
	t.Helper()
	response, err := http.Get("http://" + admin + "/metrics")
	must(t, err)
	body, err := io.ReadAll(response.Body)
	must(t, err)
	must(t, response.Body.Close())
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	series = map[string]float64{}
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		must(t, err)
		series[line[:at]] = value
	}
	return string(body), series
}

func token(t *testing.T, b *browser, loginID string) string {
	t.Helper()
	answer, err := b.call("POST", "/tokens", fmt.Sprintf(`{"loginId":%q,"password":"correct horse"}`, loginID))
	must(t, err)
	var tokens struct{ AccessToken string }
	must(t, json.Unmarshal([]byte(answer), &tokens))
	return tokens.AccessToken
}

// TestMetricsSayWhatHappened has people chat with the real program, and compares.
func TestMetricsSayWhatHappened(t *testing.T) {
	admin := program.FreeAddr(t)
	m := program.Start(t, t.TempDir(), program.FreeAddr(t), "--admin-addr", admin)
	jisu, minho := logInAs(t, m, "jisu"), logInAs(t, m, "minho")
	answer, err := jisu.call("POST", "/rooms", `{"category":"방","name":"하나"}`)
	must(t, err)
	var made wire.JoinAnswer
	must(t, json.Unmarshal([]byte(answer), &made))
	room := made.Room.ID
	_, err = minho.call("PUT", "/rooms/"+room+"/members/me", "")
	must(t, err)
	before, atRest := scrape(t, admin)

	one := openSocket(t, m, nil, fmt.Sprintf(`{"token":%q}`, token(t, jisu, "jisu")))
	two := openSocket(t, m, nil, fmt.Sprintf(`{"token":%q}`, token(t, minho, "minho")))
	one.await(`42["ready"`)
	two.await(`42["ready"`)
	stranger := openSocket(t, m, nil, `{"token":"none"}`)
	stranger.await("44")
	must(t, stranger.conn.Close())
	for i := range 5 {
		one.call(i, "message:send", fmt.Sprintf(`{"roomId":%q,"clientId":"m%d","text":"하나"}`, room, i))
	}
	one.call(5, "message:edit", fmt.Sprintf(`{"roomId":%q,"seq":3,"text":"둘"}`, room))
	one.call(6, "message:send", `{"roomId":7}`)
	one.call(7, "evil:"+room, `{}`)
	two.call(8, "room:changes", fmt.Sprintf(`{"roomId":%q,"since":3}`, room))
	two.call(9, "room:changes", fmt.Sprintf(`{"roomId":%q,"since":99}`, room))
	image, err := jisu.upload(phototest.PNG(t, phototest.Quarters(40, 30)))
	must(t, err)
	_, err = jisu.upload([]byte("not a picture"))
	if err == nil {
		t.Error("it was taken")
	}
	_, err = jisu.call("POST", "/rooms/"+room+"/messages", fmt.Sprintf(`{"clientId":"m6","imageIds":[%q]}`, image))
	must(t, err)
	two.await(`42["message",{"message":{"roomId":"` + room + `","seq":9`)
	_, err = minho.do("GET", "/images/"+image, "", nil)
	must(t, err)
	if _, err = minho.call("POST", "/session", `{"loginId":"minho","password":"wrong horse"}`); err == nil {
		t.Error("a wrong password")
	}
	if _, err = minho.call("GET", "/rooms/"+room+"x", ""); err == nil {
		t.Error("a room that is not there")
	}

	const (
		events, acknowledged = `maru_events_total{code="%s",event="%s"}`, `maru_acknowledgement_duration_seconds_count{event="%s"}`
		requests, refusals   = `maru_http_requests_total{method="%s",route="%s",status="%s"}`, `maru_http_refusals_total{code="%s",route="%s"}`
		operations           = `maru_%s_total{operation="%s",result="%s"}`
	)
	want := map[string]float64{
		`maru_connections{transport="websocket"}`: 2, `maru_connections{transport="polling"}`: 0, "maru_users": 2, "maru_rooms_watched": 1,
		"maru_connections_opened_total": 3, `maru_connections_turned_away_total{code="unauthorized"}`: 1,
		fmt.Sprintf(events, "ok", "message:send"): 5, fmt.Sprintf(events, "invalid", "message:send"): 1, fmt.Sprintf(events, "ok", "message:edit"): 1,
		fmt.Sprintf(events, "invalid", "unknown"): 1, fmt.Sprintf(acknowledged, "message:send"): 6, fmt.Sprintf(acknowledged, "unknown"): 1,
		"maru_deliveries_total": 14, "maru_delivery_duration_seconds_count": 6, // five messages, an edit and another message, for two
		`maru_resumes_total{result="ok"}`: 1, `maru_resumes_total{result="reset"}`: 1,
		fmt.Sprintf(requests, "POST", "/api/v1/rooms/{id}/messages", "2xx"): 1, fmt.Sprintf(requests, "GET", "/images/{id}", "2xx"): 1,
		fmt.Sprintf(requests, "GET", "/api/v1/rooms/{id}", "4xx"): 1, fmt.Sprintf(refusals, "not_found", "/api/v1/rooms/{id}"): 1,
		fmt.Sprintf(refusals, "bad_credentials", "/api/v1/session"): 1, fmt.Sprintf(refusals, "unsupported_image", "/api/v1/images"): 1,
		fmt.Sprintf(operations, "blob_operations", "put", "ok"): 2, fmt.Sprintf(operations, "blob_operations", "open", "ok"): 1,
		fmt.Sprintf(operations, "pictures", "treat", "ok"): 1, fmt.Sprintf(operations, "pictures", "treat", "refused"): 1,
		"maru_commits_failed_total": 0, "maru_bus_connected": 1, "maru_queue_bytes": 0, `maru_internal_errors_total{door="socket"}`: 0, "maru_writes_waiting": 0,
	}
	var text string
	var got map[string]float64
	var wrong []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		text, got = scrape(t, admin)
		wrong = nil
		for name, value := range want {
			if now, is := got[name]; !is || now != value {
				wrong = append(wrong, fmt.Sprintf("%s is %v, not %v", name, now, value))
			}
		}
		if wrong == nil {
			break
		}
	}
	if wrong != nil {
		t.Error(strings.Join(wrong, "\n"))
	}
	if writes := got["maru_commit_writes_sum"] - atRest["maru_commit_writes_sum"]; writes < 8 || got["maru_commit_duration_seconds_count"] > got["maru_commit_writes_sum"] {
		t.Errorf("%v writes in %v commits", writes, got["maru_commit_duration_seconds_count"])
	}
	if sum := got["maru_delivery_duration_seconds_sum"]; sum <= 0 || sum > 6*10 {
		t.Errorf("deliveries took %v s", sum)
	}
	if got["process_resident_memory_bytes"] < 1<<20 || got["go_goroutines"] < 5 {
		t.Error("the program itself is missing")
	}
	for _, private := range []string{room, made.Membership.UserID, "jisu", "minho", image, "하나", "evil", "127.0.0.1"} {
		if strings.Contains(text, private) {
			t.Errorf("the metrics tell of %q", private)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	must(t, err)
	for _, p := range problems {
		if !strings.HasPrefix(p.Metric, "go_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if grown := float64(len(text)) / float64(len(before)); grown > 2 {
		t.Errorf("%d bytes of metrics, from %d", len(text), len(before))
	}

	// A connection that ends is counted by its reason.
	two.write("41")
	ended := `maru_disconnects_total{reason="client_namespace_disconnect"}`
	for deadline := time.Now().Add(10 * time.Second); got[ended] != 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v ended", got[ended])
		}
		_, got = scrape(t, admin)
	}

	// The public address tells nothing of it.
	for _, path := range []string{"/metrics", "/metrics/", "//metrics", "/debug/pprof/", "/debug/pprof/cmdline", "/api/v1/metrics", "/socket.io/metrics"} {
		response, err := http.Get(m.URL() + path)
		must(t, err)
		body, err := io.ReadAll(response.Body)
		must(t, err)
		must(t, response.Body.Close())
		for _, sign := range []string{"maru_connections", "go_goroutines", "goroutine", program.Binary} {
			if strings.Contains(string(body), sign) {
				t.Errorf("%s has %q", path, sign)
			}
		}
	}
}
