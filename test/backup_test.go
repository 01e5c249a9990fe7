package test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/photo/phototest"
	"github.com/maru-chat/maru/test/mariadb"
	"github.com/maru-chat/maru/test/program"
	"github.com/maru-chat/maru/test/s3"
)

// ledger is what people were told is kept.
type ledger struct {
	mu       sync.Mutex
	messages map[string]string // texts, by room and seq
	deleted  map[string]bool   // asked for, acknowledged or not
	images   map[string]string // sums of their bytes, by id
}

func (l *ledger) copy() (messages, images map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.messages), maps.Clone(l.images)
}

func (l *ledger) sent() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.messages)
}

func sumOf(t *testing.T, b *browser, path string) string {
	t.Helper()
	content, err := b.do("GET", path, "", nil)
	must(t, err)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
}

// write has somebody send, some of it with a photo, and delete what they sent a while ago, until the context ends.
func (l *ledger) write(ctx context.Context, t *testing.T, b *browser, room, who string, picture []byte) {
	var photos []string
	for i := 0; ctx.Err() == nil; i++ {
		text, with := fmt.Sprintf("%s의 %d번째 말", who, i), ""
		if i%7 == 3 {
			photo, err := b.upload(picture)
			must(t, err)
			sum := sumOf(t, b, "/images/"+photo)
			with = fmt.Sprintf(`,"imageIds":[%q]`, photo)
			l.mu.Lock()
			l.images[photo] = sum
			l.mu.Unlock()
		}
		seq := get(t, b, "POST", "/rooms/"+room+"/messages", fmt.Sprintf(`{"clientId":"%s-%d","text":%q%s}`, who, i, text, with), "message", "seq")
		l.mu.Lock()
		l.messages[room+" "+seq] = text
		l.mu.Unlock()
		if with != "" {
			if photos = append(photos, seq); len(photos) > 3 {
				l.mu.Lock()
				l.deleted[room+" "+photos[0]] = true
				l.mu.Unlock()
				get(t, b, "DELETE", "/rooms/"+room+"/messages/"+photos[0], "")
				photos = photos[1:]
			}
		}
	}
}

// message is as the API tells of it.
type message struct {
	Seq    int64
	Kind   string
	Text   string
	Images []struct{ ID string }
}

// history reads all of a room.
func history(t *testing.T, b *browser, room string) (all []message) {
	t.Helper()
	for after := int64(0); ; {
		answer, err := b.call("GET", fmt.Sprintf("/rooms/%s/messages?after=%d&limit=200", room, after), "")
		must(t, err)
		var page struct {
			Messages []message
			HasMore  bool
		}
		must(t, json.Unmarshal([]byte(answer), &page))
		all = append(all, page.Messages...)
		if !page.HasMore || len(page.Messages) == 0 {
			return all
		}
		after = page.Messages[len(page.Messages)-1].Seq
	}
}

