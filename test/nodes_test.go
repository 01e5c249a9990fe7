package test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/photo/phototest"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/test/mariadb"
	"github.com/maru-chat/maru/test/nats"
	"github.com/maru-chat/maru/test/program"
	"github.com/maru-chat/maru/test/s3"
)

// cluster is everything that two nodes need.
type cluster struct {
	database *mariadb.Server
	nats     *nats.Server
	photos   *s3.Server
	args     []string
	nodes    []*program.Maru
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{database: mariadb.Start(t), nats: nats.Start(t), photos: s3.Start(t)}
	c.photos.Bucket("photos")
	c.args = []string{
		"--database", c.database.URL(c.database.Database(t)), "--bus", c.nats.URL(),
		"--blobs", "s3://photos?endpoint=" + c.photos.Endpoint() + "&region=" + s3.Region,
		"--secret-file", filepath.Join(t.TempDir(), "secret"), "--drain", "200ms",
	}
	shared := t.TempDir() // one data folder for both, as on one machine
	for range 2 {
		c.nodes = append(c.nodes, program.Start(t, shared, program.FreeAddr(t), c.args...))
	}
	return c
}

// TestOneMaruOnTwoNodes: what is done at one node holds at the other at once.
func TestOneMaruOnTwoNodes(t *testing.T) {
	c := startCluster(t)
	one, two := c.nodes[0], c.nodes[1]
	jisu, minho, outsider := logInAs(t, one, "jisu"), logInAs(t, two, "minho"), logInAs(t, one, "outsider")
	ok := func(answer string, err error) string {
		t.Helper()
		must(t, err)
		return answer
	}
	refused := func(status int, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf(": %d ", status)) {
			t.Errorf("not %d: %v", status, err)
		}
	}
	var made wire.JoinAnswer
	must(t, json.Unmarshal([]byte(ok(jisu.at(two).call("POST", "/rooms", `{"category":"방","name":"두 집"}`))), &made))
	room := "/rooms/" + made.Room.ID
	ok(minho.at(two).call("PUT", room+"/members/me", ""))

	// A photo that is uploaded at one node is sent at the other, once, and seen at both by members alone.
	image, err := jisu.upload(phototest.PNG(t, phototest.Quarters(40, 30)))
	must(t, err)
	send := fmt.Sprintf(`{"clientId":"the-same","text":"사진","imageIds":[%q]}`, image)
	var sent, again wire.MessageAnswer
	must(t, json.Unmarshal([]byte(ok(jisu.at(two).call("POST", room+"/messages", send))), &sent))
	must(t, json.Unmarshal([]byte(ok(jisu.at(one).call("POST", room+"/messages", send))), &again))
	if again.Message.Seq != sent.Message.Seq {
		t.Errorf("the same again at the other node: %+v", again)
	}
	get := func(b *browser) (string, error) { return b.do("GET", "/images/"+image, "", nil) }
	message := fmt.Sprintf("%s/messages/%d", room, sent.Message.Seq)
	for _, node := range c.nodes {
		ok(get(minho.at(node)))
		_, err := get(outsider.at(node))
		refused(404, err)
		_, err = minho.at(node).call("DELETE", message, "")
		refused(403, err)
	}
	ok(jisu.at(one).call("DELETE", message, ""))
	for _, node := range c.nodes {
		_, err := get(minho.at(node))
		refused(404, err)
	}
	// A session that ends at one node has ended at the other.
	ok(minho.at(one).call("DELETE", "/session", ""))
	_, err = minho.at(two).call("GET", "/me", "")
	refused(401, err)
}

// TestReadyzSaysWhichPart takes away one part after the other.
func TestReadyzSaysWhichPart(t *testing.T) {
	c := startCluster(t)
	node := c.nodes[0]
	says := func(wantStatus int, part, word string) {
		t.Helper()
		var last string
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			status, answer := readyz(t, node)
			if status == wantStatus && strings.Contains(answer.Parts[part], word) {
				return
			}
			last = fmt.Sprint(status) + " " + answer.Parts[part]
		}
		t.Fatalf("%s: %s", part, last)
	}
	says(200, "bus", "ok")
	c.nats.Kill()
	says(200, "bus", "NATS does not answer")
	c.nats.Run()
	says(200, "bus", "ok")
	c.nats.Signal(syscall.SIGSTOP)
	says(200, "bus", "NATS does not answer")
	c.nats.Signal(syscall.SIGCONT)
	says(200, "bus", "ok")
	c.photos.Kill()
	says(200, "blobs", "do not work")
	c.photos.Run()
	says(200, "blobs", "ok")
	c.database.Freeze()
	began := time.Now()
	says(503, "database", "does not answer")
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("a frozen database is told of after %s", took)
	}
	c.database.Thaw()
	says(200, "database", "ok")
	c.database.Kill()
	says(503, "database", "does not answer")
	c.database.Run(t)
	says(200, "database", "ok")
}

