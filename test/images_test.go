package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/photo/phototest"
	"github.com/maru-chat/maru/test/program"
)

// browser is somebody who is logged in.
type browser struct {
	http.Client
	url string
}

func logIn(t *testing.T, m *program.Maru) *browser { t.Helper(); return logInAs(t, m, "jisu") }

// logInAs logs somebody in; who is not there yet signs up.
func logInAs(t *testing.T, m *program.Maru, loginID string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	b := &browser{Client: http.Client{Jar: jar, Timeout: 20 * time.Second}, url: m.URL()}
	if _, err := b.call("POST", "/users", fmt.Sprintf(`{"loginId":%q,"password":"correct horse","name":"지수"}`, loginID)); err != nil {
		_, err = b.call("POST", "/session", fmt.Sprintf(`{"loginId":%q,"password":"correct horse"}`, loginID))
		must(t, err)
	}
	return b
}

// at is the same browser at another node: cookies are the host's, whatever the port.
func (b *browser) at(m *program.Maru) *browser { return &browser{b.Client, m.URL()} }

// do makes a request that must end well, and returns what it answers.
func (b *browser) do(method, path, kind string, body io.Reader) (string, error) {
	r, err := http.NewRequest(method, b.url+path, body)
	if err != nil {
		return "", err
	}
	r.Header.Set("Origin", b.url)
	r.Header.Set("Content-Type", kind)
	response, err := b.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	return string(answer), err
}

func (b *browser) call(method, path, body string) (string, error) {
	return b.do(method, "/api/v1"+path, "application/json", strings.NewReader(body))
}

// upload returns the image's id.
func (b *browser) upload(picture []byte) (string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "photo.jpg")
	if err == nil {
		_, err = part.Write(picture)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return "", err
	}
	answer, err := b.do("POST", "/api/v1/images", form.FormDataContentType(), &body)
	if err != nil {
		return "", err
	}
	var got struct{ Image struct{ ID string } }
	err = json.Unmarshal([]byte(answer), &got)
	return got.Image.ID, err
}

// doctor runs maru doctor, and returns its exit code and what it said.
func doctor(t *testing.T, data string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(program.Binary, append([]string{"doctor", "--data", data}, args...)...)
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(said)
}

// age makes every stored blob two hours older: none is on its way any more.
func age(t *testing.T, data string) {
	t.Helper()
	then := time.Now().Add(-2 * time.Hour)
	must(t, filepath.WalkDir(filepath.Join(data, "images"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			err = os.Chtimes(path, then, then)
		}
		return err
	}))
}

