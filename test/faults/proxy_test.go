package faults

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands between people and the server, and does to their connections what networks do.
type proxy struct {
	listener net.Listener
	targets  func() []string // those to try for a new connection, in this order
	running  sync.WaitGroup

	mu     sync.Mutex
	links  map[*link]bool
	shut   bool // new connections are turned away
	closed bool
}

// link is a connection from a person through to the server.
type link struct {
	client, server *net.TCPConn
	up, down       pipe // to the server, to the client
}

// pipe is one direction of a link.
type pipe struct {
	from, to *net.TCPConn

	mu      sync.Mutex
	trouble trouble
}

// trouble is what happens to what passes a pipe, until a moment.
type trouble struct {
	kind  troubleKind
	until time.Time
	bytes int // cutIn: how many still pass
}

type troubleKind int

const (
	calm     troubleKind = iota
	paused               // nothing passes, and then all of it
	delayed              // everything passes a little later
	trickled             // a few bytes at a time
	swallow              // everything is taken and thrown away, until the link is cut
	cutIn                // so many bytes pass, then the link is cut
)

var errCut = errors.New("cut")

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	return newBalancer(t, func() []string { return []string{target} })
}

// newBalancer is a proxy before several servers.
func newBalancer(t *testing.T, targets func() []string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{listener: listener, targets: targets, links: map[*link]bool{}}
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) url() string { return "http://" + p.addr() }

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.each(1, nil, (*link).cut)
	p.running.Wait()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client.(*net.TCPConn)) })
	}
}

func (p *proxy) serve(client *net.TCPConn) {
	server, err := p.dial()
	if err != nil {
		_ = client.SetLinger(0)
		_ = client.Close()
		return
	}
	l := &link{client: client, server: server.(*net.TCPConn)}
	l.up, l.down = pipe{from: client, to: l.server}, pipe{from: l.server, to: client}
	p.mu.Lock()
	if p.closed {
		l.cut()
	}
	p.links[l] = true
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.run(&l.up) })
	both.Go(func() { l.run(&l.down) })
	both.Wait()
	l.cut()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

func (p *proxy) dial() (server net.Conn, err error) {
	p.mu.Lock()
	shut := p.shut
	p.mu.Unlock()
	if shut {
		return nil, errCut
	}
	err = errCut // where there is none
	for _, target := range p.targets() {
		if server, err = net.DialTimeout("tcp", target, time.Second); err == nil {
			break
		}
	}
	return server, err
}

// part cuts every connection and turns new ones away, until open.
func (p *proxy) part() {
	p.mu.Lock()
	p.shut = true
	p.mu.Unlock()
	p.each(1, nil, (*link).cut)
}

func (p *proxy) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = false
}

// each does something to a part of the links, or to all of them.
func (p *proxy) each(part float64, random *rand.Rand, do func(*link)) (hit int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if part >= 1 || random.Float64() < part {
			do(l)
			hit++
		}
	}
	return hit
}

// calm ends all trouble.
func (p *proxy) calm() {
	p.each(1, nil, func(l *link) {
		l.up.set(trouble{})
		l.down.set(trouble{})
	})
}

// cut ends a link in both directions at once; what is on its way is lost.
func (l *link) cut() {
	for _, conn := range []*net.TCPConn{l.client, l.server} {
		_ = conn.SetLinger(0)
		_ = conn.Close()
	}
}

// run passes one direction on until it ends, and ends the other where it broke.
func (l *link) run(p *pipe) {
	buf := make([]byte, 32<<10)
	for {
		n, err := p.from.Read(buf)
		if n > 0 {
			if broken := p.pass(buf[:n]); broken != nil {
				l.cut()
				return
			}
		}
		if err != nil {
			_ = p.to.CloseWrite()
			return
		}
	}
}

// set begins another trouble; but what loses bytes ends with the link, since no network brings what comes after them.
func (p *pipe) set(t trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trouble.kind != swallow {
		p.trouble = t
	}
}

// now returns the trouble of this moment.
func (p *pipe) now() trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trouble.kind != cutIn && p.trouble.kind != swallow && !time.Now().Before(p.trouble.until) {
		p.trouble = trouble{}
	}
	return p.trouble
}

// pass writes a piece in the way of the pipe's trouble.
func (p *pipe) pass(piece []byte) error {
	for len(piece) > 0 {
		switch t := p.now(); t.kind {
		case paused:
			time.Sleep(5 * time.Millisecond)
		case delayed:
			time.Sleep(20 * time.Millisecond)
			return p.write(piece)
		case trickled:
			few := min(len(piece), 7)
			if err := p.write(piece[:few]); err != nil {
				return err
			}
			piece = piece[few:]
			time.Sleep(time.Millisecond)
		case swallow:
			return nil
		case cutIn:
			_ = p.write(piece[:min(t.bytes, len(piece))])
			if t.bytes <= len(piece) {
				return errCut
			}
			t.bytes -= len(piece)
			p.set(t)
			return nil
		default:
			return p.write(piece)
		}
	}
	return nil
}

func (p *pipe) write(piece []byte) error {
	_, err := p.to.Write(piece)
	return err
}
