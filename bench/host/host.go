// Package host starts what benchmarks of chat compare, each with people in
// rooms: the maru program, the reference of the original design, and the limit.
package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-chat/maru/bench/load"
)

// A Kind is what is compared, by the name that its figures have.
type Kind string

// The kinds. The original opens a connection to its database for every query;
// pooled is the same with a pool.
const (
	Maru     Kind = "maru"
	Original Kind = "original"
	Pooled   Kind = "original with a pool"
	Limit    Kind = "limit"
)

// Kinds are all of them.
var Kinds = []Kind{Maru, Original, Pooled, Limit}

// Town is who is there.
type Town struct {
	Rooms   int
	Members int // of each room
	Shared  int // so many rooms have the same members, who sit in the first of them; 0 for 1
	Text    int // bytes of a message
}

// Hosts knows how to start each kind.
type Hosts struct {
	root     string
	bin      string
	database *database // of the originals; nil before the first of them
	// Profile has the programs in Go serve their profiles.
	Profile bool
}

// Prepare builds the programs, and sees that those of the kinds have what they
// need.
func Prepare(ctx context.Context, kinds []Kind) (*Hosts, error) {
	root, err := Repository()
	if err != nil {
		return nil, err
	}
	bin, err := os.MkdirTemp("", "maru-bench-")
	if err != nil {
		return nil, err
	}
	h := &Hosts{root: root, bin: bin}
	arguments := []string{"build", "-trimpath", "-o", bin + string(filepath.Separator), "./cmd/maru", "./bench/peers/files"}
	if slices.Contains(kinds, Limit) {
		arguments = append(arguments, "./bench/peers/limit")
	}
	command := exec.CommandContext(ctx, "go", arguments...) //nolint:gosec // our own programs
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("build: %w: %s", err, out), h.Close())
	}
	if slices.Contains(kinds, Original) || slices.Contains(kinds, Pooled) {
		if err := h.originalNeeds(ctx); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	return h, nil
}

// Close removes what was built.
func (h *Hosts) Close() error {
	if h.database != nil {
		h.database.stop()
	}
	return os.RemoveAll(h.bin)
}

// Program is where a program is that Prepare has built.
func (h *Hosts) Program(name string) string { return filepath.Join(h.bin, name) }

// Root is the repository's.
func (h *Hosts) Root() string { return h.root }

// A Running host has everybody in their seats: first all of the first room.
type Running struct {
	Address  string
	Profiles string // where a program in Go serves its profiles, if it does
	Seats    []load.Seat

	process *load.Server
	folder  string
	also    *database // whose work is the server's too
}

// Start starts a kind of host on a folder of its own.
func (h *Hosts) Start(ctx context.Context, kind Kind, town Town) (_ *Running, err error) {
	r := &Running{}
	if r.folder, err = os.MkdirTemp("", "maru-bench-data-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", kind, err), r.Stop())
		}
	}()
	switch kind {
	case Maru:
		return r, h.startMaru(ctx, r, town)
	case Original, Pooled:
		return r, h.startOriginal(ctx, r, town, kind == Original)
	case Limit:
		arguments := []string{"-data", r.folder, "-rooms", strconv.Itoa(town.Rooms), "-text", strconv.Itoa(town.Text)}
		if h.Profile {
			arguments = append(arguments, "-pprof")
		}
		command := exec.CommandContext(ctx, filepath.Join(h.bin, "limit"), arguments...) //nolint:gosec // our own program
		command.Env = load.WithoutGoSettings(os.Environ())
		if r.process, err = load.Start(ctx, command); err != nil {
			return nil, err
		}
		r.Address, r.Profiles, r.Seats = r.process.Address, r.process.Profiles, numbered(town)
		return r, nil
	}
	return nil, errors.New("no such kind")
}

// numbered seats are those of servers where a token is its person's name.
func numbered(town Town) []load.Seat {
	var seats []load.Seat
	for room := range town.Rooms {
		for member := range town.Members {
			seats = append(seats, load.Seat{Token: fmt.Sprintf("room-%d-member-%d", room, member), Room: fmt.Sprint("room-", room)})
		}
	}
	return seats
}

// CPU is the user and system time of the server's processes so far, its
// database's included.
func (r *Running) CPU() (time.Duration, error) {
	total, err := r.process.CPU()
	if r.also != nil && err == nil {
		var also time.Duration
		also, err = r.also.cpu()
		total += also
	}
	return total, err
}

// Folder is the server's data folder.
func (r *Running) Folder() string { return r.folder }

// Resident is the resident set of the server process in bytes.
func (r *Running) Resident() (int64, error) { return r.process.Resident() }

// Stop ends the server and removes its folder.
func (r *Running) Stop() error {
	var err error
	if r.process != nil {
		err = r.process.Stop()
	}
	return errors.Join(err, os.RemoveAll(r.folder))
}

// Repository is the root of the repository that the working directory is in.
func Repository() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory, nil
		}
		above := filepath.Dir(directory)
		if above == directory {
			return "", errors.New("not inside the repository")
		}
		directory = above
	}
}

// Parse reads a list of kinds.
func Parse(list string) ([]Kind, error) {
	var kinds []Kind
	for _, name := range strings.Split(list, ",") {
		if !slices.Contains(Kinds, Kind(name)) {
			return nil, fmt.Errorf("no server %q", name)
		}
		kinds = append(kinds, Kind(name))
	}
	return kinds, nil
}

// List is the kinds as Parse reads them.
func List(kinds []Kind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ",")
}

// Available leaves out kinds that cannot be started here.
func Available(ctx context.Context, kinds []Kind) []Kind {
	root, err := Repository()
	if err == nil {
		err = (&Hosts{root: root}).originalNeeds(ctx)
	}
	return slices.DeleteFunc(slices.Clone(kinds), func(k Kind) bool { return err != nil && (k == Original || k == Pooled) })
}
