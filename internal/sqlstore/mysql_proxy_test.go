package sqlstore

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands between a store and its server, and cuts connections at their commits.
type proxy struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu    sync.Mutex
	next  cutting // what the next commit meets
	cuts  int
	conns []net.Conn
}

// cutting is what happens to a connection whose COMMIT passes.
type cutting int

const (
	calm            cutting = iota
	beforeCommit            // it is cut, and the server never hears of the COMMIT
	afterCommit             // the COMMIT is passed on, then it is cut
	withoutAnswer           // the server has answered, and the answer is lost
	serverUnnoticed         // the client is cut; the server keeps its side, with the transaction open
)

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, target: target}
	p.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.running.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// cut has the next commit met by a cutting, and reports how many were cut so far.
func (p *proxy) cut(next cutting) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
	return p.cuts
}

// meets returns what this packet meets.
func (p *proxy) meets(packet []byte) cutting {
	if !bytes.HasSuffix(packet, []byte("COMMIT")) {
		return calm
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	met := p.next
	if met != calm {
		p.next = calm
		p.cuts++
	}
	return met
}

func (p *proxy) serve(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.DialTimeout("tcp", target, time.Second)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	var mu sync.Mutex
	var silent bool // answers are not passed on any more
	p.running.Go(func() {
		defer func() { _ = client.Close() }()
		answer := make([]byte, 64<<10)
		for {
			n, err := server.Read(answer)
			mu.Lock()
			quiet := silent
			mu.Unlock()
			if n > 0 && quiet {
				return
			}
			if _, failed := client.Write(answer[:n]); err != nil || failed != nil {
				return
			}
		}
	})
	packet := make([]byte, 64<<10)
	for {
		n, err := client.Read(packet)
		if err != nil {
			_ = server.Close()
			return
		}
		met := p.meets(packet[:n])
		switch met {
		case beforeCommit:
			_, _ = client.Close(), server.Close()
			return
		case serverUnnoticed:
			_ = client.Close()
			return
		case withoutAnswer:
			mu.Lock()
			silent = true
			mu.Unlock()
		}
		if _, err := server.Write(packet[:n]); err != nil {
			_ = client.Close()
			return
		}
		if met == afterCommit {
			_, _ = client.Close(), server.Close()
			return
		}
	}
}
