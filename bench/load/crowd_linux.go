package load

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readSize is what is read at once: one buffer serves all connections,
	// and stays in the processor's cache.
	readSize = 256 << 10
	// patience is how long nothing may arrive while something is awaited.
	patience = 10 * time.Second
	// diallers connect at the same time.
	diallers = 8
)

// A Crowd is connections of one room that count what they receive. One thread
// serves them all: the generator must leave room for the server beside it. A
// Crowd is for one goroutine at a time.
type Crowd struct {
	message message
	epoll   int
	events  []unix.EpollEvent
	buf     []byte
	members []member
	// patience is a field for tests.
	patience time.Duration

	tally  tally
	sent   int
	unsent []byte // what the sender's connection did not take yet
}

type member struct {
	fd   int
	rest []byte // the beginning of a frame that has yet to come
}

// NewCrowd returns a crowd without members. Its message has a text of that
// many bytes, at most 32 KiB.
func NewCrowd(text int) (*Crowd, error) {
	if text < 1 || text > 32<<10 {
		return nil, fmt.Errorf("a text of %d bytes", text)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &Crowd{
		message: newMessage(text),
		epoll:   epoll,
		events:  make([]unix.EpollEvent, 256),
		buf:     make([]byte, readSize),

		patience: patience,
	}, nil
}

// Join connects that many members to the room at address, and returns when all
// of them know that they are in.
func (c *Crowd) Join(ctx context.Context, address string, members int) error {
	server, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	first := len(c.members)
	c.members = append(c.members, make([]member, members)...)
	failed := make([]error, diallers)
	var all sync.WaitGroup
	for d := range diallers {
		all.Go(func() {
			for i := first + d; i < len(c.members) && failed[d] == nil; i += diallers {
				if failed[d] = ctx.Err(); failed[d] == nil {
					c.members[i], failed[d] = dial(server)
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("join: %w", err)
	}
	for i := first; i < len(c.members); i++ {
		event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(i)} //nolint:gosec // not that many
		if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, c.members[i].fd, &event); err != nil {
			return fmt.Errorf("join: epoll: %w", err)
		}
	}
	return nil
}

// Close closes all connections.
func (c *Crowd) Close() {
	for _, m := range c.members {
		if m.fd > 0 {
			_ = unix.Close(m.fd)
		}
	}
	_ = unix.Close(c.epoll)
}

// Stay answers pings for that long, and returns how many there were.
func (c *Crowd) Stay(ctx context.Context, duration time.Duration) (pings int, err error) {
	before := c.tally.pings
	for end := time.Now().Add(duration); time.Now().Before(end); {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if _, err := c.turn(time.Until(end)); err != nil {
			return 0, err
		}
	}
	return c.tally.pings - before, nil
}

// Run runs a closed loop and returns what it cost. It fails unless everybody
// received everything, once.
func (c *Crowd) Run(ctx context.Context, f FanOut) (Window, error) {
	if len(c.members) == 0 || f.Outstanding < 1 {
		return Window{}, fmt.Errorf("%d members, %d outstanding", len(c.members), f.Outstanding)
	}
	if err := c.loop(ctx, f, f.Warm); err != nil {
		return Window{}, fmt.Errorf("warming up: %w", err)
	}
	from, err := c.mark(f)
	if err != nil {
		return Window{}, err
	}
	if err := c.loop(ctx, f, f.For); err != nil {
		return Window{}, err
	}
	to, err := c.mark(f)
	if err != nil {
		return Window{}, err
	}
	return from.until(to), nil
}

func (c *Crowd) mark(f FanOut) (m mark, err error) {
	m.sent, m.tally = c.sent, c.tally
	if m.own, err = ownCPU(); err != nil {
		return m, err
	}
	m.server, err = f.CPU()
	m.at = time.Now()
	return m, err
}

// loop sends for that long, and returns when everything has arrived.
func (c *Crowd) loop(ctx context.Context, f FanOut, duration time.Duration) error {
	from := mark{sent: c.sent, tally: c.tally}
	end := time.Now().Add(duration)
	heard := time.Now()
	for {
		now := time.Now()
		arrived := (c.tally.deliveries - from.tally.deliveries) / len(c.members)
		if due := f.Outstanding - (c.sent - from.sent - arrived); due > 0 && now.Before(end) {
			c.queue(due)
		}
		if err := c.flush(); err != nil {
			return err
		}
		done, err := from.complete(c.sent, len(c.members), f.Acknowledged, c.tally)
		if err != nil || (done && !now.Before(end)) {
			return err
		}
		n, err := c.turn(c.patience / 10)
		if err != nil {
			return err
		}
		if n > 0 {
			heard = now
		} else if now.Sub(heard) > c.patience {
			return fmt.Errorf("lost: %d of %d deliveries, %d acknowledgements of %d messages",
				c.tally.deliveries-from.tally.deliveries, (c.sent-from.sent)*len(c.members),
				c.tally.acknowledgements-from.tally.acknowledgements, c.sent-from.sent)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// queue has the first member send n messages.
func (c *Crowd) queue(n int) {
	for range n {
		c.unsent = appendPacket(c.unsent, c.message.question(c.sent))
		c.sent++
	}
}

// flush writes as much of unsent as the connection takes.
func (c *Crowd) flush() error {
	for len(c.unsent) > 0 {
		n, err := unix.Write(c.members[0].fd, c.unsent)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("send: %w", err)
		default:
			c.unsent = c.unsent[:copy(c.unsent, c.unsent[n:])]
		}
	}
	return nil
}

// turn reads what has come on the connections that became readable, waiting
// for one, and returns how many there were.
func (c *Crowd) turn(wait time.Duration) (int, error) {
	if len(c.unsent) > 0 {
		wait = time.Millisecond
	}
	n, err := unix.EpollWait(c.epoll, c.events, int(wait.Milliseconds()))
	if errors.Is(err, unix.EINTR) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("epoll: %w", err)
	}
	for _, event := range c.events[:n] {
		if err := c.receive(&c.members[event.Fd]); err != nil {
			return 0, fmt.Errorf("member %d: %w", event.Fd, err)
		}
	}
	return n, nil
}

// receive reads all there is. A read that leaves room in the buffer has
// emptied the connection: what comes later is reported again (epoll(7)).
func (c *Crowd) receive(m *member) error {
	for {
		held := copy(c.buf, m.rest)
		n, err := unix.Read(m.fd, c.buf[held:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case n == 0:
			return errors.New("the server closed the connection")
		}
		pings := c.tally.pings
		counted, err := c.message.count(c.buf[:held+n], &c.tally)
		if err != nil {
			return err
		}
		m.rest = append(m.rest[:0], c.buf[counted:held+n]...)
		for range c.tally.pings - pings {
			if _, err := unix.Write(m.fd, appendPacket(nil, []byte("3"))); err != nil {
				return fmt.Errorf("answer a ping: %w", err)
			}
		}
		if held+n < len(c.buf) {
			return nil
		}
	}
}
