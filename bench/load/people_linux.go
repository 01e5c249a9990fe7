package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// People are in their seats: they send, and check what they receive. One
// thread serves them all. People are for one goroutine at a time.
type People struct {
	way    Way
	length int    // of a text in bytes
	run    string // begins the client ids
	seats  []seat
	rooms  map[string]int // how many seats each has

	epoll  int
	timer  int
	links  []*link
	events []unix.EpollEvent
	buf    []byte
	polls  []*link // who is to ask next, in that order

	sent []sent
	// eager people never sleep: what a sleeping processor needs to wake up is
	// not the server's.
	eager bool
	open  int // sent, and not yet acknowledged and received by all
	wait  int // sent, and not yet acknowledged
	out   Outcome
	// began is the number of the first message that is measured.
	began int
	heard time.Time // of something new
}

// seat is a person.
type seat struct {
	Seat
	server  netip.AddrPort
	socket  *link
	posts   []*link
	waiting []int // messages that wait for a connection
	seen    []uint64
	latest  map[int]int // of each sender's messages, the last that was received
}

// sent is a message.
type sent struct {
	seat   int
	due    time.Time
	acked  bool
	missed int // seats that have yet to receive it
}

// link is a connection.
type link struct {
	fd     int
	index  int
	seat   int
	http   bool
	asks   bool      // it polls
	busy   int       // the message that its request sends; idle for none
	after  int64     // the last message that polling brought
	next   time.Time // to poll
	rest   []byte
	unsent []byte
}

const idle = -1

// NewPeople connects everybody, and returns when each is where the stream
// begins.
func NewPeople(ctx context.Context, address string, seats []Seat, way Way, length int) (_ *People, err error) {
	p := &People{
		way: way, length: length, run: strconv.FormatInt(time.Now().UnixNano(), 36),
		rooms: map[string]int{}, events: make([]unix.EpollEvent, 256), buf: make([]byte, readSize), timer: idle,
	}
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	for _, s := range seats {
		if s.Address == "" {
			s.Address = address
		}
		server, err := netip.ParseAddrPort(s.Address)
		if err != nil {
			return nil, fmt.Errorf("people: %w", err)
		}
		p.seats = append(p.seats, seat{Seat: s, server: server, latest: map[int]int{}})
		p.rooms[s.Room]++
	}
	if err := p.arrive(ctx); err != nil {
		return nil, err
	}
	return p, p.begin(ctx)
}

