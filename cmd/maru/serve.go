package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/forward"
	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/live"
	"github.com/maru-chat/maru/internal/photo"
	"github.com/maru-chat/maru/internal/sqlstore"
	"github.com/maru-chat/maru/web"
)

// serveCommand holds the flags of the contract, part 1.
type serveCommand struct {
	storage `embed:""`
	around  `embed:""`

	Addr           string        `default:":8080" placeholder:"HOST:PORT" help:"Public address: site, API, Socket.IO (${default})."`
	AdminAddr      string        `default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Private address: /metrics and /debug/pprof; empty for none (${default})."`
	SignUp         string        `name:"signup" default:"open" enum:"open,closed" help:"Who may make an account: open or closed (${default})."`
	RateLimits     string        `default:"on" enum:"on,off" help:"Limits on sends, log-ins and sign-ups: on or off; off is for tests (${default})."`
	TrustedProxies []string      `placeholder:"CIDR,…" help:"Whose X-Forwarded-* headers are believed; by default nobody's."`
	TLS            tlsFlags      `embed:"" prefix:"tls-"`
	Drain          time.Duration `default:"5s" help:"Over how long the closing of connections is spread at the end (${default})."`

	meters meters `kong:"-"`
}

// Run serves until the context ends, then drains.
func (c *serveCommand) Run(ctx context.Context, _ io.Writer) error {
	front, err := c.front()
	if err != nil {
		return err
	}
	if c.Drain < 0 {
		return fmt.Errorf("--drain %s: is negative", c.Drain)
	}
	log := newLogger()
	c.meters = newMeters(c.AdminAddr)
	c.meter = c.meters.store
	store, blobs, err := c.open(ctx, log)
	if err != nil {
		return err
	}
	node, err := c.start(ctx, store, blobs, front, log)
	if err != nil {
		return errors.Join(err, blobs.Close(), store.Close())
	}
	<-ctx.Done()
	log.Info("draining", "over", c.Drain.String())
	return node.stop(c.Drain)
}

// front reads how Maru is reached.
func (c *serveCommand) front() (auth.Front, error) {
	var front auth.Front
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return front, fmt.Errorf("--public-url %q: must look like https://chat.example.com", c.PublicURL)
		}
		front.PublicURL = u
	}
	if err := c.TLS.check(front.PublicURL); err != nil {
		return front, err
	}
	for _, s := range c.TrustedProxies {
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			address, err := netip.ParseAddr(s)
			if err != nil {
				return front, fmt.Errorf("--trusted-proxies %q: must be an address or a range as 10.0.0.0/8", s)
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		front.Proxies = append(front.Proxies, prefix)
	}
	return front, nil
}

// node is everything that runs.
type node struct {
	log      *slog.Logger
	store    *sqlstore.DB
	blobs    blob.Store
	photos   *photo.Aside
	uploads  string // a folder
	bus      nodes
	forward  *forward.Node // nil for a single node
	live     *live.Live
	public   *http.Server
	admin    *http.Server
	backedUp atomic.Pointer[time.Time] // when the newest backup began, as far as is known
	tls      *secured                  // nil: HTTPS is others' business, or nobody's
	draining atomic.Bool
	end      context.CancelFunc // of what runs beside the servers
	tasks    sync.WaitGroup
}

