package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
	"github.com/maru-chat/maru/internal/photo"
)

// treat compares the CPU of our treatment, and of a whole upload, with that of the bare steps.
func (b *bench) treat(ctx context.Context) (err error) {
	cpu := func(fn func() error) (time.Duration, error) {
		before, err := load.CPU(os.Getpid())
		if err != nil {
			return 0, err
		}
		const times = 3
		for range times {
			if err := fn(); err != nil {
				return 0, err
			}
		}
		after, err := load.CPU(os.Getpid())
		return (after - before) / times, err
	}
	lab := photo.NewLab(1, 256<<20)
	bare, err := cpu(func() error { return bareSteps(b.photo) })
	if err != nil {
		return err
	}
	ours, err := cpu(func() error {
		_, err := lab.Treat(ctx, bytes.NewReader(b.photo))
		return err
	})
	if err != nil {
		return err
	}
	server, err := b.hosts.Start(ctx, host.Maru, host.Town{Rooms: 1, Members: 1, Text: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	if _, err := b.send(ctx, server, server.Seats[0]); err != nil { // the first one warms up
		return err
	}
	before, err := server.CPU()
	if err != nil {
		return err
	}
	const times = 3
	for range times {
		if _, err := b.send(ctx, server, server.Seats[0]); err != nil {
			return err
		}
	}
	after, err := server.CPU()
	if err != nil {
		return err
	}
	r := &b.results.Treat
	r.Bare, r.Ours = append(r.Bare, bare.Seconds()), append(r.Ours, ours.Seconds())
	r.Upload = append(r.Upload, ((after - before) / times).Seconds())
	cli.Log("  treat: the bare steps %v, ours %v, a whole upload %v of CPU", bare, ours, (after-before)/times)
	return nil
}

// form is the photo as browsers send it.
func form(photo []byte) (kind string, body []byte, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "photo.jpg")
	if err == nil {
		_, err = part.Write(photo)
	}
	err = errors.Join(err, form.Close())
	return form.FormDataContentType(), b.Bytes(), err
}

// send uploads the photo, and returns its id.
func (b *bench) send(ctx context.Context, server *host.Running, seat load.Seat) (string, error) {
	var answer struct{ Image struct{ ID string } }
	err := call(ctx, server.Address, seat, "/api/v1/images", b.kind, bytes.NewReader(b.body), &answer)
	return answer.Image.ID, err
}

func call(ctx context.Context, address string, seat load.Seat, path, kind string, body io.Reader, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+path, body)
	if err != nil {
		return err
	}
	if sized, is := body.(interface{ Len() int }); is {
		request.ContentLength = int64(sized.Len())
	}
	request.Header.Set("Authorization", "Bearer "+seat.Token)
	request.Header.Set("Content-Type", kind)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s answers %d: %.200s", path, response.StatusCode, said)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(said, answer)
}

// upload has people chat, alone and then while photos come, as many at once as asked, all the time.
func (b *bench) upload(ctx context.Context) (err error) {
	server, err := b.hosts.Start(ctx, host.Maru, town)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	people, err := load.NewPeople(ctx, server.Address, server.Seats, load.Way{}, town.Text)
	if err != nil {
		return err
	}
	defer people.Close()
	pace := load.Pace{Rate: b.rate, Warm: b.warm, For: b.window, CPU: server.CPU}
	for n := range server.Seats {
		pace.Senders = append(pace.Senders, n*town.Members%len(server.Seats)+n/town.Rooms)
	}
	alone, err := people.Send(ctx, pace)
	if err != nil {
		return err
	}
	idle, err := server.Resident()
	if err != nil {
		return err
	}

	crowd, err := b.startCrowd(ctx, server)
	if err != nil {
		return err
	}
	began := time.Now()
	busy, err := people.Send(ctx, pace)
	if err != nil {
		return err
	}
	// Afterwards, as counting pages holds up those who chat.
	peak := idle
	for enough := time.Now().Add(b.window / 2); time.Now().Before(enough); time.Sleep(50 * time.Millisecond) {
		now, err := server.Resident()
		if err != nil {
			return err
		}
		peak = max(peak, now)
	}
	photos, err := crowd.stop()
	if err != nil {
		return err
	}
	lasted := time.Since(began)
	r := &b.results.Uploads
	r.Alone.Add(alone)
	r.Busy.Add(busy)
	r.Memory = append(r.Memory, float64(peak-idle)/(1<<20))
	r.PerSecond = append(r.PerSecond, float64(photos)/lasted.Seconds())
	last := len(r.Memory) - 1
	cli.Log("  uploads: %s photos/s and %s MiB over idle; acknowledged p50 %s · %s, p99 %s · %s ms (alone · meanwhile), lost %d",
		report.Number(r.PerSecond[last]), report.Number(r.Memory[last]), report.Number(r.Alone.Acknowledged.P50[last]),
		report.Number(r.Busy.Acknowledged.P50[last]), report.Number(r.Alone.Acknowledged.P99[last]), report.Number(r.Busy.Acknowledged.P99[last]),
		alone.Lost+busy.Lost)
	return nil
}