type readiness struct {
	Status string            `json:"status"`
	Parts  map[string]string `json:"parts"`
}

func readyz(t *testing.T, m *program.Maru) (status int, r readiness) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL()+"/readyz", nil)
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, r
	}
	defer func() { _ = response.Body.Close() }()
	must(t, json.NewDecoder(response.Body).Decode(&r))
	return response.StatusCode, r
}

// A node whose clock is not the database's says so. The database's is moved, for one account.
func TestReadyzTellsOfAClock(t *testing.T) {
	server := mariadb.Start(t, "--init-connect=SET timestamp = UNIX_TIMESTAMP() - 3600")
	name := server.Database(t)
	server.Do(t, "", "CREATE USER 'late'@'%' IDENTIFIED BY 'late'")
	server.Do(t, "", "GRANT ALL ON "+name+".* TO 'late'@'%'") // init_connect is not for those who may do everything
	m := program.Start(t, t.TempDir(), program.FreeAddr(t), "--database", "mysql://late:late@"+server.Addr()+"/"+name)
	status, r := readyz(t, m)
	if status != 200 || r.Status != "degraded" || !strings.Contains(r.Parts["clock"], "1h0m") {
		t.Errorf("%d %+v", status, r)
	}
}

// TestWhatKeepsANodeOut: one line each, a non-zero exit, and no password.
func TestWhatKeepsANodeOut(t *testing.T) {
	c := startCluster(t)
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte(strings.Repeat("ab", 32)), 0o600))
	with := func(flag, value string) []string {
		args := append([]string{}, c.args...)
		for i := range args {
			if args[i] == flag {
				args[i+1] = value
			}
		}
		return args
	}
	database := c.args[1]
	locked := nats.Start(t, "--user", "maru", "--pass", "right")
	for name, one := range map[string]struct {
		args []string
		says string
	}{
		"another secret":                  {with("--secret-file", secret), "secret differs"},
		"a wrong password":                {with("--database", strings.Replace(database, ":not-a-secret@", ":wrong-password@", 1)), "password"},
		"a database that does not exist":  {with("--database", c.database.URL("nowhere")), "nowhere"},
		"a NATS that wants a password":    {with("--bus", locked.URL()), "NATS refuses us"},
		"a NATS with a wrong password":    {with("--bus", "nats://maru:wrong-password@"+locked.Addr()), "NATS refuses us"},
		"a bus that is none":              {with("--bus", "redis://localhost"), "--bus"},
		"a bucket that does not exist":    {with("--blobs", "s3://nowhere?endpoint="+c.photos.Endpoint()+"&region="+s3.Region), "nowhere"},
		"a NATS that is a database":       {with("--bus", "nats://"+c.database.Addr()), "not a NATS server"},
		"a database that is a NATS":       {with("--database", "mysql://a:wrong-password@"+c.nats.Addr()+"/x"), c.nats.Addr()},
		"a database that is not there":    {with("--database", "mysql://a:wrong-password@127.0.0.1:1/x"), "127.0.0.1:1"},
		"a database URL without its name": {with("--database", "mysql://a:wrong-password@127.0.0.1"), "--database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said bytes.Buffer
			cmd := program.Command(t.TempDir(), "127.0.0.1:0", one.args...)
			cmd.Stderr = &said
			ended := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
			err := cmd.Run()
			if exit, ok := errors.AsType[*exec.ExitError](err); !ended.Stop() || !ok || exit.ExitCode() <= 0 {
				t.Fatalf("ended with %v: %s", err, said.String())
			}
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			last := lines[len(lines)-1]
			if !strings.HasPrefix(last, "maru: ") || !strings.Contains(last, one.says) || strings.Contains(said.String(), "wrong-password") {
				t.Errorf("said %q", said.String())
			}
		})
	}
}
