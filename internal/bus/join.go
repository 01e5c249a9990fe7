package bus

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/maru-chat/maru/internal/chat"
)

// Options say which NATS to join, and as whom.
type Options struct {
	// URL is nats://[USER:PASSWORD@]HOST:PORT, or several of them with commas; tls:// asks for TLS.
	URL string
	// Name tells this Maru's nodes from other programs', and Key keeps what they say from them: 32 bytes.
	Name string
	Key  []byte
	// Logger is told when NATS goes and comes.
	Logger *slog.Logger
}

const (
	dialTimeout  = 2 * time.Second
	pingEvery    = time.Second // a server that is silent for three of them is left
	maxPings     = 2
	writeTimeout = 5 * time.Second
	watchTimeout = time.Second
	maxOut       = 1 << 14   // publications that wait to be told to others; more are lost
	maxIn        = 8192      // publications of others that wait to be taken; more are lost
	maxPart      = 256 << 10 // bytes of events in one publication, where one alone is not larger
	oldest       = "2.10"
)

// What can be wrong with a NATS when the program starts. A NATS that is not there is not among them: it may come.
var (
	ErrURL     = errors.New("must look like nats://host:4222, with a comma between several")
	ErrNotNATS = errors.New("what answers there is not a NATS server")
	ErrRefused = errors.New("NATS refuses us")
	ErrOldNATS = errors.New("this NATS server is too old")
)

// OpenNATS joins a NATS server. One that cannot be reached is tried again for ever: the bus is not Ready meanwhile, and works
// within this node. One that is something else, refuses us, or is too old is an error.
func OpenNATS(o Options) (*NATS, error) {
	seal, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	b := &NATS{
		Memory: NewMemory(), log: o.Logger, node: newNode(), prefix: "maru." + o.Name + ".", seal: seal,
		out: make(chan []chat.Event, maxOut), in: make(chan *nats.Msg, maxIn), done: make(chan struct{}),
		watched: map[chat.RoomID]int{}, dirty: map[chat.RoomID]bool{}, wake: make(chan struct{}, 1),
		rooms: map[chat.RoomID]*nats.Subscription{},
	}
	if b.log == nil {
		b.log = slog.Default()
	}
	if err := b.join(o.URL); err != nil {
		b.Memory.Close()
		return nil, err
	}
	b.ended.Go(b.tell)
	b.ended.Go(b.take)
	b.ended.Go(b.tend)
	return b, nil
}

// newNode names this process: short, since ids of connections have it.
func newNode() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

func (b *NATS) join(address string) error {
	if err := checkURL(address); err != nil {
		return err
	}
	options := []nats.Option{
		nats.Name("maru " + b.node), nats.NoEcho(), nats.Timeout(dialTimeout), nats.MaxReconnects(-1),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(maxPings), nats.FlusherTimeout(writeTimeout),
		// What could not be said in time is looked up by those who missed it: nothing is kept for later.
		nats.ReconnectBufSize(-1), nats.IgnoreAuthErrorAbort(),
		nats.CustomReconnectDelay(func(int) time.Duration { return 100*time.Millisecond + mathrand.N(400*time.Millisecond) }), // #nosec G404 -- so that not all come at once
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { b.parted(err) }),
		nats.ReconnectHandler(b.back),
		nats.ConnectHandler(b.back),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { b.trouble(err) }),
	}
	conn, err := nats.Connect(address, options...)
	switch {
	case err == nil:
	case refuses(err):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case !absent(err):
		return fmt.Errorf("%w: %w", ErrNotNATS, err)
	default:
		b.log.Warn("NATS does not answer; until it does, people on different nodes see each other's messages late", "error", err.Error())
		if conn, err = nats.Connect(address, append(options, nats.RetryOnFailedConnect(true))...); err != nil {
			return err
		}
	}
	b.conn = conn
	if err := b.check(); err != nil {
		conn.Close()
		return err
	}
	if _, err = conn.ChanSubscribe(b.prefix+"all", b.in); err != nil {
		conn.Close()
	}
	return err
}

// check proves that we may say and hear what we must, where there is a server to ask.
func (b *NATS) check() error {
	if !b.conn.IsConnected() {
		return nil
	}
	if v := b.conn.ConnectedServerVersion(); older(v, oldest) {
		return fmt.Errorf("%w: %s, and %s or newer is needed", ErrOldNATS, v, oldest)
	}
	for _, subject := range []string{b.prefix + "room.probe", b.prefix + "all", b.prefix + "node." + b.node + ".probe"} {
		sub, err := b.conn.SubscribeSync(subject)
		if err == nil {
			err = b.conn.Publish(subject, b.seal.seal(subject, []byte("[]")))
		}
		if err == nil {
			err = b.conn.FlushTimeout(dialTimeout)
		}
		if err == nil {
			err = b.conn.LastError()
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		if err := sub.Unsubscribe(); err != nil {
			return err
		}
	}
	return nil
}

// refuses reports whether an error is the server's no.
func refuses(err error) bool {
	for _, no := range []error{
		nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired,
		nats.ErrPermissionViolation, nats.ErrMaxConnectionsExceeded, nats.ErrMaxSubscriptionsExceeded,
		nats.ErrSecureConnRequired, nats.ErrSecureConnWanted,
	} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// checkURL says what is wrong with an address, and never what stands in it: there may be a password.
func checkURL(list string) error {
	for _, one := range strings.Split(list, ",") {
		u, err := url.Parse(one)
		if err != nil || (u.Scheme != "nats" && u.Scheme != "tls") || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" {
			return ErrURL
		}
	}
	return nil
}

// absent reports whether nobody answers at an address, as while a server starts.
func absent(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, gone := range []error{nats.ErrNoServers, nats.ErrTimeout, nats.ErrStaleConnection, nats.ErrDisconnected, io.EOF} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// older compares two versions by their first two numbers.
func older(version, than string) bool {
	numbers := func(s string) (n [2]int) {
		for i, part := range strings.SplitN(s, ".", 3) {
			if i < 2 {
				n[i], _ = strconv.Atoi(part)
			}
		}
		return n
	}
	a, c := numbers(version), numbers(than)
	return a[0] < c[0] || a[0] == c[0] && a[1] < c[1]
}