// connections are how many ask for thumbnails at once.
const connections = 4

// thumbs compares serving a thumbnail to a member of its room with a bare file server that serves the same bytes.
func (b *bench) thumbs(ctx context.Context) (err error) {
	server, err := b.hosts.Start(ctx, host.Maru, host.Town{Rooms: 1, Members: 2, Text: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	id, err := b.send(ctx, server, server.Seats[0])
	if err != nil {
		return err
	}
	var sent struct{ Message struct{ Seq int64 } }
	body := fmt.Sprintf(`{"clientId":"thumb","imageIds":[%q]}`, id)
	if err := call(ctx, server.Address, server.Seats[0], "/api/v1/rooms/"+server.Seats[0].Room+"/messages", "application/json", bytes.NewBufferString(body), &sent); err != nil {
		return err
	}
	thumb, err := get(ctx, server, "/images/"+id+"/thumb")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "maru-bench-files-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := os.WriteFile(filepath.Join(folder, "thumb.jpg"), thumb, 0o600); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, b.hosts.Program("files"), "-data", folder) //nolint:gosec // our own program
	command.Env = load.WithoutGoSettings(os.Environ())
	files, err := load.Start(ctx, command)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Stop()) }()

	r := &b.results.Thumbs
	r.Bytes = len(thumb)
	ours, err := b.ask(ctx, server.Address, server.Seats[1].Token, "/images/"+id+"/thumb", server.CPU)
	if err != nil {
		return err
	}
	bare, err := b.ask(ctx, files.Address, "nobody", "/thumb.jpg", files.CPU)
	if err != nil {
		return err
	}
	r.Ours.add(ours)
	r.Bare.add(bare)
	cli.Log("  thumbs of %d bytes: %s a second and %s µs each, bare %s and %s", len(thumb),
		report.Number(ours.perSecond), report.Number(ours.micros), report.Number(bare.perSecond), report.Number(bare.micros))
	return nil
}

// get fetches something as the second person of the room.
func get(ctx context.Context, server *host.Running, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+server.Address+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+server.Seats[1].Token)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", path, response.StatusCode)
	}
	return io.ReadAll(response.Body)
}

// asked is what a server did in a window.
type asked struct{ perSecond, micros float64 }

// ask asks for a path over and over.
func (b *bench) ask(ctx context.Context, address, token, path string, cpu func() (time.Duration, error)) (asked, error) {
	times := func(d time.Duration) (int, error) {
		var all sync.WaitGroup
		var mu sync.Mutex
		var failed error
		total := 0
		for range connections {
			all.Go(func() {
				n, err := load.Get(ctx, address, token, func(int) string { return path }, d)
				mu.Lock()
				defer mu.Unlock()
				total, failed = total+n, errors.Join(failed, err)
			})
		}
		all.Wait()
		return total, failed
	}
	if _, err := times(b.warm / 2); err != nil {
		return asked{}, err
	}
	before, err := cpu()
	if err != nil {
		return asked{}, err
	}
	began := time.Now()
	n, err := times(b.window / 2)
	if err != nil {
		return asked{}, err
	}
	lasted := time.Since(began)
	after, err := cpu()
	if err != nil {
		return asked{}, err
	}
	return asked{float64(n) / lasted.Seconds(), float64((after - before).Microseconds()) / float64(max(1, n))}, nil
}
