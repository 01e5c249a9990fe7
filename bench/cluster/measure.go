package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
	"github.com/maru-chat/maru/internal/sqlstore"
	"github.com/maru-chat/maru/test/program"
)

// A kind is what is compared.
type kind string

const (
	embedded kind = "one node on SQLite"
	single   kind = "one node on MySQL"
	pair     kind = "two nodes" // on MySQL and NATS
)

var kinds = []kind{embedded, single, pair}

// place is what runs: the nodes of a kind with everybody in their seats.
type place struct {
	nodes    []*program.Maru
	seats    []load.Seat
	profiles string // where the first node serves its profiles, if it does
}

// open starts a kind on an empty database with people in rooms. Members of a
// room connect to the nodes in turn.
func (b *bench) open(ctx context.Context, k kind, town host.Town) (*place, error) {
	folder := b.owner.TempDir()
	file := filepath.Join(folder, "secret")
	secret, err := host.WriteSecret(file)
	if err != nil {
		return nil, err
	}
	options := sqlstore.Options{Path: filepath.Join(folder, "maru.db")}
	arguments := []string{"--secret-file", file, "--drain", "0s"}
	if k != embedded {
		options = sqlstore.Options{MySQL: b.database.URL(b.database.Database(b.owner))}
		arguments = append(arguments, "--database", options.MySQL)
	}
	p := &place{}
	if p.seats, err = host.Settle(ctx, options, secret, town, nil); err != nil {
		return nil, err
	}
	nodes := 1
	if k == pair {
		nodes = 2
		arguments = append(arguments, "--bus", b.nats.URL())
	}
	for n := range nodes {
		data, more := folder, arguments
		if n > 0 {
			data = b.owner.TempDir()
		} else if b.profiles != "" {
			p.profiles = program.FreeAddr(b.owner)
			more = append(slices.Clone(arguments), "--admin-addr", p.profiles)
		}
		p.nodes = append(p.nodes, program.Start(b.owner, data, program.FreeAddr(b.owner), more...))
	}
	for i := range p.seats {
		p.seats[i].Address = strings.TrimPrefix(p.nodes[i%nodes].URL(), "http://")
	}
	return p, nil
}

func (p *place) close() {
	for _, n := range p.nodes {
		n.Kill()
	}
}

func (p *place) cpu() (total time.Duration, err error) {
	for _, n := range p.nodes {
		own, failed := load.CPU(n.PID())
		total, err = total+own, errors.Join(err, failed)
	}
	return total, err
}

// sending is what one kind did in one scenario.
type sending struct {
	Kind     kind   `json:"kind"`
	Scenario string `json:"scenario"`
	load.Figures
	Delivery report.Figure `json:"serverMicrosPerDelivery"`
	Database report.Figure `json:"databaseMicrosPerMessage"`
}

// send has everybody send in turn.
func (b *bench) send(ctx context.Context, k kind, scenario string, pace load.Pace) error {
	p, err := b.open(ctx, k, b.town)
	if err != nil {
		return err
	}
	defer p.close()
	people, err := load.NewPeople(ctx, "", p.seats, load.Way{}, b.town.Text)
	if err != nil {
		return err
	}
	defer people.Close()
	// Neighbours in turn are of different rooms.
	for member := range b.town.Members {
		for room := range b.town.Rooms {
			pace.Senders = append(pace.Senders, room*b.town.Members+member)
		}
	}
	pace.Warm, pace.For, pace.CPU = b.warm, b.window, p.cpu
	before, err := load.CPU(b.database.PID())
	if err != nil {
		return err
	}
	finish := report.Profile(ctx, p.profiles, b.profiles, fmt.Sprintf("%s-%s", k, scenario), b.warm+b.window)
	out, err := people.Send(ctx, pace)
	if err = errors.Join(err, finish()); err != nil {
		return err
	}
	after, err := load.CPU(b.database.PID())
	if err != nil {
		return err
	}
	s := b.results.of(k, scenario)
	s.Add(out)
	s.Delivery = append(s.Delivery, micros(out.ServerCPU, out.Messages*b.town.Members))
	s.Database = append(s.Database, micros(after-before, out.Messages)) // the warming up included
	cli.Log("  %-6s %-28s %7.0f messages/s  %.2f µs a delivery  acknowledged %v · %v  received %v · %v  elsewhere %v · %v  lost %d repeated %d disordered %d",
		scenario, k, out.PerSecond(), s.Delivery[len(s.Delivery)-1],
		out.Acknowledged.Quantile(0.5), out.Acknowledged.Quantile(0.99), out.Received.Quantile(0.5), out.Received.Quantile(0.99),
		out.Elsewhere.Quantile(0.5), out.Elsewhere.Quantile(0.99), out.Lost, out.Repeated, out.Disordered)
	return nil
}

func micros(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(max(1, n)) }

// count counts the subscriptions of two nodes that both have somebody in every
// room.
func (b *bench) count(ctx context.Context) error {
	p, err := b.open(ctx, pair, host.Town{Rooms: b.watched, Members: 2, Text: b.town.Text, Shared: 100})
	if err != nil {
		return err
	}
	defer p.close()
	people, err := load.NewPeople(ctx, "", p.seats, load.Way{}, b.town.Text)
	if err != nil {
		return err
	}
	defer people.Close()
	b.results.Watched = b.watched
	b.results.Subscriptions, err = b.subscriptions(ctx)
	cli.Log("  %d rooms with members on both nodes: NATS has %v subscriptions of them", b.watched, b.results.Subscriptions)
	return err
}

// subscriptions asks NATS how many each connection has.
func (b *bench) subscriptions(ctx context.Context) (each []int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.monitor+"/connz", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	var answer struct {
		Connections []struct {
			Subscriptions int `json:"subscriptions"`
		} `json:"connections"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	for _, c := range answer.Connections {
		each = append(each, c.Subscriptions)
	}
	slices.Sort(each)
	if len(each) != 2 {
		return each, errors.New("NATS has " + strconv.Itoa(len(each)) + " connections, not those of two nodes")
	}
	return each, nil
}
