package present_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

var at = time.Date(2026, 5, 4, 3, 2, 1, 987_654_321, time.FixedZone("KST", 9*3600))

func expectJSON(t *testing.T, v any, want string) {
	t.Helper()
	got, err := json.Marshal(v)
	if err != nil || string(got) != want {
		t.Errorf("got  %s\nwant %s (%v)", got, want, err)
	}
}

func TestTimesAreUTCWithMilliseconds(t *testing.T) {
	if got := present.Time(at); got != "2026-05-03T18:02:01.987Z" {
		t.Error(got)
	}
	if got := present.Time(at.Truncate(time.Second)); got != "2026-05-03T18:02:01.000Z" {
		t.Error(got)
	}
	if got := present.Time(time.Time{}); got != "" {
		t.Error(got)
	}
}

func TestLoginIDIsShownToItsOwnerAlone(t *testing.T) {
	u := chat.User{ID: "u", LoginID: "minji", Name: "민지", Role: chat.RoleMember, CreatedAt: at}
	expectJSON(t, present.User(u), `{"id":"u","name":"민지","role":"member"}`)
	expectJSON(t, present.Self(u), `{"id":"u","loginId":"minji","name":"민지","role":"member"}`)
	expectJSON(t, present.User(chat.User{ID: "u", Role: chat.RoleMember, Deleted: true}), `{"id":"u","name":"","role":"member","deleted":true}`)
}

func TestMessages(t *testing.T) {
	m := chat.Message{RoomID: "r", Seq: 3, Rev: 5, ClientID: "c", SenderID: "u", Kind: chat.KindMessage, Text: "안녕", ReplyTo: 2, SentAt: at, EditedAt: at}
	expectJSON(t, present.Message(m), `{"roomId":"r","seq":3,"rev":5,"clientId":"c","senderId":"u","kind":"message","text":"안녕","replyTo":2,"sentAt":"2026-05-03T18:02:01.987Z","editedAt":"2026-05-03T18:02:01.987Z"}`)
	expectJSON(t, present.Message(m.Hidden()), `{"roomId":"r","seq":3,"rev":5,"kind":"hidden"}`)
	expectJSON(t, present.Message(chat.Message{RoomID: "r", Seq: 1, Rev: 1, Kind: chat.KindSystem, Event: &chat.SystemEvent{Type: chat.EventJoined, UserID: "u"}, SentAt: at}),
		`{"roomId":"r","seq":1,"rev":1,"kind":"system","event":{"type":"joined","userId":"u"},"sentAt":"2026-05-03T18:02:01.987Z"}`)
}

func TestDirectRoomHasThePeerOfItsViewer(t *testing.T) {
	r := chat.Room{ID: "r", Kind: chat.Direct, Pair: [2]chat.UserID{"a", "b"}, MemberCount: 1, Head: 7, History: chat.HistoryAll}
	expectJSON(t, present.Room(r, "a", true), `{"id":"r","kind":"direct","peer":{"userId":"b","left":true},"memberCount":1,"head":7,"history":"all"}`)
	expectJSON(t, present.Room(r, "b", false), `{"id":"r","kind":"direct","peer":{"userId":"a"},"memberCount":1,"head":7,"history":"all"}`)
}

