//go:build unix

package photo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sys/unix"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/priority"
)

// task is what a process is asked for: a byte, which comes with the picture's file.
type task byte

const (
	toTreat task = 't'
	toCrop  task = 'c'
)

// goAhead lets a process take the memory that it asked for.
const goAhead = 'g'

// answer is what a process says to a picture: first how much memory it takes, if it may be one, and then a photo, a square, or
// why there is none.
type answer struct {
	Takes   int64 // bytes
	Photo   chat.Photo
	Square  chat.Picture
	Code    chat.Code
	Message string
}

// process is one that treats pictures, one after the other.
type process struct {
	command   *exec.Cmd
	in        *net.UnixConn
	answers   *gob.Decoder
	complaint tail
	rest      *time.Timer // while it waits
	ended     func() error
}

func startProcess(program []string) (*process, error) {
	p := &process{command: exec.Command(program[0], program[1:]...)} //nolint:gosec,noctx // ourselves; it ends with its input
	p.command.Env = append(os.Environ(), "GOMAXPROCS=1")             // one processor for each
	p.command.Stderr = &p.complaint
	// Files go through a socket (unix(7), SCM_RIGHTS). A session of its own keeps a terminal's interrupt from ending what is waited
	// for while the server drains, and has a Linux that groups processes by session count its time apart (sched(7)).
	p.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer func() { _ = theirs.Close() }()
	p.in, p.command.Stdin = ours, theirs
	out, err := p.command.StdoutPipe()
	if err == nil {
		err = p.command.Start()
	}
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	p.answers = gob.NewDecoder(bufio.NewReader(out))
	p.ended = sync.OnceValue(p.command.Wait)
	return p, nil
}

func socketPair() (ours *net.UnixConn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(pair[0])
		unix.CloseOnExec(pair[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	first, theirs := os.NewFile(uintptr(pair[0]), "pictures"), os.NewFile(uintptr(pair[1]), "pictures")
	if ours, err = unixConn(first); err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// unixConn takes a socket over.
func unixConn(f *os.File) (*net.UnixConn, error) {
	defer func() { _ = f.Close() }() // the connection has a descriptor of its own
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	if u, is := c.(*net.UnixConn); is {
		return u, nil
	}
	return nil, errors.Join(fmt.Errorf("%s is no socket of this machine", f.Name()), c.Close())
}

// file is what a descriptor can be had of.
type file interface {
	SyscallConn() (syscall.RawConn, error)
}

// asFile returns the picture's file, or one that it makes of it.
func asFile(picture io.ReadSeeker) (_ file, done func(), err error) {
	if f, is := picture.(file); is {
		return f, func() {}, nil
	}
	f, err := os.CreateTemp("", "maru-picture-*")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if err := os.Remove(f.Name()); err != nil {
		return nil, nil, err
	}
	if err := rewind(picture); err != nil {
		return nil, nil, err
	}
	if _, err := io.Copy(f, picture); err != nil {
		return nil, nil, err
	}
	return f, func() { _ = f.Close() }, nil
}

// ask hands over a picture, grants the memory that it takes, and waits for the answer.
func (p *process) ask(ctx context.Context, what task, picture file, m memory) (answer, error) {
	raw, err := picture.SyscallConn()
	if err != nil {
		return answer{}, err
	}
	if failed := raw.Control(func(fd uintptr) {
		_, _, err = p.in.WriteMsgUnix([]byte{byte(what)}, unix.UnixRights(int(fd)), nil)
	}); failed != nil || err != nil {
		return answer{}, errors.Join(failed, err)
	}
	var first answer
	if err := p.answers.Decode(&first); err != nil || first.Takes == 0 {
		return first, err
	}
	leave, err := m.enter(ctx, first.Takes)
	if err != nil {
		return answer{}, err
	}
	defer leave()
	if _, err := p.in.Write([]byte{goAhead}); err != nil {
		return answer{}, err
	}
	var said answer
	return said, p.answers.Decode(&said)
}

func (p *process) kill() { _ = p.command.Process.Kill() }

// end has it end, and returns how it did.
func (p *process) end() error {
	_ = p.in.Close()
	timer := time.AfterFunc(time.Second, p.kill)
	defer timer.Stop()
	return p.ended()
}

// tail keeps the beginning of what a process complains of; a Go program that panics says there why.
type tail struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 2 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := most - t.said.Len(); room > 0 {
		_, _ = t.said.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.said.String()
}

// large is a picture after which memory is given back, in bytes that treating it takes.
const large = 16 << 20

// Work is the other side of Aside: a process that treats the pictures whose files come in through a socket, until no more do,
// while others go first.
func Work(in *os.File, out io.Writer) error {
	priority.StepBack()
	socket, err := unixConn(in)
	if err != nil {
		return err
	}
	w := &worker{in: socket, out: gob.NewEncoder(out)}
	lab := &Lab{semaphore.NewWeighted(1), w}
	for {
		what, picture, err := w.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		said, err := treatOne(lab, what, picture)
		if err != nil {
			return err
		}
		if err := w.out.Encode(said); err != nil {
			return err
		}
		if w.took > large {
			debug.FreeOSMemory()
		}
	}
}

// worker is what a process hears and says.
type worker struct {
	in   *net.UnixConn
	out  *gob.Encoder
	took int64 // bytes, for the last picture
}

// next waits for a picture, or for io.EOF.
func (w *worker) next() (task, io.ReadSeeker, error) {
	var what [1]byte
	rights := make([]byte, unix.CmsgSpace(4))
	n, size, _, _, err := w.in.ReadMsgUnix(what[:], rights)
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err != nil {
		return 0, nil, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:size])
	if err != nil || len(messages) != 1 {
		return 0, nil, fmt.Errorf("a task %q without a file: %w", what, err)
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) != 1 {
		return 0, nil, fmt.Errorf("a task %q without a file: %w", what, err)
	}
	file := os.NewFile(uintptr(descriptors[0]), "picture")
	defer func() { _ = file.Close() }()
	// All of it at once: decoders ask for a few bytes at a time.
	info, err := file.Stat()
	if err != nil {
		return 0, nil, err
	}
	if w.took = info.Size(); w.took > chat.MaxBlobSize {
		return 0, nil, fmt.Errorf("a picture of %d bytes", w.took)
	}
	picture := make([]byte, w.took)
	_, err = io.ReadFull(io.NewSectionReader(file, 0, w.took), picture)
	return task(what[0]), bytes.NewReader(picture), err
}

// enter implements memory: who asked for the picture knows how much there is.
func (w *worker) enter(_ context.Context, size int64) (leave func(), err error) {
	w.took += size
	if err := w.out.Encode(answer{Takes: size}); err != nil {
		return nil, err
	}
	var said [1]byte
	if _, err := io.ReadFull(w.in, said[:]); err != nil {
		return nil, err
	}
	return func() {}, nil
}

func treatOne(lab *Lab, what task, picture io.ReadSeeker) (said answer, err error) {
	switch what {
	case toTreat:
		said.Photo, err = lab.Treat(context.Background(), picture)
	case toCrop:
		said.Square, err = lab.CropSquare(context.Background(), picture)
	default:
		return said, fmt.Errorf("nobody knows how to %q a picture", what)
	}
	if refused, is := errors.AsType[*chat.Error](err); is {
		return answer{Code: refused.Code, Message: refused.Message}, nil
	}
	return said, err
}