// arrive opens each person's own connection.
func (p *People) arrive(ctx context.Context) error {
	opened := make([]*link, len(p.seats))
	failed := make([]error, diallers)
	var all sync.WaitGroup
	for d := range diallers {
		all.Go(func() {
			for i := d; i < len(p.seats) && failed[d] == nil; i += diallers {
				if failed[d] = ctx.Err(); failed[d] == nil {
					opened[i], failed[d] = p.dial(i)
				}
			}
		})
	}
	all.Wait()
	for i, l := range opened {
		if l == nil {
			continue
		}
		if l.asks {
			p.polls = append(p.polls, l)
		} else {
			p.seats[i].socket = l
		}
		if err := p.add(l); err != nil {
			return err
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

func (p *People) dial(seat int) (*link, error) {
	l := &link{seat: seat, busy: idle}
	var err error
	if p.way.Poll > 0 {
		l.http, l.asks = true, true
		l.fd, err = dialHTTP(p.seats[seat].server)
		return l, err
	}
	var m member
	if m, err = dialSocket(p.seats[seat].server, fmt.Sprintf(`40{"token":%q}`, p.seats[seat].Token), `42["ready"`); err == nil {
		l.fd, l.rest = m.fd, m.rest
	}
	return l, err
}

func dialHTTP(server netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("socket: %w", err)
	}
	err = connect(fd, &unix.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()})
	if err == nil {
		err = errors.Join(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1), unix.SetNonblock(fd, true))
	}
	if err != nil {
		_ = unix.Close(fd)
		return 0, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}

func (p *People) add(l *link) error {
	l.index = len(p.links)
	p.links = append(p.links, l)
	return p.watch(l.fd, l.index)
}

func (p *People) watch(fd, index int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(index)} //nolint:gosec // not that many
	if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// begin has those who poll find the end of their room.
func (p *People) begin(ctx context.Context) error {
	asking := len(p.polls)
	for _, l := range p.polls {
		if err := p.write(l, poll(p.seats[l.seat].Seat, -1)); err != nil {
			return err
		}
	}
	p.polls = p.polls[:0]
	for start := time.Now(); len(p.polls) < asking; {
		if time.Since(start) > patience {
			return errors.New("first poll: not answered")
		}
		if err := p.turn(ctx, patience/10); err != nil {
			return fmt.Errorf("first poll: %w", err)
		}
	}
	return nil
}

// Close closes all connections.
func (p *People) Close() {
	for _, l := range p.links {
		_ = unix.Close(l.fd)
	}
	_ = unix.Close(p.epoll)
}

// Send has them send, and returns what was measured once everything has
// arrived, or nothing more does. It fails where messages are refused.
func (p *People) Send(ctx context.Context, pace Pace) (Outcome, error) {
	if err := pace.check(len(p.seats)); err != nil {
		return Outcome{}, err
	}
	if err := p.loop(ctx, pace, pace.Warm); err != nil {
		return Outcome{}, fmt.Errorf("warming up: %w", err)
	}
	// A fault is one whenever it happens.
	p.out = Outcome{Lost: p.out.Lost, Repeated: p.out.Repeated, Disordered: p.out.Disordered}
	p.began = len(p.sent)
	server, err := pace.CPU()
	if err != nil {
		return Outcome{}, err
	}
	own, err := ownCPU()
	if err != nil {
		return Outcome{}, err
	}
	start := time.Now()
	if err := p.loop(ctx, pace, pace.For); err != nil {
		return Outcome{}, err
	}
	p.out.Elapsed += time.Since(start)
	serverNow, err1 := pace.CPU()
	ownNow, err2 := ownCPU()
	p.out.ServerCPU, p.out.LoadCPU, p.out.Messages = serverNow-server, ownNow-own, len(p.sent)-p.began
	return p.out, errors.Join(err1, err2)
}

// Rest has nobody say anything for that long; they answer the server's pings.
func (p *People) Rest(ctx context.Context, duration time.Duration) error {
	for end := time.Now().Add(duration); time.Now().Before(end); {
		if err := p.turn(ctx, time.Until(end)); err != nil {
			return err
		}
	}
	return nil
}

// loop sends for that long, and returns when everything has arrived.
func (p *People) loop(ctx context.Context, pace Pace, duration time.Duration) error {
	start := time.Now()
	end := start.Add(duration)
	p.heard = start
	if pace.Rate > 0 {
		stop, err := p.tick(time.Duration(float64(time.Second) / pace.Rate))
		if err != nil {
			return err
		}
		defer stop()
	}
	p.eager = pace.Outstanding == 1
	first := len(p.sent)
	for now := start; now.Before(end) || p.open > 0; now = time.Now() {
		for now.Before(end) {
			due := now
			if pace.Rate > 0 {
				due = start.Add(time.Duration(float64(len(p.sent)-first) / pace.Rate * float64(time.Second)))
				if due.After(now) || !due.Before(end) {
					break
				}
			} else if p.wait >= pace.Outstanding {
				break
			}
			if err := p.send(pace.Senders[len(p.sent)%len(pace.Senders)], due); err != nil {
				return err
			}
		}
		if err := p.turn(ctx, time.Until(end)); err != nil {
			return err
		}
		if p.open > 0 && time.Since(p.heard) > patience {
			p.giveUp()
		}
	}
	return nil
}

// giveUp counts what never came, and awaits it no longer. That it was awaited
// does not count.
func (p *People) giveUp() {
	p.out.Elapsed -= time.Since(p.heard)
	for n := range p.sent {
		s := &p.sent[n]
		if s.acked {
			p.out.Lost += s.missed
		} else {
			p.out.Lost++
		}
		s.acked, s.missed = true, 0
	}
	p.open, p.wait = 0, 0
}

// tick wakes turn in time for the next message: epoll itself counts
// milliseconds.
func (p *People) tick(every time.Duration) (stop func(), err error) {
	if p.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("timer: %w", err)
	}
	stop = func() { _ = unix.Close(p.timer) }
	step := unix.NsecToTimespec(every.Nanoseconds())
	if err := unix.TimerfdSettime(p.timer, 0, &unix.ItimerSpec{Interval: step, Value: step}, nil); err != nil {
		stop()
		return nil, fmt.Errorf("timer: %w", err)
	}
	if err := p.watch(p.timer, idle); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func (p *People) send(from int, due time.Time) error {
	n := len(p.sent)
	s := &p.seats[from]
	p.sent = append(p.sent, sent{seat: from, due: due, missed: p.rooms[s.Room]})
	p.open++
	p.wait++
	if !p.way.Post {
		packet := fmt.Appendf(nil, `42%d["message:send",{"roomId":%q,"clientId":"%s-%d","text":%q}]`, n, s.Room, p.run, n, text(n, p.length))
		return p.write(s.socket, appendPacket(nil, packet))
	}
	for _, l := range s.posts {
		if l.busy == idle {
			return p.post(l, n)
		}
	}
	if len(s.posts) == connectionsEach {
		s.waiting = append(s.waiting, n)
		return nil
	}
	fd, err := dialHTTP(s.server)
	if err != nil {
		return err
	}
	l := &link{fd: fd, seat: from, http: true}
	s.posts = append(s.posts, l)
	if err := p.add(l); err != nil {
		return err
	}
	return p.post(l, n)
}

func (p *People) post(l *link, n int) error {
	l.busy = n
	return p.write(l, post(p.seats[l.seat].Seat, p.run+"-"+strconv.Itoa(n), text(n, p.length)))
}

func (p *People) write(l *link, b []byte) error {
	p.out.Bytes += int64(len(b))
	l.unsent = append(l.unsent, b...)
	return l.flush()
}

// flush writes as much of unsent as the connection takes.
func (l *link) flush() error {
	for len(l.unsent) > 0 {
		n, err := unix.Write(l.fd, l.unsent)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("send: %w", err)
		default:
			l.unsent = l.unsent[:copy(l.unsent, l.unsent[n:])]
		}
	}
	return nil
}