// TestTheDataFolderIsLost makes a backup while people write and delete, loses the folder, and restores: what was acknowledged before
// the backup began is there, images have their bytes, whoever was logged in still is, and clients are told to begin anew.
func TestTheDataFolderIsLost(t *testing.T) {
	home := t.TempDir()
	data, file := filepath.Join(home, "data"), filepath.Join(home, "maru.tar")
	m := program.Start(t, data, program.FreeAddr(t), "--rate-limits", "off")
	w := settle(t, m)
	room := w.rooms[0]
	l := &ledger{messages: map[string]string{}, deleted: map[string]bool{}, images: map[string]string{}}
	for _, photo := range w.photos[:2] {
		l.images[photo] = sumOf(t, w.people[0], "/images/"+photo)
	}
	picture := phototest.JPEG(t, phototest.Quarters(60, 40), nil)
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	for i, b := range w.people {
		writing.Go(func() { l.write(ctx, t, b, room, fmt.Sprint("p", i), picture) })
	}
	for l.sent() < 60 {
		time.Sleep(10 * time.Millisecond)
	}
	messages, images := l.copy()
	begun := time.Now()
	code, out, said := maru(t, "backup", "--data", data, file)
	stop()
	writing.Wait()
	if code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	during := l.sent() - len(messages)
	if during == 0 {
		t.Error("nothing was sent meanwhile")
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	epoch := get(t, w.people[0], "GET", "/rooms/"+room+"/changes?since=0", "", "epoch")
	if code, _, said := maru(t, "restore", "--data", data, file); code == 0 || !strings.Contains(said, "in use") || strings.Count(said, "\n") != 1 {
		t.Errorf("onto a folder in use: %d %s", code, said)
	}
	m.Kill()
	if code, _, said := maru(t, "restore", "--data", data, file); code == 0 || !strings.Contains(said, "move it away") || strings.Count(said, "\n") != 1 {
		t.Errorf("onto a database: %d %s", code, said)
	}
	must(t, os.RemoveAll(data))
	if code, out, said = maru(t, "restore", "--data", data, file); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	t.Log(out)

	w.at(program.Start(t, data, program.FreeAddr(t)))
	found := map[string]message{}
	for _, one := range history(t, w.people[1], room) {
		found[fmt.Sprint(room, " ", one.Seq)] = one
	}
	missing := 0
	for name, text := range messages {
		switch one, there := found[name]; {
		case there && one.Text == text:
		case there && one.Kind == "deleted" && l.deleted[name]:
		default:
			missing++
			t.Errorf("message %s: %+v, and was %q", name, one, text)
		}
	}
	shown := 0
	for _, one := range found {
		for _, image := range one.Images {
			for _, path := range []string{"", "/thumb"} {
				sum := sumOf(t, w.people[1], "/images/"+image.ID+path)
				if path == "" && sum != l.images[image.ID] {
					t.Errorf("image %s has other bytes", image.ID)
				}
			}
			shown++
		}
	}
	if shown == 0 {
		t.Error("no image is shown")
	}
	var changes struct {
		Epoch string
		Reset bool
	}
	answer, err := w.people[0].call("GET", "/rooms/"+room+"/changes?since=5&epoch="+epoch, "")
	must(t, err)
	must(t, json.Unmarshal([]byte(answer), &changes))
	if !changes.Reset || changes.Epoch == epoch {
		t.Errorf("clients of the old history: %+v", changes)
	}
	get(t, w.people[2], "POST", "/rooms/"+room+"/messages", `{"clientId":"after","text":"다시 왔다"}`)
	t.Logf("backup under load: %d messages and %d images acknowledged before it began, %d messages while it ran (%v): %d missing, %d images shown with their bytes",
		len(messages), len(images), during, time.Since(begun).Round(time.Millisecond), missing, shown)
}

// TestBackupMovesAnywhere restores a backup of SQLite and a folder onto MySQL and S3, and one of those onto SQLite and a folder: both
// times everybody sees what they saw.
func TestBackupMovesAnywhere(t *testing.T) {
	server, photos := mariadb.Shared(t), s3.Start(t)
	photos.Bucket("restored")
	home := t.TempDir()
	m := program.Start(t, filepath.Join(home, "first"), program.FreeAddr(t))
	w := settle(t, m)
	see := func() string {
		epoch := get(t, w.people[0], "GET", "/rooms/"+w.rooms[0]+"/changes?since=0", "", "epoch")
		return strings.ReplaceAll(w.sees(t), epoch, "EPOCH")
	}
	before := see()
	run := func(args ...string) {
		t.Helper()
		if code, out, said := maru(t, args...); code != 0 {
			t.Fatalf("%q: %s%s", args, out, said)
		}
	}
	far := []string{
		"--data", filepath.Join(home, "second"), "--database", server.URL(server.Database(t)),
		"--blobs", "s3://restored?endpoint=" + photos.Endpoint() + "&region=" + s3.Region,
	}
	run("backup", "--data", filepath.Join(home, "first"), filepath.Join(home, "first.tar"))
	run(append([]string{"restore", filepath.Join(home, "first.tar")}, far...)...)
	second := program.Start(t, far[1], program.FreeAddr(t), far[2:]...)
	w.at(second)
	if after := see(); after != before {
		t.Errorf("on MySQL and S3:\n%s\nbefore:\n%s", after, before)
	}
	if code, _, said := maru(t, append([]string{"restore", filepath.Join(home, "first.tar")}, far...)...); code == 0 || !strings.Contains(said, "not empty") {
		t.Errorf("onto a database that is used: %d %s", code, said)
	}
	run(append([]string{"backup", filepath.Join(home, "second.tar")}, far...)...)
	run("restore", "--data", filepath.Join(home, "third"), filepath.Join(home, "second.tar"))
	w.at(program.Start(t, filepath.Join(home, "third"), program.FreeAddr(t)))
	if after := see(); after != before {
		t.Errorf("back on SQLite:\n%s\nbefore:\n%s", after, before)
	}
	entries, err := os.ReadDir(home)
	must(t, err)
	if len(entries) != 5 {
		t.Errorf("something is left: %v", entries)
	}
}

// TestWhatCannotBeRestored checks that each is one line and a failure, and that nothing is made of it.
func TestWhatCannotBeRestored(t *testing.T) {
	home := t.TempDir()
	data, file := filepath.Join(home, "data"), filepath.Join(home, "maru.tar")
	m := program.Start(t, data, program.FreeAddr(t))
	b := person(t, m, "jisu")
	_, err := b.upload(phototest.JPEG(t, phototest.Quarters(60, 40), nil))
	must(t, err)
	if code, _, said := maru(t, "backup", "--data", data, file); code != 0 {
		t.Fatal(said)
	}
	whole, err := os.ReadFile(file)
	must(t, err)
	with := func(change func([]byte) []byte) string {
		name := filepath.Join(t.TempDir(), "backup.tar")
		must(t, os.WriteFile(name, change(slices.Clone(whole)), 0o600))
		return name
	}
	other := t.TempDir()
	must(t, os.WriteFile(filepath.Join(other, "secret"), []byte(strings.Repeat("cd", 32)), 0o600))
	for name, c := range map[string]struct {
		file string
		args []string
		says string
	}{
		"no file":             {filepath.Join(home, "none.tar"), nil, "no such file"},
		"a folder":            {home, nil, "is a directory"},
		"an empty file":       {with(func([]byte) []byte { return nil }), nil, "not a backup of a Maru"},
		"cut in the database": {with(func(b []byte) []byte { return b[:len(b)/3] }), nil, "is cut"},
		"without its end":     {with(func(b []byte) []byte { return b[:len(b)-4000] }), nil, "is cut"},
		"a flipped bit": {with(func(b []byte) []byte {
			b[len(b)/2] ^= 4
			return b
		}), nil, "is damaged"},
		"a newer form":    {with(func(b []byte) []byte { return bytes.Replace(b, []byte(`"format": 1`), []byte(`"format": 2`), 1) }), nil, "newer than this program"},
		"a newer schema":  {forged(t, file, func(path string) { edit(t, path, "INSERT INTO schema_version VALUES (99, 1)") }), nil, "newer than this"},
		"another's":       {forged(t, file, func(path string) { edit(t, path, "DROP TABLE schema_version") }), nil, "not a Maru database"},
		"a bare database": {filepath.Join(data, "maru.db"), nil, "not a backup of a Maru"},
		"another secret":  {file, []string{"--data", other}, "is not the backup's"},
		"no such store":   {file, []string{"--blobs", "file:/proc/none"}, "--blobs"},
	} {
		t.Run(name, func(t *testing.T) {
			target := filepath.Join(t.TempDir(), "data")
			code, _, said := maru(t, append([]string{"restore", "--data", target, c.file}, c.args...)...)
			if code != 1 || !strings.Contains(said, c.says) || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "maru: ") {
				t.Errorf("%d: %s", code, said)
			}
			for _, left := range []string{"maru.db", "secret", "restoring"} {
				if _, err := os.Stat(filepath.Join(target, left)); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s is left: %v", left, err)
				}
			}
		})
	}
	if code, out, said := maru(t, "restore", "--check", file); code != 0 || !strings.Contains(out, "checksum") {
		t.Errorf("%d %s%s", code, out, said)
	}
}

