package chat_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

func TestJoinAndLeave(t *testing.T) {
	h := open(t)
	jisu, minho := h.user("지수"), h.user("민호")
	id := h.room(jisu, chat.NewRoom{})
	before := h.say(jisu, id, "민호 오기 전")
	h.take()

	seen, err := h.Join(t.Context(), minho, id)
	must(t, err)
	joined := before.Seq + 1
	if seen.Room.Head != joined || seen.Room.MemberCount != 2 || seen.Membership.ReadSeq != joined || seen.Membership.VisibleAfter != 0 {
		t.Fatalf("%+v %+v", seen.Room, seen.Membership)
	}
	events := h.take()
	notice, member := events[0].(chat.MessageChanged), events[1].(chat.MemberJoined)
	if notice.Message.Event.Type != chat.EventJoined || notice.User.ID != minho || notice.Message.Seq != joined {
		t.Fatalf("notice %+v", notice)
	}
	if member.Membership.UserID != minho || member.Room.Head != joined {
		t.Fatalf("joined %+v", member)
	}
	equal(t, "what the newcomer sees", texts(h.history(minho, id)), []string{"민호 오기 전"})

	again, err := h.Join(t.Context(), minho, id)
	must(t, err)
	if *again.Membership != *seen.Membership || len(h.take()) != 0 {
		t.Fatal("joining twice is not joining once")
	}

	must(t, h.Leave(t.Context(), minho, id))
	events = h.take()
	if _, left := events[0].(chat.MemberLeft); !left {
		t.Fatalf("the first to be told is not the leaving: %+v", events)
	}
	must(t, h.Leave(t.Context(), minho, id))
	if len(h.take()) != 0 {
		t.Fatal("leaving twice is not leaving once")
	}
	_, err = h.History(t.Context(), minho, id, chat.HistoryPage{})
	refused(t, err, chat.Forbidden)

	h.say(jisu, id, "없는 사이")
	_, err = h.Join(t.Context(), minho, id)
	must(t, err)
	equal(t, "after rejoining", texts(h.history(minho, id)), []string{"민호 오기 전", "없는 사이"})
}

func TestHistorySinceJoining(t *testing.T) {
	h := open(t)
	jisu, minho := h.user("지수"), h.user("민호")
	id := h.room(jisu, chat.NewRoom{History: chat.HistorySinceJoin})
	old := h.say(jisu, id, "민호 오기 전")
	seen, err := h.Join(t.Context(), minho, id)
	must(t, err)
	cursor := seen.Room.Head
	h.say(jisu, id, "민호 온 뒤")
	_, err = h.Edit(t.Context(), jisu, id, old.Seq, "고친 옛말", time.Time{})
	must(t, err)

	equal(t, "history", texts(h.history(minho, id)), []string{"민호 온 뒤"})
	changes, err := h.Changes(t.Context(), minho, id, cursor, "", 0)
	must(t, err)
	equal(t, "changes", texts(changes.Messages), []string{"민호 온 뒤"})
	if changes.Next != changes.Head {
		t.Fatalf("next %d, head %d", changes.Next, changes.Head)
	}
	_, err = h.Delete(t.Context(), minho, id, old.Seq)
	refused(t, err, chat.NotFound)

	must(t, h.Leave(t.Context(), minho, id))
	_, err = h.Join(t.Context(), minho, id)
	must(t, err)
	equal(t, "after rejoining", texts(h.history(minho, id)), nil)
}

func TestAnOwnerIsSucceeded(t *testing.T) {
	h := open(t)
	_, jisu, minho, seoyeon := h.user("관리"), h.user("지수"), h.user("민호"), h.user("서연")
	id := h.room(jisu, chat.NewRoom{}, minho, seoyeon)
	must(t, h.Leave(t.Context(), jisu, id))
	seen, err := h.Room(t.Context(), minho, id)
	must(t, err)
	if seen.Room.OwnerID != minho || seen.Membership.Role != chat.MemberOwner || seen.Room.MemberCount != 2 {
		t.Fatalf("%+v %+v", seen.Room, seen.Membership)
	}
	must(t, h.Leave(t.Context(), minho, id))
	must(t, h.Leave(t.Context(), seoyeon, id))
	seen, err = h.Join(t.Context(), jisu, id)
	must(t, err)
	if seen.Room.OwnerID != "" || seen.Membership.Role != chat.MemberOrdinary {
		t.Fatal("an empty room can be taken over")
	}

	private := h.room(jisu, chat.NewRoom{Kind: chat.Private})
	must(t, h.Leave(t.Context(), jisu, private))
	_, err = h.Room(t.Context(), jisu, private)
	refused(t, err, chat.NotFound)
}