func TestRooms(t *testing.T) {
	r := chat.Room{ID: "r", Kind: chat.Public, Name: "n", Topic: "t", Emoji: "🌱", CategoryID: "c", OwnerID: "u", MemberCount: 2, Head: 9, History: chat.HistoryAll}
	m := chat.Membership{RoomID: "r", UserID: "u", JoinedAt: at, VisibleAfter: 4, ReadSeq: 5, Role: chat.MemberOwner}
	const room = `{"id":"r","kind":"public","name":"n","topic":"t","emoji":"🌱","categoryId":"c","ownerId":"u","memberCount":2,"head":9,"history":"all"}`
	const membership = `{"userId":"u","roomId":"r","joinedAt":"2026-05-03T18:02:01.987Z","visibleAfter":4,"readSeq":5,"role":"owner"}`
	expectJSON(t, present.RoomSeen(chat.RoomSeen{Room: r}, "x"), `{"room":`+room+`}`)
	expectJSON(t, present.RoomSeen(chat.RoomSeen{Room: r, Membership: &m}, "u"), `{"room":`+room+`,"membership":`+membership+`}`)
	expectJSON(t, present.Joined(r, m, false), `{"room":`+room+`,"membership":`+membership+`}`)
	expectJSON(t, present.MyRooms([]chat.MyRoom{{Room: r, Membership: m, Unread: 3}}, "u"), `[{"room":`+room+`,"membership":`+membership+`,"unread":3}]`)
	expectJSON(t, present.MyRooms([]chat.MyRoom{{Room: r, Membership: m, Last: &chat.Message{RoomID: "r", Seq: 1, Rev: 1, Kind: chat.KindDeleted}}}, "u")[0].Last,
		`{"roomId":"r","seq":1,"rev":1,"kind":"deleted"}`)
	expectJSON(t, present.Members([]chat.Member{{User: chat.User{ID: "u", LoginID: "secret", Name: "n", Role: chat.RoleMember}, Membership: m, Online: true}}),
		`[{"user":{"id":"u","name":"n","role":"member"},"joinedAt":"2026-05-03T18:02:01.987Z","role":"owner","readSeq":5,"online":true}]`)
	expectJSON(t, present.Lobby(chat.Lobby{
		Categories: []chat.Category{{ID: "c", Name: "동네"}, {ID: "d", Name: "빈"}}, Rooms: []chat.Room{r},
	}), `[{"id":"c","name":"동네","rooms":[`+strings.Replace(room, `"head":9`, `"head":0`, 1)+`]},{"id":"d","name":"빈","rooms":[]}]`)
}

func TestNothingIsAnEmptyList(t *testing.T) {
	expectJSON(t, present.Users(nil), `[]`)
	expectJSON(t, present.Lobby(chat.Lobby{}), `[]`)
	expectJSON(t, present.History(chat.Messages{}), `{"messages":[],"users":[],"hasMore":false}`)
	expectJSON(t, present.Changes(chat.Changes{Epoch: "e", Reset: true}), `{"epoch":"e","messages":[],"users":[],"head":0,"next":0,"hasMore":false,"reset":true}`)
}

func TestFailure(t *testing.T) {
	cause := errors.New("dial 10.0.0.7: /var/lib/maru")
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"rate":      {&chat.Error{Code: chat.RateLimited, Message: "slow", RetryAfter: 1500 * time.Millisecond, Cause: cause}, `{"code":"rate_limited","message":"slow","retryAfterMs":1500,"requestId":"q"}`},
		"wrapped":   {fmt.Errorf("outer: %w", chat.InvalidField("name", "too_long")), `{"code":"invalid","message":"the request has an invalid field","errors":{"name":"too_long"},"requestId":"q"}`},
		"decode":    {&wire.DecodeError{Fields: map[string]string{"x": "unknown"}}, `{"code":"invalid","message":"the request has invalid fields","errors":{"x":"unknown"},"requestId":"q"}`},
		"malformed": {&wire.DecodeError{Malformed: true}, `{"code":"invalid","message":"malformed JSON","requestId":"q"}`},
		"internal":  {&chat.Error{Code: chat.Internal, Message: "the reader broke", Cause: cause}, `{"code":"internal","message":"something went wrong on our side","requestId":"q"}`},
		"unknown":   {cause, `{"code":"internal","message":"something went wrong on our side","requestId":"q"}`},
		"cancelled": {fmt.Errorf("reading: %w", context.Canceled), `{"code":"unavailable","message":"not done in time; try again","retryAfterMs":1000,"requestId":"q"}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := present.Failure(test.err, "q")
			expectJSON(t, f, test.want)
			if strings.Contains(fmt.Sprint(f), "10.0.0.7") {
				t.Error("a cause leaks")
			}
		})
	}
}