// forged is a backup whose database was changed by somebody who knows how backups are made.
func forged(t *testing.T, file string, change func(path string)) string {
	t.Helper()
	folder := t.TempDir()
	in, err := os.Open(file)
	must(t, err)
	defer func() { _ = in.Close() }()
	var out bytes.Buffer
	from, to := tar.NewReader(in), tar.NewWriter(&out)
	var sums strings.Builder
	for {
		head, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		content, err := io.ReadAll(from)
		must(t, err)
		if head.Name == "maru.db" {
			path := filepath.Join(folder, "maru.db")
			must(t, os.WriteFile(path, content, 0o600))
			change(path)
			content, err = os.ReadFile(path)
			must(t, err)
		}
		if strings.HasPrefix(head.Name, "SHA256SUMS") {
			content = []byte(sums.String())
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), head.Name)
		head.Size = int64(len(content))
		must(t, to.WriteHeader(head))
		_, err = to.Write(content)
		must(t, err)
	}
	must(t, to.Close())
	name := filepath.Join(folder, "forged.tar")
	must(t, os.WriteFile(name, out.Bytes(), 0o600))
	return name
}

// TestWhatCannotBeBackedUp checks that a backup that fails says why in one line, leaves nothing, harms no backup before it, and that
// whoever chats notices nothing.
func TestWhatCannotBeBackedUp(t *testing.T) {
	home := t.TempDir()
	data, file := filepath.Join(home, "data"), filepath.Join(home, "maru.tar")
	m := program.Start(t, data, program.FreeAddr(t))
	w := settle(t, m)
	if code, _, said := maru(t, "backup", "--data", data, file); code != 0 {
		t.Fatal(said)
	}
	before := sumOfFile(t, file)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no database":      {[]string{"--data", filepath.Join(home, "none"), file}, "no such database"},
		"no place":         {[]string{"--data", data, filepath.Join(home, "none", "maru.tar")}, "no such file"},
		"a folder":         {[]string{"--data", data, home}, "is no file"},
		"another secret":   {[]string{"--data", data, "--secret-file", secretFile(t), file}, "secret"},
		"no secret":        {[]string{"--data", data, "--secret-file", filepath.Join(home, "none"), file}, "no such file"},
		"no images":        {[]string{"--data", data, "--blobs", "file:" + filepath.Join(home, "none"), file}, "--blobs"},
		"a foreign server": {[]string{"--data", data, "--database", "mysql://a:" + mariadb.Password + "@127.0.0.1:1/b", file}, "no MySQL server"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, said := maru(t, append([]string{"backup"}, c.args...)...)
			if code != 1 || !strings.Contains(said, c.says) || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "maru: ") {
				t.Errorf("%d: %s", code, said)
			}
		})
	}
	// The disk fills: for real, and for whoever may write only so much.
	disk, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	must(t, err)
	defer func() { _ = disk.Close() }()
	cmd := exec.Command(program.Binary, "backup", "--data", data, "-")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = disk, &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), "no space left on device: there is no backup") || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("a full disk: %v %s", err, said.String())
	}
	limited := exec.Command("sh", "-c", `trap '' XFSZ; ulimit -f 100; exec "$0" "$@"`, program.Binary, "backup", "--data", data, file)
	if answer, err := limited.CombinedOutput(); err == nil || !strings.Contains(string(answer), "file too large: there is no backup") {
		t.Errorf("a disk that fills: %v %s", err, answer)
	}
	entries, err := os.ReadDir(home)
	must(t, err)
	if len(entries) != 2 || sumOfFile(t, file) != before {
		t.Errorf("something is left, or the backup before is another: %v", entries)
	}
	get(t, w.people[0], "POST", "/rooms/"+w.rooms[0]+"/messages", `{"clientId":"after","text":"아무 일 없다"}`)
	// To standard output it is the same.
	whole, err := exec.Command(program.Binary, "backup", "--data", data, "-").Output()
	must(t, err)
	piped := filepath.Join(home, "piped.tar")
	must(t, os.WriteFile(piped, whole, 0o600))
	if code, _, said := maru(t, "restore", "--check", piped); code != 0 {
		t.Error(said)
	}
}

func secretFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(name, []byte(strings.Repeat("cd", 32)), 0o600))
	return name
}

// edit changes a database file behind its maru's back.
func edit(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.Exec(statement + "; PRAGMA wal_checkpoint(TRUNCATE)")
	must(t, errors.Join(err, db.Close()))
}