func (c *serveCommand) start(ctx context.Context, store *sqlstore.DB, blobs blob.Store, front auth.Front, log *slog.Logger) (*node, error) {
	secret, keys, err := c.claimSecret(ctx, store)
	if err != nil {
		return nil, err
	}
	// Addresses first: nothing else is worth doing where they are taken.
	listener, err := listen("--addr", c.Addr)
	if err != nil {
		return nil, err
	}
	n := &node{log: log, store: store, blobs: blobs}
	if n.tls, err = c.TLS.open(c.Data, listener, log); err != nil {
		return nil, err
	}
	if n.tls != nil {
		listener = n.tls.listener
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	limited := c.RateLimits == "on"
	if !limited {
		log.Warn("RATE LIMITS ARE OFF: anybody may try passwords and send as fast as they can; this is for tests alone")
	}

	if n.uploads, err = uploadsFolder(c.Data); err != nil {
		return nil, fmt.Errorf("--data %s: %w", c.Data, cause(err))
	}
	if n.bus, err = openBus(c.Bus, secret, store.Epoch(), log); err != nil {
		return nil, err
	}
	n.photos = photo.NewAside(photo.NewLab(max(1, runtime.GOMAXPROCS(0)-1), picturesMemory), program, "pictures")
	clock := systemClock{}
	measuredBlobs, measuredPhotos := c.meters.of(blobs, n.photos)
	presence := live.NewPresence(clock)
	rules := chat.New(chat.Options{
		Store: store, Bus: n.bus, Clock: clock, Presence: presence, NFC: norm.NFC.String,
		Blobs: measuredBlobs, Photos: measuredPhotos,
		DigestKey: keys.digest, NoRateLimits: !limited,
	})
	who, err := auth.New(store, rules, n.bus, clock, secret, auth.Options{
		SignUp: auth.SignUpMode(c.SignUp), Limits: limited, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	pass, err := n.meetOthers()
	if err != nil {
		return nil, err
	}
	if n.live, err = live.New(live.Options{
		Chat: rules, Bus: n.bus, Link: n.bus, Forward: pass, Auth: who, Front: front, Presence: presence, Clock: clock, Logger: log, NoRateLimits: !limited,
		RequestID: httpapi.RequestID, Meter: c.meters.live,
	}); err != nil {
		return nil, err
	}
	api, err := httpapi.New(httpapi.Options{
		Chat: rules, Auth: who, PublicURL: front.PublicURL, TrustedProxies: front.Proxies, Pages: web.Dist(),
		Uploads: httpapi.Uploads{Folder: n.uploads}, Socket: n.live, Logger: log, Meter: c.meters.http, Ready: n.ready, Version: version,
	})
	if err != nil {
		return nil, err
	}
	if n.forward != nil {
		if err := n.forward.Serve(n.live); err != nil {
			return nil, err
		}
	}
	n.public = httpapi.Server(c.Addr, api)

	background, end := context.WithCancel(context.WithoutCancel(ctx))
	n.end = end
	n.tasks.Go(func() { n.live.Run(background) })
	n.tasks.Go(func() { rules.Beat(background) })
	n.tasks.Go(func() { who.Run(background) })
	n.tasks.Go(func() { sweepRooms(background, store, log) })
	n.tasks.Go(func() { sweepImages(background, rules, log) })
	n.tasks.Go(func() { sweepKept(background, store, log) })
	if c.meters.all != nil {
		n.tasks.Go(func() { n.lookForBackups(background) })
	}
	if err := n.serveAdmin(c.AdminAddr, c.meters); err != nil {
		_ = listener.Close()
		return nil, errors.Join(err, n.stop(0))
	}
	n.tasks.Go(func() { n.serve(n.public, listener) })
	if n.tls != nil {
		n.secure(background, n.tls)
	}
	log.Info("serving", "addr", listener.Addr().String(), "site", siteURL(front, listener, n.tls), "version", version)
	return n, nil
}

// meetOthers makes the way of requests to other nodes, where there may be some; nil for none.
func (n *node) meetOthers() (pass func(node string, w http.ResponseWriter, r *http.Request) bool, err error) {
	if n.bus.Node() == "" {
		return nil, nil //nolint:nilnil // nobody is there to pass anything to
	}
	if n.forward, err = forward.New(forward.Options{Link: n.bus, Logger: n.log, MaxBody: live.MaxPayload + 1}); err != nil {
		return nil, err
	}
	return n.forward.Forward, nil
}

// picturesMemory is how much memory pictures under treatment may take together, in bytes: a little more than the largest needs.
const picturesMemory = 256 << 20

// uploadsFolder makes a folder for what is being uploaded to this process: others may have theirs beside it, where several nodes on
// one machine share a data folder. What a process that is gone has left is removed.
func uploadsFolder(data string) (string, error) {
	all := filepath.Join(data, "uploads")
	if err := os.MkdirAll(all, 0o700); err != nil {
		return "", err
	}
	folders, err := os.ReadDir(all)
	if err != nil {
		return "", err
	}
	for _, f := range folders {
		if pid, err := strconv.Atoi(f.Name()); err == nil && pid != os.Getpid() && runs(pid) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(all, f.Name())); err != nil {
			return "", err
		}
	}
	own := filepath.Join(all, strconv.Itoa(os.Getpid()))
	return own, os.Mkdir(own, 0o700)
}

// runs reports whether there is a process of that number.
func runs(pid int) bool {
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Signal(syscall.Signal(0))
	}
	return err == nil || errors.Is(err, os.ErrPermission)
}

// listen opens an address, and says which flag named one that cannot be had.
func listen(flag, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address) //nolint:noctx // opening a local address does not wait
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, address, cause(err))
	}
	return listener, nil
}

// siteURL is where a person on this machine can look.
func siteURL(front auth.Front, listener net.Listener, tls *secured) string {
	if front.PublicURL != nil {
		return front.PublicURL.String()
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return ""
	}
	if tls == nil {
		return "http://localhost:" + port
	}
	host := cmp.Or(tls.host, "localhost")
	return "https://" + strings.TrimSuffix(host+":"+port, ":"+httpsPort)
}

func (n *node) serve(server *http.Server, listener net.Listener) {
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		n.log.Error("serving ended", "addr", listener.Addr().String(), "error", err.Error())
	}
}

// serveAdmin serves what only the operator may see.
func (n *node) serveAdmin(address string, m meters) error {
	if address == "" {
		return nil
	}
	listener, err := listen("--admin-addr", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	m.serve(mux, n)
	n.admin = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	n.tasks.Go(func() { n.serve(n.admin, listener) })
	return nil
}

// lastRequests is how long requests under way may take once connections are closed.
const lastRequests = 5 * time.Second

// stop lets everything under way finish: connections are closed spread over the time given, so that their clients do not
// all come back at once, and what was sent is committed and acknowledged.
func (n *node) stop(over time.Duration) error {
	n.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), over+lastRequests)
	defer cancel()
	var errs []error
	if err := n.live.Drain(ctx, over); err != nil {
		n.log.Warn("some connections were cut", "error", err.Error())
	}
	if n.forward != nil {
		n.forward.Close() // before the public server, which would wait for the polls that other nodes answer
	}
	servers := []*http.Server{n.public, n.admin}
	if n.tls != nil {
		servers = append(servers, n.tls.redirects)
	}
	for _, server := range servers {
		if server == nil {
			continue
		}
		if err := server.Shutdown(ctx); err != nil {
			n.log.Warn("some requests were cut", "error", err.Error())
			errs = append(errs, server.Close())
		}
	}
	n.end()
	n.tasks.Wait()
	errs = append(errs, n.photos.Close(), os.RemoveAll(n.uploads), n.blobs.Close(), n.store.Close())
	n.bus.Close()
	return errors.Join(errs...)
}

// cause is an error without the operation and path that the message names already.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		if e, ok := errors.AsType[*os.SyscallError](e.Err); ok {
			return e.Err
		}
		return e.Err
	}
	return err
}

type systemClock struct{}

// Now implements chat.Clock.
func (systemClock) Now() time.Time { return time.Now() }
