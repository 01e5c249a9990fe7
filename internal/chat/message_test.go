package chat_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

func TestSendNumbersInOrder(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	room := h.room(jisu, chat.NewRoom{})
	for want := int64(2); want < 12; want++ { // 1 is the notice of the room's making
		m := h.say(jisu, room, "안녕하세요")
		if m.Seq != want || m.Rev != want {
			t.Fatalf("seq %d, rev %d, want %d", m.Seq, m.Rev, want)
		}
	}
}

func TestTheSameClientIDIsOneMessage(t *testing.T) {
	h := open(t)
	jisu, minho := h.user("지수"), h.user("민호")
	room, other := h.room(jisu, chat.NewRoom{}, minho), h.room(jisu, chat.NewRoom{}, minho)
	draft := chat.Draft{ClientID: "c1", Text: "한 번만"}

	first, created, err := h.Send(t.Context(), minho, room, draft)
	must(t, err)
	if !created {
		t.Fatal("the first is not created")
	}
	h.take()

	t.Run("again, fifty at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				m, created, err := h.Send(t.Context(), minho, room, draft)
				if err != nil || created || !reflect.DeepEqual(m, first) {
					t.Errorf("%v %v %v", m, created, err)
				}
			})
		}
		wg.Wait()
		equal(t, "history", texts(h.history(minho, room)), []string{"한 번만"})
		if events := h.take(); len(events) != 0 {
			t.Fatalf("published %v", events)
		}
	})

	t.Run("with another text, room or reply it is refused", func(t *testing.T) {
		for _, d := range []struct {
			room  chat.RoomID
			draft chat.Draft
		}{
			{room, chat.Draft{ClientID: "c1", Text: "다른 말"}},
			{room, chat.Draft{ClientID: "c1", Text: "한 번만", ReplyTo: first.Seq}},
			{other, draft},
		} {
			_, _, err := h.Send(t.Context(), minho, d.room, d.draft)
			refused(t, err, chat.ClientIDReused)
		}
	})

	t.Run("another sender has their own", func(t *testing.T) {
		_, created, err := h.Send(t.Context(), jisu, room, draft)
		must(t, err)
		if !created {
			t.Fatal("not created")
		}
	})

	t.Run("after an edit it is the message as it is now", func(t *testing.T) {
		edited, err := h.Edit(t.Context(), minho, room, first.Seq, "고친 말", time.Time{})
		must(t, err)
		m, created, err := h.Send(t.Context(), minho, room, draft)
		must(t, err)
		if created || !reflect.DeepEqual(m, edited) {
			t.Fatalf("got %+v, want %+v", m, edited)
		}
	})

	t.Run("also after leaving, and after deletion with whatever text", func(t *testing.T) {
		must(t, h.Leave(t.Context(), minho, room))
		m, created, err := h.Send(t.Context(), minho, room, draft)
		must(t, err)
		if created || m.Seq != first.Seq {
			t.Fatalf("got %+v", m)
		}
		_, err = h.Delete(t.Context(), jisu, room, first.Seq)
		must(t, err)
		m, _, err = h.Send(t.Context(), minho, room, chat.Draft{ClientID: "c1", Text: "아무 말"})
		must(t, err)
		if m.Kind != chat.KindDeleted || m.Text != "" || m.Seq != first.Seq {
			t.Fatalf("got %+v", m)
		}
	})
}

func TestAClientIDOutlivesItsRoom(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	gone, other := h.room(jisu, chat.NewRoom{}), h.room(jisu, chat.NewRoom{})
	draft := chat.Draft{ClientID: "c1", Text: "사라질 방에서"}
	_, _, err := h.Send(t.Context(), jisu, gone, draft)
	must(t, err)
	must(t, h.DeleteRoom(t.Context(), jisu, gone))
	again := func() {
		t.Helper()
		_, _, err := h.Send(t.Context(), jisu, other, draft)
		refused(t, err, chat.ClientIDReused)
		_, _, err = h.Send(t.Context(), jisu, gone, draft)
		refused(t, err, chat.NotFound)
	}
	again()
	if swept, err := h.store.SweepDeletedRooms(t.Context(), 100); err != nil || swept == 0 {
		t.Fatalf("swept %d: %v", swept, err)
	}
	again()
}

