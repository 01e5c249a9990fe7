package faults

import (
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/mariadb"
	"github.com/maru-chat/maru/test/nats"
	"github.com/maru-chat/maru/test/program"
	"github.com/maru-chat/maru/test/s3"
)

// town is a house of several marus on one database, one NATS and one S3, each reached through a proxy of its own, with a
// balancer before them that sends every connection to another node: nobody is sent back to where they were.
type town struct {
	*house
	database *mariadb.Server
	nats     *nats.Server // nil for a single node
	nodes    []*townNode
}

// townNode is one maru, and its ways to the others.
type townNode struct {
	*town
	addr, data     string
	args           []string
	database, nats *proxy
	maru           *program.Maru

	mu sync.Mutex
	up bool
}

// newTown starts so many nodes.
func newTown(t *testing.T, nodes int) *town {
	t.Helper()
	w := &town{house: &house{t: t, ledger: newLedger(), random: seeded(t)}, database: mariadb.Start(t)}
	w.disk = &disk{}
	database, err := url.Parse(w.database.URL(w.database.Database(t)))
	must(t, err)
	args := []string{"--drain", "300ms"}
	if nodes > 1 {
		w.nats = nats.Start(t)
		store := s3.Start(t)
		store.Bucket("photos")
		args = append(args, "--blobs", "s3://photos?endpoint="+store.Endpoint()+"&region="+s3.Region)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	for range nodes {
		n := &townNode{town: w, addr: program.FreeAddr(t), data: t.TempDir(), database: newProxy(t, database.Host)}
		through := *database
		through.Host = n.database.addr()
		n.args = append(slices.Clone(args), "--database", through.String(), "--secret-file", secret)
		if w.nats != nil {
			n.nats = newProxy(t, w.nats.Addr())
			n.args = append(n.args, "--bus", "nats://"+n.nats.addr())
		}
		w.nodes = append(w.nodes, n)
		n.start() // one after the other: the first makes the secret
	}
	w.proxy = newBalancer(t, w.turns())
	direct := newBalancer(t, w.turns())
	w.direct = direct.url()
	return w
}

// turns returns the nodes that are up, each time beginning with another one.
func (w *town) turns() func() []string {
	var mu sync.Mutex
	turn := 0
	return func() (addrs []string) {
		mu.Lock()
		defer mu.Unlock()
		turn++
		for i := range w.nodes {
			if n := w.nodes[(turn+i)%len(w.nodes)]; n.isUp() {
				addrs = append(addrs, n.addr)
			}
		}
		return addrs
	}
}

func (n *townNode) isUp() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.up
}

func (n *townNode) set(up bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.up = up
}

func (n *townNode) start() {
	n.t.Helper()
	n.maru = program.Start(n.t, n.data, n.addr, n.args...)
	n.set(true)
}

func (n *townNode) kill() {
	n.maru.Kill()
	n.set(false)
	time.Sleep(n.between(0, 800))
	n.start()
}

func (n *townNode) terminate() {
	n.t.Helper()
	n.set(false) // as a balancer that asks readyz
	if code := n.maru.Terminate(); code != 0 {
		n.t.Fatalf("exit code %d: %s", code, n.maru.Said())
	}
	n.start()
}

func (n *townNode) freeze() {
	n.maru.Signal(syscall.SIGSTOP)
	time.Sleep(n.between(1300, 2600))
	n.maru.Signal(syscall.SIGCONT)
}

// parted cuts a way for a while; silent has nothing pass it.
func (w *town) parted(p *proxy, from, to int) {
	p.part()
	time.Sleep(w.between(from, to))
	p.open()
}

func (w *town) silent(p *proxy, from, to int) {
	until := time.Now().Add(w.between(from, to))
	p.each(1, nil, func(l *link) {
		l.up.set(trouble{kind: paused, until: until})
		l.down.set(trouble{kind: paused, until: until})
	})
	time.Sleep(time.Until(until))
}

// ills is what may befall a town, and how often in one deal.
func (w *town) ills() (all []ill) {
	node := func(do func(*townNode)) func() {
		return func() { do(w.nodes[w.random.IntN(len(w.nodes))]) }
	}
	people := func(do func(*house)) func() { return func() { do(w.house) } }
	all = []ill{
		{"node killed", 2, node((*townNode).kill)},
		{"node terminated", 1, node((*townNode).terminate)},
		{"node frozen", 1, node((*townNode).freeze)},
		{"database killed", 1, func() { w.database.Kill(); time.Sleep(w.between(0, 500)); w.database.Run(w.t) }},
		{"database frozen", 1, func() {
			w.database.Freeze()
			time.Sleep(w.between(300, 2500))
			w.database.Thaw()
		}},
		{"node without database", 1, node(func(n *townNode) { w.parted(n.database, 100, 2000) })},
		{"database connections cut", 2, node(func(n *townNode) { n.database.each(w.part(), w.random, (*link).cut) })},
		{"database silent", 1, node(func(n *townNode) { w.silent(n.database, 300, 2500) })},
		{"connections cut", 1, people((*house).cut)},
		{"cut in the middle of a frame", 1, people((*house).cutInFrame)},
		{"paused", 1, people((*house).pause)},
		{"half-closed", 1, people((*house).halfClose)},
		{"delayed", 1, people((*house).delay)},
		{"trickled", 1, people((*house).trickle)},
		{"answers swallowed", 1, people((*house).swallow)},
	}
	if w.nats != nil {
		all = append(all,
			ill{"NATS killed", 1, func() { w.nats.Kill(); time.Sleep(w.between(100, 3000)); w.nats.Run() }},
			ill{"NATS frozen", 1, func() {
				w.nats.Signal(syscall.SIGSTOP)
				time.Sleep(w.between(300, 5000))
				w.nats.Signal(syscall.SIGCONT)
			}},
			ill{"node without NATS", 1, node(func(n *townNode) { w.parted(n.nats, 100, 4000) })},
			ill{"NATS connections cut", 2, node(func(n *townNode) { n.nats.each(1, nil, (*link).cut) })},
			ill{"NATS silent", 1, node(func(n *townNode) { w.silent(n.nats, 300, 4000) })},
		)
	}
	return all
}

// ill is something that may befall a town.
type ill struct {
	name   string
	often  int
	inject func()
}

func (w *town) deal(do func(name string, inject func())) {
	var all []ill
	for _, one := range w.ills() {
		for range one.often {
			all = append(all, one)
		}
	}
	w.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, one := range all {
		do(one.name, one.inject)
	}
}

// TestNothingIsLostOnMySQL is TestNothingIsLostRepeatedOrOutOfOrder for one node on a database server.
func TestNothingIsLostOnMySQL(t *testing.T) {
	w := newTown(t, 1)
	w.chat("faults on MySQL", 3, w.deal)
}

// TestNothingIsLostAcrossNodes is TestNothingIsLostRepeatedOrOutOfOrder for two nodes on MySQL, NATS and S3, cut off from one
// another in every way that we know.
func TestNothingIsLostAcrossNodes(t *testing.T) {
	w := newTown(t, 2)
	w.chat("faults across nodes", 3, w.deal)
}
