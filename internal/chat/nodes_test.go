package chat_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// TestTwoNodes has people do everything at once on two nodes of one database: in the same rooms, making the same rooms, writing to each
// other first, leaving for good. Nobody is refused but by the rules, each number of a room is taken once, and what was announced is what is
// there.
func TestTwoNodes(t *testing.T) {
	on := onMySQL(t)
	nodes := []*house{openOn(t, on), openOn(t, on)}
	nodes[0].user("관리")
	var users []chat.UserID
	for i := range 12 {
		users = append(users, nodes[0].user(fmt.Sprint("사람 ", i)))
	}
	var rooms []chat.RoomID
	for _, history := range []chat.History{chat.HistoryAll, chat.HistorySinceJoin} {
		rooms = append(rooms, nodes[0].room(users[0], chat.NewRoom{History: history}, users[1:6]...))
	}

	const each = 60
	ctx := context.Background()
	var all sync.WaitGroup
	for n, h := range nodes {
		for caller := range 6 {
			all.Go(func() {
				random := rand.New(rand.NewPCG(uint64(n), uint64(caller)))
				pick := func(of []chat.UserID) chat.UserID { return of[random.IntN(len(of))] }
				for i := range each {
					by, room := pick(users), rooms[random.IntN(len(rooms))]
					var err error
					what := random.IntN(14)
					switch what {
					case 0:
						_, err = h.Join(ctx, by, room)
					case 1:
						err = h.Leave(ctx, by, room)
					case 2:
						_, err = h.Edit(ctx, by, room, int64(1+random.IntN(40)), fmt.Sprint("바뀜 ", i), time.Time{})
					case 3:
						_, err = h.Delete(ctx, by, room, int64(1+random.IntN(40)))
					case 4:
						_, err = h.OpenDirect(ctx, users[random.IntN(4)], users[4+random.IntN(4)])
					case 5: // both nodes make the same category and room
						_, _, err = h.CreateRoom(ctx, by, chat.NewRoom{Name: fmt.Sprint("방 ", i), Category: fmt.Sprint("분류 ", i)})
					case 6:
						name := fmt.Sprint(n, caller, i)
						_, err = h.UpdateProfile(ctx, by, chat.Profile{Name: &name})
					case 7:
						_, _, err = h.Read(ctx, by, room, int64(random.IntN(100)))
					case 8:
						if i > each/2 && by >= users[8] { // some of them leave for good
							err = h.DeleteAccount(ctx, by)
						}
					default:
						_, _, err = h.Send(ctx, by, room, chat.Draft{ClientID: fmt.Sprint(n, "-", caller, "-", i), Text: "말"})
					}
					switch chat.CodeOf(err) {
					case "", chat.Forbidden, chat.NotFound, chat.Unauthorized:
					case chat.RoomNameTaken:
						if what != 5 {
							t.Errorf("%d: %v", what, err)
						}
					default:
						t.Errorf("%d: %v", what, err)
					}
				}
			})
		}
	}
	all.Wait()

	type place struct {
		room chat.RoomID
		seq  int64
	}
	taken := map[chat.RoomID][]int64{}
	newest := map[place]chat.Message{}
	for _, h := range nodes {
		for _, e := range h.take() {
			if e, ok := e.(chat.MessageChanged); ok {
				at := place{e.Message.RoomID, e.Message.Seq}
				taken[at.room] = append(taken[at.room], e.Message.Rev)
				if newest[at].Rev < e.Message.Rev {
					newest[at] = e.Message
				}
			}
		}
	}
	must(t, nodes[0].store.Read(ctx, func(r chat.Reader) error {
		_, public, err := r.PublicRooms()
		must(t, err)
		known := map[chat.RoomID]chat.Room{}
		for _, room := range public {
			known[room.ID] = room
		}
		// Direct rooms are found by their members; of each pair there is one.
		for _, user := range users {
			of, err := r.MembershipsOf(user)
			must(t, err)
			who, err := r.User(user)
			must(t, err)
			for _, m := range of {
				if known[m.RoomID], err = r.Room(m.RoomID); err != nil {
					return err
				}
				if who.Deleted && !m.Left {
					t.Errorf("%s is gone, and a member of %s", user, m.RoomID)
				}
			}
		}
		pairs := map[[2]chat.UserID]chat.RoomID{}
		for id, room := range known {
			members, err := r.Members(id, "", 200)
			must(t, err)
			if len(members) != room.MemberCount {
				t.Errorf("%s %s counts %d members and has %d", room.Kind, id, room.MemberCount, len(members))
			}
			if room.Kind == chat.Direct {
				if other := pairs[room.Pair]; other != "" {
					t.Errorf("%v have two rooms", room.Pair)
				}
				pairs[room.Pair] = id
			}
			revs := slices.Sorted(slices.Values(taken[id]))
			if first := revs; len(first) > 0 && room.Kind != chat.Direct && id != rooms[0] && id != rooms[1] && first[0] != 1 {
				t.Errorf("%s begins at %d", id, first[0])
			}
			for n := 1; n < len(revs); n++ {
				if revs[n] != revs[n-1]+1 {
					t.Errorf("%s: %d follows %d", id, revs[n], revs[n-1])
				}
			}
			if len(revs) > 0 && revs[len(revs)-1] != room.Head {
				t.Errorf("%s: the head is %d, and %d was announced last", id, room.Head, revs[len(revs)-1])
			}
			messages, err := r.Messages(id, chat.Page{After: 0, Limit: 10_000})
			must(t, err)
			for _, m := range messages {
				last, announced := newest[place{id, m.Seq}]
				if announced && (last.Text != m.Text || last.Rev != m.Rev || last.Kind != m.Kind) {
					t.Errorf("%s: stored is %+v, announced %+v", id, m, last)
				}
				delete(newest, place{id, m.Seq})
			}
		}
		return nil
	}))
	for at, m := range maps.All(newest) {
		if _, err := nodes[0].Room(ctx, users[0], at.room); err == nil {
			t.Errorf("%v was announced and is not there: %+v", at, m)
		}
	}
}