func TestEditAndDelete(t *testing.T) {
	h := open(t)
	admin, owner, member, stranger := h.user("관리"), h.user("지수"), h.user("민호"), h.user("서연")
	room := h.room(owner, chat.NewRoom{}, member)
	m := h.say(member, room, "처음")
	notice := h.history(owner, room)[0]

	for name, try := range map[string]struct {
		by   chat.UserID
		seq  int64
		code chat.Code
	}{
		"the owner edits another's":      {owner, m.Seq, chat.Forbidden},
		"an admin who is no member":      {admin, m.Seq, chat.Forbidden},
		"a stranger":                     {stranger, m.Seq, chat.Forbidden},
		"a notice":                       {owner, notice.Seq, chat.Forbidden},
		"a message that is not there":    {member, 999, chat.NotFound},
		"a stranger asks what is there":  {stranger, 999, chat.Forbidden},
		"a number that cannot be":        {member, 0, chat.Invalid},
		"a number that cannot be either": {member, -1, chat.Invalid},
	} {
		_, err := h.Edit(t.Context(), try.by, room, try.seq, "고침", time.Time{})
		if chat.CodeOf(err) != try.code {
			t.Errorf("%s: %v, want %s", name, err, try.code)
		}
	}

	h.take()
	edited, err := h.Edit(t.Context(), member, room, m.Seq, "고침", time.Time{})
	must(t, err)
	if edited.Seq != m.Seq || edited.Rev <= m.Rev || edited.Text != "고침" || edited.EditedAt.IsZero() {
		t.Fatalf("edited %+v", edited)
	}
	events := h.take()
	if e, ok := events[0].(chat.MessageChanged); !ok || len(events) != 1 || !reflect.DeepEqual(e.Message, edited) || e.User.ID != member {
		t.Fatalf("published %+v", events)
	}
	same, err := h.Edit(t.Context(), member, room, m.Seq, "고침", time.Time{})
	must(t, err)
	if !reflect.DeepEqual(same, edited) || len(h.take()) != 0 {
		t.Fatal("the same text is a change")
	}

	if _, err := h.Delete(t.Context(), stranger, room, m.Seq); chat.CodeOf(err) != chat.Forbidden {
		t.Fatalf("a stranger deletes: %v", err)
	}
	deleted, err := h.Delete(t.Context(), owner, room, m.Seq)
	must(t, err)
	if deleted.Kind != chat.KindDeleted || deleted.Text != "" || deleted.Rev <= edited.Rev {
		t.Fatalf("deleted %+v", deleted)
	}
	again, err := h.Delete(t.Context(), member, room, m.Seq)
	must(t, err)
	if !reflect.DeepEqual(again, deleted) {
		t.Fatal("deleting twice is not deleting once")
	}
	_, err = h.Edit(t.Context(), member, room, m.Seq, "살아나라", time.Time{})
	refused(t, err, chat.Forbidden)

	byAdmin := h.say(member, room, "관리자가 지움")
	_, err = h.Delete(t.Context(), admin, room, byAdmin.Seq)
	must(t, err)
	_, err = h.Delete(t.Context(), owner, room, notice.Seq)
	refused(t, err, chat.Forbidden)
}

func TestTextsThatAreRefused(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	room := h.room(jisu, chat.NewRoom{})
	long := strings.Repeat("가", chat.MaxTextRunes)
	for name, c := range map[string]struct{ text, wrong string }{
		"nothing":            {"", chat.FieldRequired},
		"blank":              {" \n\t ", chat.FieldRequired},
		"zero width":         {"\u200b\u200d\u2060", chat.FieldRequired},
		"a Hangul filler":    {"\u3164", chat.FieldRequired},
		"NUL":                {"a\x00b", chat.FieldMalformed},
		"an escape":          {"\x1b[31m", chat.FieldMalformed},
		"not UTF-8":          {"\xff", chat.FieldMalformed},
		"4,001 characters":   {long + "가", chat.FieldTooLong},
		"combining marks":    {"a" + strings.Repeat("\u0316", chat.MaxTextRunes), chat.FieldTooLong},
		"decomposed, longer": {strings.Repeat("\u1112\u1161\u11ab", chat.MaxTextRunes+1), chat.FieldTooLong},
	} {
		_, _, err := h.Send(t.Context(), jisu, room, chat.Draft{ClientID: chat.NewID(), Text: c.text})
		if wrong := fieldOf(err, "text"); wrong != c.wrong {
			t.Errorf("%s: %v, want text: %s", name, err, c.wrong)
		}
	}
	if n := len(h.history(jisu, room)); n != 1 {
		t.Fatalf("%d messages came through", n-1)
	}

	for given, stored := range map[string]string{
		long:                    long,
		"\u1112\u1161\u11ab":    "한",
		"a\r\nb\rc\n\n":         "a\nb\nc",
		"\n  들여쓰기\n":            "  들여쓰기",
		"\u202e뒤집기":             "\u202e뒤집기",
		"<b>&amp;</b> **굵게**":   "<b>&amp;</b> **굵게**",
		"👨‍👩‍👧‍👦":               "👨‍👩‍👧‍👦",
		strings.Repeat("ᄒ", 20): strings.Repeat("ᄒ", 20),
	} {
		if m := h.say(jisu, room, given); m.Text != stored {
			t.Errorf("%q is stored as %q, want %q", given, m.Text, stored)
		}
	}
}

