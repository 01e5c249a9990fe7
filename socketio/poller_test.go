package socketio_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// poller is a client of the tests that polls: it says every packet itself, so
// that it can break every rule. It answers no pings.
type poller struct {
	t       testing.TB
	address string
	open    openPacket
	web     *http.Client
	header  http.Header // of every request
}

// answer is what a request got.
type answer struct {
	status int
	body   string
	header http.Header
	err    error
}

func (a answer) is(status int, body string) bool {
	return a.err == nil && a.status == status && a.body == body
}

const (
	badRequest     = `{"code":3,"message":"Bad request"}`
	unknownSession = `{"code":1,"message":"Session ID unknown"}`
)

// poll opens a connection. The test's end closes it.
func poll(t testing.TB, address string) *poller {
	t.Helper()
	return pollWith(t, address, nil)
}

func pollWith(t testing.TB, address string, header http.Header) *poller {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: anyone}
	p := &poller{t: t, address: address, web: &http.Client{Transport: transport, Timeout: patience}, header: header}
	a := p.request(context.Background(), http.MethodGet, nil)
	packet, ok := strings.CutPrefix(a.body, "0")
	if !ok || a.status != http.StatusOK || json.Unmarshal([]byte(packet), &p.open) != nil {
		t.Fatalf("handshake: %+v", a)
	}
	t.Cleanup(func() {
		_, _ = p.post("1"), p.get() // what the session is waiting for, unless it is over
		transport.CloseIdleConnections()
	})
	return p
}

// pollIn opens a connection, and connects to the default namespace.
func pollIn(t testing.TB, address string) *poller {
	t.Helper()
	p := poll(t, address)
	p.send("40")
	if got := p.collect(1); !strings.HasPrefix(got[0], `40{"sid":"`) {
		t.Fatalf("the connection was answered with %q", got)
	}
	return p
}

func (p *poller) query() string {
	query := "EIO=4&transport=polling"
	if p.open.ID != "" {
		query += "&sid=" + p.open.ID
	}
	return query
}

func (p *poller) request(ctx context.Context, method string, body io.Reader) (a answer) {
	r, err := http.NewRequestWithContext(ctx, method, scheme("http")+"://"+p.address+"/socket.io/?"+p.query(), body)
	if err != nil {
		return answer{err: err}
	}
	for name, values := range p.header {
		r.Header[name] = values
	}
	response, err := p.web.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, string(text), response.Header, err}
}

// get asks for packets, and waits for them.
func (p *poller) get() answer { return p.request(context.Background(), http.MethodGet, nil) }

// ask is get in the background. When it returns, the request waits at the server,
// or has its answer.
func (p *poller) ask() <-chan answer {
	p.t.Helper()
	before := waiting()
	answers := make(chan answer, 1)
	go func() { answers <- p.get() }()
	eventually(p.t, "the request waits", func() bool { return len(answers) > 0 || waiting() > before })
	return answers
}

// waiting counts the requests that wait for packets. Nothing but their
// goroutines tells.
func waiting() (count int) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		head, calls, _ := bytes.Cut(stack, []byte("\n"))
		if bytes.Contains(head, []byte("[select")) && bytes.Contains(calls, []byte("engineio.(*polling)")) {
			count++
		}
	}
	return count
}

func (p *poller) post(body string) answer {
	return p.request(context.Background(), http.MethodPost, strings.NewReader(body))
}

// send brings packets that have to be taken.
func (p *poller) send(packets ...string) {
	p.t.Helper()
	if a := p.post(strings.Join(packets, "\x1e")); !a.is(http.StatusOK, "ok") {
		p.t.Fatalf("%.100q was answered with %+v", packets, a)
	}
}

// expect asks for exactly these packets in one answer.
func (p *poller) expect(packets ...string) {
	p.t.Helper()
	if a := p.get(); !a.is(http.StatusOK, strings.Join(packets, "\x1e")) {
		p.t.Fatalf("got %.300q (%d, %v), want %.300q", a.body, a.status, a.err, packets)
	}
}

// collect asks until it has as many packets, and answers pings.
func (p *poller) collect(count int) (packets []string) {
	p.t.Helper()
	for end := time.Now().Add(patience); len(packets) < count; {
		a := p.get()
		if a.status != http.StatusOK || time.Now().After(end) {
			p.t.Fatalf("after %d packets: %+v", len(packets), a)
		}
		packets = append(packets, p.messages(a.body)...)
	}
	return packets
}

// messages takes an answer apart, answers pings and leaves noops out.
func (p *poller) messages(body string) (packets []string) {
	for packet := range strings.SplitSeq(body, "\x1e") {
		switch packet {
		case "2":
			p.send("3")
		case "6":
		default:
			packets = append(packets, packet)
		}
	}
	return packets
}

// gone requires that the session is over, and unknown.
func (p *poller) gone() {
	p.t.Helper()
	eventually(p.t, "the session is unknown", func() bool { return p.get().is(http.StatusBadRequest, unknownSession) })
	if a := p.post("3"); !a.is(http.StatusBadRequest, unknownSession) {
		p.t.Errorf("a request with packets got %+v", a)
	}
}

// upgrade opens a websocket for the session.
func (p *poller) upgrade() *client {
	p.t.Helper()
	return dialURL(p.t, scheme("ws")+"://"+p.address+"/socket.io/?EIO=4&transport=websocket&sid="+p.open.ID)
}

// goroutinesIn counts those that are in a function.
func goroutinesIn(function string) int {
	stacks := make([]byte, 1<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("\n"+modulePath+function+"("))
}

const modulePath = "github.com/maru-chat/maru/socketio/internal/"

// rawPost is a request whose body is written by hand.
type rawPost struct {
	t    testing.TB
	conn net.Conn
}

// startPost sends the head of a request with packets, without its length where
// that is negative.
func startPost(t testing.TB, p *poller, length int) rawPost {
	t.Helper()
	conn, err := plug(p.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	size := "Transfer-Encoding: chunked"
	if length >= 0 {
		size = fmt.Sprintf("Content-Length: %d", length)
	}
	_, err = fmt.Fprintf(conn, "POST /socket.io/?%s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", p.query(), size)
	must(t, err)
	return rawPost{t, conn}
}

// status reads the answer.
func (p rawPost) status() int {
	p.t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(p.conn), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
