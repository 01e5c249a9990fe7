package host

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
)

type clock struct{}

func (clock) Now() time.Time { return time.Now() }

type nobody struct{}

func (nobody) Online(chat.UserID) bool { return false }

// startMaru fills a data folder by the program's own rules, but for what a
// password costs, and serves it.
func (h *Hosts) startMaru(ctx context.Context, r *Running, town Town) (err error) {
	if r.Seats, err = settle(ctx, r.folder, town, nil); err != nil {
		return err
	}
	return h.serveMaru(ctx, r)
}

// StartLong starts maru with one room and two people in it, and fills the room
// with that many messages.
func (h *Hosts) StartLong(ctx context.Context, messages int) (*Running, error) {
	return h.StartFilled(ctx, Town{Rooms: 1, Members: 2, Text: 120}, messages)
}

// StartFilled starts maru with a town, and fills each room with that many
// messages.
func (h *Hosts) StartFilled(ctx context.Context, town Town, messages int) (_ *Running, err error) {
	r := &Running{}
	if r.folder, err = os.MkdirTemp("", "maru-bench-data-"); err != nil {
		return nil, err
	}
	r.Seats, err = settle(ctx, r.folder, town, func(store *sqlstore.DB, room chat.RoomID, by chat.UserID) error {
		return fill(ctx, store, room, by, messages)
	})
	if err == nil {
		err = h.serveMaru(ctx, r)
	}
	if err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	return r, nil
}

func (h *Hosts) serveMaru(ctx context.Context, r *Running) (err error) {
	address, err := free(ctx)
	if err != nil {
		return err
	}
	if h.Profile {
		if r.Profiles, err = free(ctx); err != nil {
			return err
		}
	}
	command := exec.CommandContext(ctx, filepath.Join(h.bin, "maru"), "--data", r.folder, "--addr", address, //nolint:gosec // our own program
		"--admin-addr", r.Profiles, "--rate-limits", "off", "--drain", "0s")
	command.Env = load.WithoutGoSettings(os.Environ())
	r.process, err = load.StartProgram(ctx, command, address)
	r.Address = address
	return err
}

// free is an address that nobody listens on at the moment.
func free(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// settle makes people and rooms in an empty data folder.
func settle(ctx context.Context, folder string, town Town, then func(*sqlstore.DB, chat.RoomID, chat.UserID) error) (seats []load.Seat, err error) {
	secret, err := WriteSecret(filepath.Join(folder, "secret"))
	if err != nil {
		return nil, err
	}
	return Settle(ctx, sqlstore.Options{Path: filepath.Join(folder, "maru.db")}, secret, town, then)
}

// WriteSecret makes a secret that signs tokens.
func WriteSecret(file string) ([]byte, error) {
	secret := make([]byte, auth.MinSecretBytes)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the program instead
	return secret, os.WriteFile(file, []byte(hex.EncodeToString(secret)+"\n"), 0o600)
}

// Settle makes people and rooms in an empty database by the program's own
// rules, but for what a password costs, and has then, where it is not nil, do
// more with each room and its first member.
func Settle(ctx context.Context, options sqlstore.Options, secret []byte, town Town, then func(*sqlstore.DB, chat.RoomID, chat.UserID) error) (seats []load.Seat, err error) {
	options.Logger = slog.New(slog.DiscardHandler)
	store, err := sqlstore.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	wire := bus.NewMemory()
	defer wire.Close()
	rules := chat.New(chat.Options{
		Store: store, Bus: wire, Clock: clock{}, Presence: nobody{}, NFC: norm.NFC.String, DigestKey: secret, NoRateLimits: true,
	})
	doors, err := auth.New(store, rules, wire, clock{}, secret, auth.Options{Cost: auth.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}})
	if err != nil {
		return nil, err
	}
	var people []auth.Grant
	for room := range town.Rooms {
		fresh := room%max(1, town.Shared) == 0
		if fresh {
			people = nil
			for member := range town.Members {
				grant, err := doors.SignUp(ctx, fmt.Sprintf("member-%d-%d", room, member), "a long password", "말벗", auth.Device{Kind: auth.Browser})
				if err != nil {
					return nil, err
				}
				people = append(people, grant)
			}
		}
		first := people[0].User.ID
		made, _, err := rules.CreateRoom(ctx, first, chat.NewRoom{Category: "시험", Name: fmt.Sprint("방 ", room)})
		if err != nil {
			return nil, err
		}
		for _, one := range people[1:] {
			if _, err := rules.Join(ctx, one.User.ID, made.ID); err != nil {
				return nil, err
			}
		}
		if fresh {
			for _, one := range people {
				seats = append(seats, load.Seat{Token: one.AccessToken, Room: string(made.ID)})
			}
		}
		if then != nil {
			if err := then(store, made.ID, first); err != nil {
				return nil, err
			}
		}
	}
	return seats, nil
}

// fill writes messages, many to a transaction.
func fill(ctx context.Context, store *sqlstore.DB, room chat.RoomID, by chat.UserID, messages int) error {
	const atOnce = 10_000
	for from := 0; from < messages; from += atOnce {
		err := store.Write(ctx, func(tx chat.Tx) error {
			r, err := tx.LockRoom(room)
			if err != nil {
				return err
			}
			for n := from; n < min(messages, from+atOnce); n++ {
				r.Head++
				err := tx.InsertMessage(chat.Message{
					RoomID: room, Seq: r.Head, Rev: r.Head, ClientID: fmt.Sprint("old-", room, "-", n), SenderID: by, Kind: chat.KindMessage,
					Text: "a message of about the length that people write in a chat, which is not very long, in most rooms, most days", SentAt: time.Now(),
				}, nil)
				if err != nil {
					return err
				}
			}
			return tx.UpdateRoom(r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
