package test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/photo/phototest"
	"github.com/maru-chat/maru/test/mariadb"
	"github.com/maru-chat/maru/test/program"
	"github.com/maru-chat/maru/test/s3"
)

func migrate(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return maru(t, append([]string{"migrate-data"}, args...)...)
}

// maru runs a command of the program; it returns the exit code, and what was said on both outputs.
func maru(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(program.Binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if said := out.String() + errs.String(); strings.Contains(said, mariadb.Password) || strings.Contains(said, s3.SecretKey) {
		t.Errorf("a password is said: %s", said)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// person is somebody with cookies, who takes them along to wherever the same Maru is.
func person(t *testing.T, m *program.Maru, login string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	b := &browser{Client: http.Client{Jar: jar, Timeout: 20 * time.Second}, url: m.URL()}
	_, err = b.call("POST", "/users", fmt.Sprintf(`{"loginId":%q,"password":"correct horse","name":%q}`, login, login+" 님 👩‍👩‍👧"))
	must(t, err)
	return b
}

// get makes a call that must end well, and reads one value of its answer: get(b, …, "room", "id").
func get(t *testing.T, b *browser, method, path, body string, names ...string) string {
	t.Helper()
	answer, err := b.call(method, path, body)
	must(t, err)
	var value any
	must(t, json.Unmarshal([]byte(answer), &value))
	for _, name := range names {
		value = value.(map[string]any)[name]
	}
	return fmt.Sprint(value)
}

// town is what people did before the move.
type town struct {
	people []*browser
	rooms  []string
	photos []string
	direct string
}

// settle has people use everything.
func settle(t *testing.T, m *program.Maru) *town {
	t.Helper()
	w := &town{}
	for _, login := range []string{"jisu", "minho", "sora"} {
		w.people = append(w.people, person(t, m, login))
	}
	jisu, minho, sora := w.people[0], w.people[1], w.people[2]
	picture := phototest.JPEG(t, phototest.Quarters(300, 200), nil)
	for _, name := range []string{"사진", "동네"} {
		room := get(t, jisu, "POST", "/rooms", fmt.Sprintf(`{"name":%q,"category":"모임 "}`, name), "room", "id")
		w.rooms = append(w.rooms, room)
		for _, b := range []*browser{minho, sora} {
			get(t, b, "PUT", "/rooms/"+room+"/members/me", "")
		}
		for i := range 8 {
			get(t, w.people[i%2], "POST", "/rooms/"+room+"/messages", fmt.Sprintf(`{"clientId":"%s-%d","text":"말 %d 😀"}`, room, i, i))
		}
		photo, err := minho.upload(picture)
		must(t, err)
		w.photos = append(w.photos, photo)
		get(t, minho, "POST", "/rooms/"+room+"/messages", fmt.Sprintf(`{"clientId":"%s-photo","imageIds":[%q],"replyTo":5}`, room, photo))
		get(t, jisu, "PATCH", "/rooms/"+room+"/messages/4", `{"text":"고쳤다"}`)
		_, err = minho.call("DELETE", "/rooms/"+room+"/messages/5", "")
		must(t, err)
	}
	_, err := sora.call("DELETE", "/rooms/"+w.rooms[1]+"/members/me", "")
	must(t, err)
	w.direct = get(t, jisu, "PUT", "/directs/"+get(t, sora, "GET", "/me", "", "user", "id"), "", "room", "id")
	get(t, jisu, "POST", "/rooms/"+w.direct+"/messages", `{"clientId":"direct","text":"안녕"}`)
	face, err := jisu.upload(picture)
	must(t, err)
	get(t, jisu, "PATCH", "/me", fmt.Sprintf(`{"photoImageId":%q}`, face))
	w.photos = append(w.photos, face)
	loose, err := sora.upload(picture)
	must(t, err)
	w.photos = append(w.photos, loose)
	return w
}

// at has everybody go on with another address, with the cookies that they have.
func (w *town) at(m *program.Maru) {
	for _, b := range w.people {
		b.url = m.URL()
	}
}

// sees is everything that everybody can read: positions, unread counts, messages, changes, members and the bytes of photos.
func (w *town) sees(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for i, b := range w.people {
		ask := func(path string) {
			answer, err := b.do("GET", path, "", nil)
			if strings.HasPrefix(path, "/images") {
				answer = fmt.Sprintf("%x", sha256.Sum256([]byte(answer)))
			}
			refused := ""
			if err != nil {
				_, refused, _ = strings.Cut(strings.ReplaceAll(err.Error(), b.url, ""), ":")
				answer = ""
				refused = refused[:5] // its status
			}
			fmt.Fprintln(&all, i, path, answer, refused)
		}
		for _, path := range []string{"/me", "/me/rooms", "/categories", "/users"} {
			ask("/api/v1" + path)
		}
		for _, room := range append(w.rooms, w.direct) {
			for _, path := range []string{"", "/messages", "/changes?since=0", "/changes?since=6", "/members", "/images"} {
				ask("/api/v1/rooms/" + room + path)
			}
		}
		for _, photo := range w.photos {
			ask("/images/" + photo)
			ask("/images/" + photo + "/thumb")
		}
	}
	return all.String()
}

func sumOfFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// TestMigrateData moves a Maru from SQLite and a folder to MySQL and S3, once with a crash in the middle. Whoever was logged in
// stays so and sees the same, what is sent again is still one message, and the old folder is as it was.
func TestMigrateData(t *testing.T) {
	server, photos := mariadb.Shared(t), s3.Start(t)
	photos.Bucket("moved")
	data, addr := t.TempDir(), program.FreeAddr(t)
	m := program.Start(t, data, addr)
	w := settle(t, m)
	first, again := "/rooms/"+w.rooms[0]+"/messages", fmt.Sprintf(`{"clientId":"%s-0","text":"말 0 😀"}`, w.rooms[0])
	sent := get(t, w.people[0], "POST", first, again, "message")
	before := w.sees(t)
	if code, _, said := migrate(t, "--data", data, "--to", server.URL(server.Database(t))); code == 0 || !strings.Contains(said, "in use") {
		t.Errorf("while it runs: %d %s", code, said)
	}
	if code := m.Terminate(); code != 0 {
		t.Fatal(m.Said())
	}
	file := filepath.Join(data, "maru.db")
	grow(t, file)
	old := sumOfFile(t, file)
	entries, err := os.ReadDir(data)
	must(t, err)

	name := server.Database(t)
	to := []string{
		"--data", data, "--to", server.URL(name), "--from-blobs", "file:", "--to-blobs",
		"s3://moved?endpoint=" + photos.Endpoint() + "&region=" + s3.Region,
	}
	stopped := server.URL(server.Database(t))
	if said := crash(t, stopped, []string{"--data", data, "--to", stopped}, os.Interrupt); !strings.HasPrefix(said, "maru: interrupted") || strings.Count(said, "\n") != 1 {
		t.Errorf("when it was interrupted it said %q", said)
	}
	crash(t, server.URL(name), to, os.Kill)
	if said := refused(t, t.TempDir(), "--database", server.URL(name)); !strings.Contains(said, "was not finished") || strings.Count(said, "\n") != 1 {
		t.Errorf("half a copy: %s", said)
	}
	code, out, said := migrate(t, to...)
	if code != 0 || !strings.Contains(out, filepath.Join(data, "secret")) {
		t.Fatalf("%d\n%s%s", code, out, said)
	}
	t.Log(out)
	if after, err := os.ReadDir(data); err != nil || fmt.Sprint(after) != fmt.Sprint(entries) || sumOfFile(t, file) != old {
		t.Errorf("the old folder has changed: %v, and was %v", after, entries)
	}

	moved := program.Start(t, t.TempDir(), program.FreeAddr(t), "--database", server.URL(name), "--blobs", to[len(to)-1], "--secret-file", filepath.Join(data, "secret"))
	w.at(moved)
	if after := w.sees(t); after != before {
		t.Errorf("after the move:\n%s\nbefore:\n%s", after, before)
	}
	if after := get(t, w.people[0], "POST", first, again, "message"); after != sent {
		t.Errorf("sent again it became %s, and was %s", after, sent)
	}
	if _, err := w.people[0].call("POST", first, strings.Replace(again, "말", "딴말", 1)); err == nil {
		t.Error("one client id was taken twice")
	}
	get(t, w.people[1], "POST", "/rooms/"+w.rooms[0]+"/messages", `{"clientId":"new","text":"새 집"}`)
	get(t, w.people[1], "POST", "/rooms", `{"name":"새 방","category":"모임 "}`)
	if code := moved.Terminate(); code != 0 {
		t.Error(moved.Said())
	}

	w.at(program.Start(t, data, addr))
	if after := w.sees(t); after != before {
		t.Errorf("the old one:\n%s\nbefore:\n%s", after, before)
	}
	if code, _, said := migrate(t, append(to, "--data", t.TempDir(), "--from", "sqlite:"+file)...); code == 0 || strings.Count(said, "\n") != 1 {
		t.Errorf("in use: %s", said)
	}
}

// grow adds a deleted room's messages, which nobody sees, so that a copy takes long enough to be killed.
func grow(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	must(t, err)
	_, err = db.Exec(`INSERT INTO rooms SELECT 1000, 'gone', 'private', 'all', 60000, 0, 0, 1, '', NULL, NULL, NULL, NULL, '', '', '';
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
		INSERT INTO messages SELECT 1000, i, i, 'message', 'nobody', i, 1, 0, 0, '', '', '', NULL, 'text', 0 FROM n;
		PRAGMA wal_checkpoint(TRUNCATE);`)
	must(t, errors.Join(err, db.Close()))
}

// crash starts a copy, ends it once rows are there, and returns what it said.
func crash(t *testing.T, target string, args []string, with os.Signal) string {
	t.Helper()
	cmd := exec.Command(program.Binary, append([]string{"migrate-data"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	program.DiesWithUs(cmd)
	must(t, cmd.Start())
	user, rest, _ := strings.Cut(strings.TrimPrefix(target, "mysql://"), "@")
	host, name, _ := strings.Cut(rest, "/")
	db, err := sql.Open("mysql", user+"@tcp("+host+")/"+name)
	must(t, err)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var n int
		if db.QueryRow("SELECT COUNT(*) FROM messages WHERE room = 1000").Scan(&n) == nil && n > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is copied")
		}
	}
	must(t, errors.Join(cmd.Process.Signal(with), db.Close()))
	if cmd.Wait() == nil {
		t.Fatal("it had ended before")
	}
	return said.String()
}

// refused starts a maru that must not serve, and returns what it says.
func refused(t *testing.T, data string, args ...string) string {
	t.Helper()
	cmd := program.Command(data, "127.0.0.1:0", args...)
	ended := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	said, err := cmd.CombinedOutput()
	if !ended.Stop() || err == nil {
		t.Errorf("it serves: %s", said)
	}
	return string(said)
}

// TestWhatKeepsDataFromMoving checks that each mistake is one line and a failure, and that nothing is made of it.
func TestWhatKeepsDataFromMoving(t *testing.T) {
	server := mariadb.Shared(t)
	data := t.TempDir()
	m := program.Start(t, data, program.FreeAddr(t))
	b := person(t, m, "jisu")
	photo, err := b.upload(phototest.JPEG(t, phototest.Quarters(30, 20), nil))
	must(t, err)
	if code := m.Terminate(); code != 0 {
		t.Fatal(m.Said())
	}
	here := "sqlite:" + filepath.Join(data, "maru.db")
	none := filepath.Join(t.TempDir(), "none.db")
	empty := server.URL(server.Database(t))
	full := server.Database(t)
	if code, _, said := migrate(t, "--from", here, "--to", server.URL(full)); code != 0 {
		t.Fatal(said)
	}
	foreign := server.Database(t)
	server.Do(t, foreign, "CREATE TABLE wp_posts (id INT)")
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"no target":                  {[]string{"--from", here}, []string{"--to"}},
		"a target of another kind":   {[]string{"--from", here, "--to", "postgres://a:" + mariadb.Password + "@b/c"}, []string{"--to", "mysql://"}},
		"a target without a name":    {[]string{"--from", here, "--to", "sqlite:"}, []string{"--to", "sqlite:FILE"}},
		"a source of another kind":   {[]string{"--from", "maru.db", "--to", empty}, []string{"--from", "sqlite:FILE"}},
		"the same file":              {[]string{"--from", here, "--to", here}, []string{"same"}},
		"the same file, other words": {[]string{"--data", data, "--to", "sqlite:" + data + "/../" + filepath.Base(data) + "/maru.db"}, []string{"same"}},
		"the same folder":            {[]string{"--from", here, "--to", "sqlite:" + filepath.Join(data, "new.db")}, []string{"same folder"}},
		"the same server":            {[]string{"--from", empty, "--to", empty}, []string{"same"}},
		"no source":                  {[]string{"--from", "sqlite:" + none, "--to", empty}, []string{"--from", none, "no such database"}},
		"a source that is no maru's": {[]string{"--from", server.URL(foreign), "--to", "sqlite:" + none}, []string{"--from", "not a Maru database"}},
		"a target that is no maru's": {[]string{"--from", here, "--to", server.URL(foreign)}, []string{"--to", "another program's"}},
		"a target that is not empty": {[]string{"--from", here, "--to", server.URL(full)}, []string{"--to", full, "not empty"}},
		"a server that is not there": {[]string{"--from", here, "--to", "mysql://a:" + mariadb.Password + "@127.0.0.1:1/c"}, []string{"--to", "127.0.0.1:1/c", "no MySQL server"}},
		"images from nowhere":        {[]string{"--from", here, "--to", empty, "--to-blobs", "file:" + none}, []string{"--from-blobs", "both"}},
		"images to nowhere":          {[]string{"--from", here, "--to", empty, "--from-blobs", "file:"}, []string{"--to-blobs", "both"}},
		"images from no folder":      {[]string{"--from", here, "--to", empty, "--from-blobs", "file:" + none, "--to-blobs", "file:" + none + "2"}, []string{"--from-blobs", none}},
		"images to an odd place":     {[]string{"--from", here, "--to", empty, "--from-blobs", "file:" + data + "/images", "--to-blobs", "file:/proc"}, []string{"--to-blobs", "/proc"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, said := migrate(t, c.args...)
			if code == 0 || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "maru: ") || out != "" {
				t.Errorf("%d, %q: %s", code, out, said)
			}
			for _, part := range c.says {
				if !strings.Contains(said, part) {
					t.Errorf("%q does not say %q", said, part)
				}
			}
		})
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("something was made")
	}

	// An image whose bytes are gone is named, and keeps nothing else from moving.
	gone, err := filepath.Glob(filepath.Join(data, "images", "*", "image."+photo+".thumb"))
	must(t, err)
	must(t, os.Remove(gone[0]))
	there := t.TempDir()
	code, out, said := migrate(t, "--data", data, "--to", "sqlite:"+filepath.Join(there, "new", "maru.db"), "--from-blobs", "file:", "--to-blobs", "file:"+filepath.Join(there, "new", "images"))
	if code == 0 || !strings.Contains(out, photo) || !strings.Contains(said, "lost bytes before: 1") {
		t.Errorf("%d %s%s", code, out, said)
	}
	if code, said := doctor(t, filepath.Join(there, "new")); code == 0 || !strings.Contains(said, photo) {
		t.Errorf("%d %s", code, said)
	}
}