// TestImagesSurviveCrashes kills the program in the middle of uploads, sends and deletions. What was acknowledged is there, what
// was deleted is not, and nothing is left between the database and the store.
func TestImagesSurviveCrashes(t *testing.T) {
	data, addr := t.TempDir(), program.FreeAddr(t)
	picture := phototest.JPEG(t, phototest.Quarters(300, 200), phototest.Tags(6))
	start := func() *program.Maru { return program.Start(t, data, addr, "--drain", "0s") }
	m := start()
	b := logIn(t, m)
	answer, err := b.call("POST", "/rooms", `{"name":"사진","category":"동네"}`)
	must(t, err)
	var made struct{ Room struct{ ID string } }
	must(t, json.Unmarshal([]byte(answer), &made))
	var (
		mu            sync.Mutex
		kept, deleted []string
		sent          int
	)
	for round := range 6 {
		var wait sync.WaitGroup
		for worker := range 3 {
			wait.Go(func() {
				for n := 0; ; n++ {
					id, err := b.upload(picture)
					if err != nil {
						return
					}
					clientID := fmt.Sprintf("%d-%d-%d", round, worker, n)
					answer, err := b.call("POST", "/rooms/"+made.Room.ID+"/messages", fmt.Sprintf(`{"clientId":%q,"imageIds":[%q]}`, clientID, id))
					if err != nil {
						return
					}
					var got struct{ Message struct{ Seq int64 } }
					if err := json.Unmarshal([]byte(answer), &got); err != nil {
						t.Error(err)
					}
					if n%3 == 2 {
						if _, err := b.call("DELETE", fmt.Sprintf("/rooms/%s/messages/%d", made.Room.ID, got.Message.Seq), ""); err != nil {
							return
						}
					}
					mu.Lock()
					sent++
					if n%3 == 2 {
						deleted = append(deleted, id)
					} else {
						kept = append(kept, id)
					}
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(150+70*round) * time.Millisecond)
		m.Kill()
		wait.Wait()
		m = start()
		b = logIn(t, m)
		if left, err := filepath.Glob(filepath.Join(data, "uploads", "*", "*")); err != nil || len(left) > 0 {
			t.Errorf("uploads after a crash: %v %v", left, err)
		}
	}
	if sent < 10 {
		t.Fatalf("only %d images were sent", sent)
	}
	for _, id := range kept {
		for _, form := range []string{"", "/thumb"} {
			if body, err := b.do("GET", "/images/"+id+form, "", nil); err != nil || !strings.HasPrefix(body, "\xff\xd8") {
				t.Errorf("acknowledged, and lost: %v", err)
			}
		}
	}
	gone := func(id string) bool { _, err := b.do("GET", "/images/"+id, "", nil); return err != nil }
	for _, id := range deleted {
		if !gone(id) {
			t.Errorf("%s was deleted, and is served", id)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for _, id := range deleted {
		for pattern := filepath.Join(data, "images", "*", "image."+id+".*"); ; time.Sleep(20 * time.Millisecond) {
			files, err := filepath.Glob(pattern)
			must(t, err)
			if len(files) == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("still on disk: %v", files)
			}
		}
	}
	if code, said := doctor(t, data); code != 0 || !strings.Contains(said, "not compared with their bytes") {
		t.Errorf("while it runs the doctor says %d: %s", code, said)
	}
	if code, said := doctor(t, data, "--fix"); code == 0 || !strings.Contains(said, "in use") {
		t.Errorf("while it runs the doctor mends: %d: %s", code, said)
	}
	if code := m.Terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	age(t, data)
	if code, said := doctor(t, data); code != 0 || !strings.Contains(said, "Each has its counterpart.") {
		t.Errorf("%d: %s", code, said)
	}
	t.Logf("%d images sent, %d deleted, six crashes", sent, len(deleted))

	// What was lost or left by other means the doctor finds, and with --fix removes.
	files, err := filepath.Glob(filepath.Join(data, "images", "*", "image."+kept[0]+".full"))
	must(t, err)
	if len(files) != 1 {
		t.Fatal(files)
	}
	disk, err := blob.OpenDisk(filepath.Join(data, "images"))
	must(t, err)
	must(t, disk.Put(t.Context(), "image/aaaaaaaaaaaaaaaa/full", "image/jpeg", strings.NewReader("stray"), 5))
	must(t, disk.Close())
	must(t, os.Remove(files[0]))
	age(t, data)
	for _, fix := range []bool{false, true} {
		args := map[bool][]string{true: {"--fix"}}[fix]
		code, said := doctor(t, data, args...)
		if (code == 0) != fix || !strings.Contains(said, kept[0]) || !strings.Contains(said, "image/aaaaaaaaaaaaaaaa/full") {
			t.Errorf("%v: %d: %s", args, code, said)
		}
	}
	if code, said := doctor(t, data); code != 0 {
		t.Errorf("%d: %s", code, said)
	}
	if stray, err := filepath.Glob(filepath.Join(data, "images", "*", "image.aaaaaaaaaaaaaaaa.*")); err != nil || len(stray) > 0 {
		t.Errorf("still there: %v %v", stray, err)
	}
	m = start()
	if b = logIn(t, m); !gone(kept[0]) || gone(kept[1]) {
		t.Error("the doctor removed too little, or too much")
	}
}