func TestUnread(t *testing.T) {
	h := open(t)
	jisu, minho := h.user("지수"), h.user("민호")
	id := h.room(jisu, chat.NewRoom{}, minho)
	unread := func(who chat.UserID) int {
		t.Helper()
		rooms, _, err := h.MyRooms(t.Context(), who)
		must(t, err)
		return rooms[0].Unread
	}
	if unread(minho) != 0 || unread(jisu) != 0 {
		t.Fatal("notices count as unread")
	}
	first := h.say(jisu, id, "하나")
	h.say(jisu, id, "둘")
	third := h.say(jisu, id, "셋")
	if unread(minho) != 3 || unread(jisu) != 0 {
		t.Fatalf("minho %d, jisu %d", unread(minho), unread(jisu))
	}
	h.take()
	seq, left, err := h.Read(t.Context(), minho, id, first.Seq)
	must(t, err)
	if seq != first.Seq || left != 2 {
		t.Fatalf("seq %d, left %d", seq, left)
	}
	if e := h.take()[0].(chat.ReadMoved); e.UserID != minho || e.Seq != first.Seq {
		t.Fatalf("published %+v", e)
	}
	if _, err := h.Delete(t.Context(), jisu, id, third.Seq); err != nil || unread(minho) != 1 {
		t.Fatalf("a deleted message counts: %v %d", err, unread(minho))
	}
	h.take()

	// It never moves back, and not beyond the head.
	seq, left, err = h.Read(t.Context(), minho, id, 0)
	must(t, err)
	if seq != first.Seq || left != 1 || len(h.take()) != 0 {
		t.Fatalf("moved back to %d", seq)
	}
	seen, err := h.Room(t.Context(), minho, id)
	must(t, err)
	seq, left, err = h.Read(t.Context(), minho, id, 1<<62)
	must(t, err)
	if seq != seen.Room.Head || left != 0 {
		t.Fatalf("seq %d, head %d", seq, seen.Room.Head)
	}
	_, _, err = h.Read(t.Context(), minho, id, -1)
	refused(t, err, chat.Invalid)

	h.say(jisu, id, "넷")
	h.say(minho, id, "답") // sending reads
	if unread(minho) != 0 {
		t.Fatalf("unread %d", unread(minho))
	}
}

func TestDirectRooms(t *testing.T) {
	h := open(t)
	jisu, minho := h.user("지수"), h.user("민호")
	opened, err := h.OpenDirect(t.Context(), jisu, minho)
	must(t, err)
	same, err := h.OpenDirect(t.Context(), minho, jisu)
	must(t, err)
	if same.Room.ID != opened.Room.ID || opened.Room.Peer(jisu) != minho || same.Membership.UserID != minho {
		t.Fatalf("%+v %+v", opened, same)
	}
	id := opened.Room.ID
	_, err = h.OpenDirect(t.Context(), jisu, jisu)
	refused(t, err, chat.Invalid)
	_, err = h.OpenDirect(t.Context(), jisu, "nobody")
	refused(t, err, chat.NotFound)

	h.say(jisu, id, "안녕")
	must(t, h.Leave(t.Context(), minho, id))
	_, err = h.Room(t.Context(), minho, id)
	refused(t, err, chat.NotFound)
	if rooms, _, err := h.MyRooms(t.Context(), minho); err != nil || len(rooms) != 0 {
		t.Fatalf("still in the list: %v %v", rooms, err)
	}
	seen, err := h.Room(t.Context(), jisu, id)
	must(t, err)
	if !seen.PeerLeft {
		t.Fatal("the peer does not see that they left")
	}

	h.take()
	m := h.say(jisu, id, "돌아와요")
	events := h.take()
	back, ok := events[0].(chat.MemberJoined)
	if !ok || back.Membership.UserID != minho || back.Room.Head != m.Seq-1 {
		t.Fatalf("the peer is not brought back before the message: %+v", events)
	}
	if last, ok := events[len(events)-1].(chat.MessageChanged); !ok || !reflect.DeepEqual(last.Message, m) {
		t.Fatalf("published %+v", events)
	}
	rooms, users, err := h.MyRooms(t.Context(), minho)
	must(t, err)
	if len(rooms) != 1 || rooms[0].Unread != 1 || rooms[0].PeerLeft || len(users) != 1 || users[0].ID != jisu {
		t.Fatalf("%+v %+v", rooms, users)
	}
	equal(t, "what came before leaving stays hidden", texts(h.history(minho, id)), []string{"돌아와요"})
	equal(t, "and not from the other", texts(h.history(jisu, id)), []string{"안녕", "돌아와요"})

	must(t, h.DeleteAccount(t.Context(), minho))
	_, _, err = h.Send(t.Context(), jisu, id, chat.Draft{ClientID: "gone", Text: "거기 있어요"})
	refused(t, err, chat.Forbidden)
	_, err = h.OpenDirect(t.Context(), jisu, minho)
	refused(t, err, chat.NotFound)
}