func TestClientIDsThatAreRefused(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	room := h.room(jisu, chat.NewRoom{})
	for _, id := range []string{"", strings.Repeat("x", 65), "a b", "가", "a\x00", "\x7f"} {
		_, _, err := h.Send(t.Context(), jisu, room, chat.Draft{ClientID: id, Text: "안녕"})
		refused(t, err, chat.Invalid)
	}
	_, _, err := h.Send(t.Context(), jisu, room, chat.Draft{ClientID: strings.Repeat("~", 64), Text: "안녕"})
	must(t, err)
}

func TestReplies(t *testing.T) {
	h := open(t)
	jisu, minho := h.user("지수"), h.user("민호")
	room := h.room(jisu, chat.NewRoom{History: chat.HistorySinceJoin})
	before := h.say(jisu, room, "민호 오기 전")
	_, err := h.Join(t.Context(), minho, room)
	must(t, err)
	after := h.say(jisu, room, "민호 온 뒤")

	m, _, err := h.Send(t.Context(), minho, room, chat.Draft{ClientID: "1", Text: "네", ReplyTo: after.Seq})
	must(t, err)
	if m.ReplyTo != after.Seq {
		t.Fatalf("got %+v", m)
	}
	for _, seq := range []int64{before.Seq, 999, -1} {
		_, _, err := h.Send(t.Context(), minho, room, chat.Draft{ClientID: "2", Text: "네", ReplyTo: seq})
		refused(t, err, chat.Invalid)
	}
}

// A clock that was set back keeps nobody from editing until it is as late again.
func TestEditsAfterTheClockWasSetBack(t *testing.T) {
	h := open(t)
	owner := h.user("지수")
	room := h.room(owner, chat.NewRoom{})
	m := h.say(owner, room, "처음")
	_, err := h.Edit(t.Context(), owner, room, m.Seq, "둘째", time.Time{})
	must(t, err)
	h.clock.pass(-3 * time.Second) // no more than clocks differ
	_, err = h.Edit(t.Context(), owner, room, m.Seq, "셋째", time.Time{})
	refused(t, err, chat.Unavailable)
	h.clock.pass(3 * time.Second)
	_, err = h.Edit(t.Context(), owner, room, m.Seq, "셋째", time.Time{})
	must(t, err)
	h.clock.pass(-time.Hour)
	_, err = h.Edit(t.Context(), owner, room, m.Seq, "넷째", time.Time{})
	must(t, err)
	edited, err := h.Edit(t.Context(), owner, room, m.Seq, "다섯째", time.Time{})
	must(t, err)
	if edited.EditedAt.Before(m.SentAt) {
		t.Errorf("edited at %v, and sent at %v", edited.EditedAt, m.SentAt)
	}
}

func TestRateOfSending(t *testing.T) {
	h := open(t, func(o *chat.Options) { o.NoRateLimits = false })
	jisu := h.user("지수")
	room := h.room(jisu, chat.NewRoom{})
	for i := range 30 {
		if _, _, err := h.Send(t.Context(), jisu, room, chat.Draft{ClientID: chat.NewID(), Text: "빨리"}); err != nil {
			t.Fatalf("send %d: %v", i, err)
		}
	}
	_, _, err := h.Send(t.Context(), jisu, room, chat.Draft{ClientID: "late", Text: "빨리"})
	refused(t, err, chat.RateLimited)
	e, _ := errors.AsType[*chat.Error](err)
	h.clock.pass(e.RetryAfter)
	_, _, err = h.Send(t.Context(), jisu, room, chat.Draft{ClientID: "late", Text: "빨리"})
	must(t, err)
}

// An edit that was given up and asked again elsewhere, and comes late, does not undo what was written since.
func TestTheLaterAskedEditWins(t *testing.T) {
	h := open(t)
	owner := h.user("지수")
	room := h.room(owner, chat.NewRoom{})
	m := h.say(owner, room, "처음")
	early := h.clock.Now()
	edited, err := h.Edit(t.Context(), owner, room, m.Seq, "둘째", time.Time{})
	must(t, err)
	if _, err := h.Edit(t.Context(), owner, room, m.Seq, "늦게 온 첫째", early); chat.CodeOf(err) != chat.Unavailable {
		t.Errorf("too late: %v", err)
	}
	same, err := h.Edit(t.Context(), owner, room, m.Seq, "둘째", early) // as it is now, whenever it was asked
	must(t, err)
	again, err := h.Edit(t.Context(), owner, room, m.Seq, "첫째", time.Time{})
	must(t, err)
	if same.Rev != edited.Rev || again.Rev != edited.Rev+1 || again.Text != "첫째" {
		t.Errorf("%+v, then %+v", same, again)
	}
}
