package httpapi

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// maxPartHead bounds what surrounds a file, in bytes: its part's header, and the delimiters.
const maxPartHead = 16 << 10

// upload is what was received, in a file without a name.
type upload struct{ *os.File }

// discard gives the file's space back.
func (u *upload) discard() {
	_ = u.Close()
	_ = os.Remove(u.Name()) // where files that are open cannot be removed
}

// receive reads a form with the one part "file" into a file. What its sender calls it and says that it is does not count.
// Errors: Invalid, ImageTooLarge, Unavailable where it cannot be kept.
func (a *api) receive(c *call) (_ *upload, err error) {
	kind, parameters, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, chat.Errorf(chat.Invalid, "the body must be multipart/form-data")
	}
	if c.r.ContentLength > chat.MaxUploadBytes+2*maxPartHead {
		c.w.Header().Set("Connection", "close") // rather than reading what nobody wants
		return nil, errImageTooLarge()
	}
	body := &paced{src: c.r.Body, control: http.NewResponseController(c.w), pause: a.uploads.Pause, last: time.Now().Add(a.uploads.Within)}
	form := multipart.NewReader(bufio.NewReaderSize(body, 64<<10), parameters["boundary"]) // it reads 4 KiB at a time by itself
	body.left = maxPartHead
	part, err := form.NextPart()
	switch {
	case err == io.EOF: //nolint:errorlint // the end is io.EOF itself
		return nil, chat.InvalidField("file", chat.FieldRequired)
	case err != nil:
		return nil, body.failed(err)
	case part.FormName() != "file":
		return nil, chat.InvalidField(fieldName(part.FormName()), chat.FieldUnknown)
	}
	file, err := a.newUpload()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.discard()
		}
	}()
	body.left = chat.MaxUploadBytes + maxPartHead
	// A form's reader hands on 4 KiB at a time: written as they come, they cost more than all else about an upload here.
	pieces := bufio.NewWriterSize(struct{ io.Writer }{file}, 256<<10) // a file by itself would copy past the buffer
	n, err := io.Copy(pieces, io.LimitReader(part, chat.MaxUploadBytes+1))
	if err == nil {
		err = pieces.Flush()
	}
	switch {
	case n > chat.MaxUploadBytes:
		return nil, errImageTooLarge()
	case err != nil && body.err == nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, notKept(err)
	case err != nil:
		return nil, body.failed(err)
	}
	body.left = maxPartHead
	switch more, err := form.NextPart(); {
	case err == nil:
		return nil, chat.InvalidField(fieldName(more.FormName()), chat.FieldUnknown)
	case err != io.EOF:
		return nil, body.failed(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, notKept(err)
	}
	return file, nil
}

// newUpload makes a file that nothing is left of when the program ends, however it ends.
func (a *api) newUpload() (*upload, error) {
	f, err := os.CreateTemp(a.uploads.Folder, "upload-*")
	if err != nil {
		return nil, notKept(err)
	}
	_ = os.Remove(f.Name()) // where that is not possible yet, discard does it
	return &upload{f}, nil
}

func notKept(err error) error {
	return &chat.Error{Code: chat.Unavailable, Message: "there is no room for uploads at the moment", RetryAfter: 5 * time.Second, Cause: err}
}

func errImageTooLarge() error {
	return chat.Errorf(chat.ImageTooLarge, "an image may have %d bytes", chat.MaxUploadBytes)
}

// paced reads a body no further than it may go, and waits for it no longer than it may take.
type paced struct {
	src     io.Reader
	control *http.ResponseController
	left    int64 // bytes that may come
	pause   time.Duration
	last    time.Time // by which all must be there
	moved   time.Time // when the deadline was set
	err     error     // of src
}

var errTooLong = errors.New("goes on for too long")

func (p *paced) Read(b []byte) (int, error) {
	if p.left == 0 {
		p.err = errTooLong
		return 0, p.err
	}
	if now := time.Now(); now.Sub(p.moved) > p.pause/10 {
		p.moved = now
		deadline := now.Add(p.pause)
		if deadline.After(p.last) {
			deadline = p.last
		}
		_ = p.control.SetReadDeadline(deadline) // a recorder of a test may not support it
	}
	n, err := p.src.Read(b[:min(int64(len(b)), p.left)])
	p.left -= int64(n)
	if err != nil && err != io.EOF {
		p.err = err
	}
	return n, err
}

// failed is what an error of reading the form is to whom it is told.
func (p *paced) failed(err error) error {
	message := "the body is not a form with one file"
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(p.err, os.ErrDeadlineExceeded):
		message = "the upload came too slowly"
	case p.err != nil && !errors.Is(p.err, errTooLong):
		message = "the body could not be read"
	}
	return &chat.Error{Code: chat.Invalid, Message: message, Cause: err}
}
