package photo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// answer is what a process says to a picture: a photo, a square, or why there is none.
type answer struct {
	Photo   chat.Photo
	Square  chat.Picture
	Code    chat.Code
	Message string
}

// process is one that treats pictures, one after the other.
type process struct {
	command   *exec.Cmd
	in        io.WriteCloser
	answers   *gob.Decoder
	complaint tail
	rest      *time.Timer // while it waits
	ended     func() error
}

func startProcess(program []string) (*process, error) {
	p := &process{command: exec.Command(program[0], program[1:]...)} //nolint:gosec,noctx // ourselves; it ends with its input
	p.command.Env = append(os.Environ(), "GOMAXPROCS=1")             // one processor for each
	p.command.Stderr = &p.complaint
	apart(p.command)
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	p.answers = gob.NewDecoder(bufio.NewReader(out))
	p.ended = sync.OnceValue(p.command.Wait)
	return p, nil
}

// ask hands over a picture and waits for the answer.
func (p *process) ask(what string, picture io.Reader, size int64) (said answer, err error) {
	if _, err := fmt.Fprintf(p.in, "%s %d\n", what, size); err != nil {
		return answer{}, err
	}
	if n, err := io.Copy(p.in, picture); err != nil || n != size {
		return answer{}, errors.Join(err, fmt.Errorf("%d of %d bytes handed over", n, size))
	}
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

// Work is the other side of Aside: a process that treats the pictures that come in, until no more do, while others
// go first.
func Work(in io.Reader, out io.Writer) error {
	stepBack()
	from := bufio.NewReader(in)
	answers := gob.NewEncoder(out)
	lab := NewLab(1, 1<<40) // who asks has counted
	for {
		line, err := from.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return nil
		}
		if err != nil {
			return err
		}
		var what string
		var size int64
		if _, err := fmt.Sscanf(line, "%s %d\n", &what, &size); err != nil || size < 0 || size > chat.MaxBlobSize {
			return fmt.Errorf("nobody asks like %.40q", line)
		}
		picture := make([]byte, size)
		if _, err := io.ReadFull(from, picture); err != nil {
			return err
		}
		said, err := treatOne(lab, what, bytes.NewReader(picture))
		if err != nil {
			return err
		}
		if err := answers.Encode(said); err != nil {
			return err
		}
		if pixels := said.Photo.Full.Width * said.Photo.Full.Height; 4*pixels > large || size > large/8 {
			debug.FreeOSMemory()
		}
	}
}

func treatOne(lab *Lab, what string, picture io.ReadSeeker) (said answer, err error) {
	switch what {
	case toTreat:
		said.Photo, err = lab.Treat(context.Background(), picture)
	case toCrop:
		said.Square, err = lab.CropSquare(context.Background(), picture)
	default:
		return said, fmt.Errorf("nobody knows how to %.20q a picture", what)
	}
	if refused, is := errors.AsType[*chat.Error](err); is {
		return answer{Code: refused.Code, Message: refused.Message}, nil
	}
	return said, err
}