// turn reads what has come, waiting for it, and has those ask whose turn it is.
func (p *People) turn(ctx context.Context, wait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now()
	for len(p.polls) > 0 && !p.polls[0].next.After(now) {
		l := p.polls[0]
		p.polls = p.polls[1:]
		if err := p.write(l, poll(p.seats[l.seat].Seat, l.after)); err != nil {
			return err
		}
	}
	if len(p.polls) > 0 {
		wait = min(wait, time.Until(p.polls[0].next))
	}
	milliseconds := int(min(max(wait, 0), patience/10).Milliseconds()) + 1
	if p.eager {
		milliseconds = 0
	}
	n, err := unix.EpollWait(p.epoll, p.events, milliseconds)
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	if n == 0 && p.eager {
		// The processor is the server's as soon as it wants it.
		_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	}
	for _, event := range p.events[:n] {
		if event.Fd == idle {
			var expired [8]byte
			_, _ = unix.Read(p.timer, expired[:])
			continue
		}
		l := p.links[event.Fd]
		if err := errors.Join(l.flush(), p.receive(l)); err != nil {
			return fmt.Errorf("seat %d: %w", l.seat, err)
		}
	}
	return nil
}

// receive reads all there is: see Crowd.receive.
func (p *People) receive(l *link) error {
	for {
		held := copy(p.buf, l.rest)
		if held == len(p.buf) {
			return fmt.Errorf("more than %d bytes at once", held)
		}
		n, err := unix.Read(l.fd, p.buf[held:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case n == 0:
			return fmt.Errorf("the server closed the connection, after %.300q", l.rest)
		}
		p.out.Bytes += int64(n)
		used, err := p.take(l, p.buf[:held+n])
		if err != nil {
			return err
		}
		l.rest = append(l.rest[:0], p.buf[used:held+n]...)
		if held+n < len(p.buf) {
			return nil
		}
	}
}

// take handles what is whole of b, and returns how many bytes that was.
func (p *People) take(l *link, b []byte) (used int, err error) {
	for {
		var body []byte
		var size int
		if l.http {
			body, size, err = response(b[used:])
		} else {
			body, size, err = unframe(b[used:])
		}
		if err != nil || size == 0 {
			return used, err
		}
		switch {
		case l.asks:
			err = p.polled(l, body)
		case l.http:
			err = p.posted(l)
		default:
			err = p.packet(l, body)
		}
		if err != nil {
			return used, err
		}
		used += size
	}
}

func (p *People) packet(l *link, packet []byte) error {
	switch {
	case bytes.HasPrefix(packet, []byte(`42["message",`)):
		return p.deliver(l.seat, packet)
	case bytes.HasPrefix(packet, []byte("43")):
		n, rest, ok := number(packet, "43")
		if !ok || !bytes.HasPrefix(rest, []byte(`[{"ok":true`)) {
			return fmt.Errorf("refused: %.300q", packet)
		}
		return p.acknowledge(int(n))
	case string(packet) == "2":
		return p.write(l, appendPacket(nil, []byte("3")))
	}
	return nil // other events of a chat
}

func (p *People) posted(l *link) error {
	if err := p.acknowledge(l.busy); err != nil {
		return err
	}
	l.busy = idle
	s := &p.seats[l.seat]
	if len(s.waiting) == 0 {
		return nil
	}
	n := s.waiting[0]
	s.waiting = s.waiting[1:]
	return p.post(l, n)
}

func (p *People) polled(l *link, body []byte) error {
	for rest := body; ; {
		seq, after, ok := number(rest, `"seq":`)
		if !ok {
			break
		}
		l.after, rest = seq, after
		// What was there before has no text that we sent, or was received.
		if next := bytes.Index(rest, []byte(`"seq":`)); next >= 0 {
			after = rest[:next]
		}
		if err := p.deliver(l.seat, after); err != nil {
			return err
		}
	}
	l.next = time.Now().Add(p.way.Poll)
	if bytes.Contains(body, []byte(`"hasMore":true`)) {
		return p.write(l, poll(p.seats[l.seat].Seat, l.after))
	}
	p.polls = append(p.polls, l)
	return nil
}

func (p *People) acknowledge(n int) error {
	if n < 0 || n >= len(p.sent) || p.sent[n].acked {
		return fmt.Errorf("acknowledged what was not asked: %d", n)
	}
	s := &p.sent[n]
	s.acked = true
	p.wait--
	p.heard = time.Now()
	if n >= p.began {
		p.out.Acknowledged = append(p.out.Acknowledged, time.Since(s.due))
	}
	if s.missed == 0 {
		p.open--
	}
	return nil
}

// deliver notes that a person received a message.
func (p *People) deliver(to int, packet []byte) error {
	number, _, ok := number(packet, `"text":"`)
	if !ok {
		return nil // somebody joined
	}
	n := int(number)
	if n >= len(p.sent) {
		return fmt.Errorf("received what was not sent: %.300q", packet)
	}
	s, message := &p.seats[to], &p.sent[n]
	for len(s.seen) <= n/64 {
		s.seen = append(s.seen, 0)
	}
	bit := uint64(1) << (n % 64)
	if s.seen[n/64]&bit != 0 {
		p.out.Repeated++
		return nil
	}
	s.seen[n/64] |= bit
	if last, ok := s.latest[message.seat]; ok && n < last {
		p.out.Disordered++
	} else {
		s.latest[message.seat] = n
	}
	p.out.Deliveries++
	p.heard = time.Now()
	switch {
	case n < p.began:
	case s.server == p.seats[message.seat].server:
		p.out.Received = append(p.out.Received, time.Since(message.due))
	default:
		p.out.Elsewhere = append(p.out.Elsewhere, time.Since(message.due))
	}
	message.missed--
	if message.missed == 0 && message.acked {
		p.open--
	}
	return nil
}

// Get asks for pages over one connection, one after the other, for that long,
// and returns how many there were.
func Get(ctx context.Context, address, token string, path func(i int) string, duration time.Duration) (n int, err error) {
	server, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0, fmt.Errorf("get: %w", err)
	}
	fd, err := dialHTTP(server)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd) //nolint:errcheck // it was only read from
	if err := unix.SetNonblock(fd, false); err != nil {
		return 0, err
	}
	in := &incoming{fd: fd}
	for end := time.Now().Add(duration); time.Now().Before(end) && ctx.Err() == nil; n++ {
		if _, err := unix.Write(fd, get(token, path(n))); err != nil {
			return n, fmt.Errorf("get: %w", err)
		}
		for {
			_, size, err := response(in.buf)
			if err != nil {
				return n, fmt.Errorf("get %s: %w", path(n), err)
			}
			if size > 0 {
				in.buf = in.buf[size:]
				break
			}
			if err := in.more(); err != nil {
				return n, fmt.Errorf("get: %w", err)
			}
		}
	}
	return n, ctx.Err()
}