func TestDeleteAccount(t *testing.T) {
	h := open(t)
	_, jisu, minho := h.user("관리"), h.user("지수"), h.user("민호")
	id := h.room(jisu, chat.NewRoom{}, minho)
	h.say(jisu, id, "남는 말")
	h.take()
	must(t, h.DeleteAccount(t.Context(), jisu))
	events := h.take()
	if last, ok := events[len(events)-1].(chat.UserChanged); !ok || !last.User.Deleted || last.User.Name != "" {
		t.Fatalf("published %+v", events)
	}
	for _, event := range events {
		if e, ok := event.(chat.MessageChanged); ok && (!e.User.Deleted || e.User.Name != "") {
			t.Fatalf("the notice that they left says who they were: %+v", e.User)
		}
	}
	gone, err := h.User(t.Context(), jisu)
	must(t, err)
	if !gone.Deleted || gone.Name != "" || gone.LoginID != "" {
		t.Fatalf("%+v", gone)
	}
	page, err := h.History(t.Context(), minho, id, chat.HistoryPage{})
	must(t, err)
	equal(t, "history", texts(page.Messages), []string{"남는 말"})
	seen, err := h.Room(t.Context(), minho, id)
	must(t, err)
	if seen.Room.OwnerID != minho || seen.Room.MemberCount != 1 {
		t.Fatalf("%+v", seen.Room)
	}
	for _, err := range []error{
		h.DeleteAccount(t.Context(), jisu),
		func() error { _, err := h.Join(t.Context(), jisu, id); return err }(),
		func() error {
			_, err := h.UpdateProfile(t.Context(), jisu, chat.Profile{Name: ptr("유령")})
			return err
		}(),
		func() error {
			_, _, err := h.CreateRoom(t.Context(), jisu, chat.NewRoom{Name: "a", Category: "a"})
			return err
		}(),
	} {
		refused(t, err, chat.Unauthorized)
	}
}

func TestMembers(t *testing.T) {
	h := open(t)
	jisu, minho, seoyeon := h.user("지수"), h.user("민호"), h.user("서연")
	id := h.room(jisu, chat.NewRoom{}, minho, seoyeon)
	ids := func(members []chat.Member) []chat.UserID {
		var out []chat.UserID
		for _, m := range members {
			out = append(out, m.User.ID)
		}
		return out
	}
	members, err := h.Members(t.Context(), minho, id, "", 0)
	must(t, err)
	equal(t, "members", ids(members), []chat.UserID{jisu, minho, seoyeon})
	members, err = h.Members(t.Context(), minho, id, jisu, 1)
	must(t, err)
	equal(t, "after the first", ids(members), []chat.UserID{minho})
	_, err = h.Members(t.Context(), minho, id, "", -1)
	refused(t, err, chat.Invalid)
}

func TestNames(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	for given, want := range map[string]string{"  새   이름 ": "새 이름", "\u1112\u1161\u11ab": "한", "Ann-Marie O'Neil": "Ann-Marie O'Neil"} {
		u, err := h.UpdateProfile(t.Context(), jisu, chat.Profile{Name: &given})
		must(t, err)
		if u.Name != want {
			t.Errorf("%q became %q", given, u.Name)
		}
	}
	for _, bad := range []string{"", " ", "\u202ejisu", "a\x00", "123456789012345678901", "\u200b", "지\u2066수", "a\u2028b"} {
		_, err := h.UpdateProfile(t.Context(), jisu, chat.Profile{Name: &bad})
		refused(t, err, chat.Invalid)
	}
}
