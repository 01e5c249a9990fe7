// Package present turns what the rules know into what crosses the network: chat's types into wire's. httpapi and live
// share it, so that a message looks the same whichever way it comes.
package present

import (
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// Time returns RFC 3339 in UTC with milliseconds, "" for the zero time.
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// User returns a user as everybody may see them.
func User(u chat.User) wire.User {
	out := wire.User{ID: string(u.ID), Name: u.Name, Role: string(u.Role), Deleted: u.Deleted}
	if u.Photo != nil {
		photo := Image(*u.Photo)
		out.Photo = &photo
	}
	return out
}

// Self returns a user as they see themselves.
func Self(u chat.User) wire.User {
	self := User(u)
	self.LoginID = u.LoginID
	return self
}

// Users returns users as everybody may see them.
func Users(users []chat.User) []wire.User { return each(users, User) }

// Room returns a room as viewer sees it, "" for a visitor. peerLeft is of direct rooms.
func Room(r chat.Room, viewer chat.UserID, peerLeft bool) wire.Room {
	out := wire.Room{
		ID: string(r.ID), Kind: string(r.Kind), Name: r.Name, Topic: r.Topic, Emoji: r.Emoji,
		CategoryID: string(r.CategoryID), OwnerID: string(r.OwnerID),
		MemberCount: r.MemberCount, Head: r.Head, History: string(r.History),
	}
	if r.Kind == chat.Direct {
		out.Peer = &wire.Peer{UserID: string(r.Peer(viewer)), Left: peerLeft}
	}
	return out
}

// LobbyRoom returns a public room as the lobby shows it to everybody. Its head is left out: how much is said is its
// members' own affair, and a list that changed with every message could not be cached.
func LobbyRoom(r chat.Room) wire.Room {
	r.Head = 0
	return Room(r, "", false)
}

// Membership returns a membership.
func Membership(m chat.Membership) wire.Membership {
	return wire.Membership{
		UserID: string(m.UserID), RoomID: string(m.RoomID), JoinedAt: Time(m.JoinedAt),
		VisibleAfter: m.VisibleAfter, ReadSeq: m.ReadSeq, Role: string(m.Role),
	}
}

// RoomSeen returns a room, with the membership of a viewer who has one.
func RoomSeen(r chat.RoomSeen, viewer chat.UserID) wire.RoomAnswer {
	out := wire.RoomAnswer{Room: Room(r.Room, viewer, r.PeerLeft)}
	if r.Membership != nil {
		m := Membership(*r.Membership)
		out.Membership = &m
	}
	return out
}

// Joined returns a room with the membership that its viewer has in it.
func Joined(r chat.Room, m chat.Membership, peerLeft bool) wire.JoinAnswer {
	return wire.JoinAnswer{Room: Room(r, m.UserID, peerLeft), Membership: Membership(m)}
}

// MyRooms returns viewer's rooms.
func MyRooms(rooms []chat.MyRoom, viewer chat.UserID) []wire.MyRoom {
	return each(rooms, func(r chat.MyRoom) wire.MyRoom { return MyRoom(r, viewer) })
}

// MyRoom returns one of viewer's rooms.
func MyRoom(r chat.MyRoom, viewer chat.UserID) wire.MyRoom {
	out := wire.MyRoom{
		Room: Room(r.Room, viewer, r.PeerLeft), Membership: Membership(r.Membership), Unread: r.Unread,
	}
	if r.Last != nil {
		last := Message(*r.Last)
		out.Last = &last
	}
	return out
}

// Member returns a member as a room's panel shows them.
func Member(m chat.Member) wire.Member {
	return wire.Member{
		User: User(m.User), JoinedAt: Time(m.Membership.JoinedAt), Role: string(m.Membership.Role),
		ReadSeq: m.Membership.ReadSeq, Online: m.Online,
	}
}

// Members returns members.
func Members(members []chat.Member) []wire.Member { return each(members, Member) }

// Message returns a message in its newest state.
func Message(m chat.Message) wire.Message {
	out := wire.Message{
		RoomID: string(m.RoomID), Seq: m.Seq, Rev: m.Rev, ClientID: m.ClientID, SenderID: string(m.SenderID),
		Kind: string(m.Kind), Text: m.Text, ReplyTo: m.ReplyTo, SentAt: Time(m.SentAt), EditedAt: Time(m.EditedAt),
	}
	if len(m.Images) > 0 {
		out.Images = each(m.Images, Image)
	}
	if m.Event != nil {
		out.Event = &wire.SystemEvent{
			Type: string(m.Event.Type), UserID: string(m.Event.UserID), ByUserID: string(m.Event.ByUserID),
		}
	}
	return out
}

// Draft returns what is asked to be sent.
func Draft(in wire.SendMessage) chat.Draft {
	return chat.Draft{
		ClientID: in.ClientID, Text: in.Text, ReplyTo: in.ReplyTo,
		ImageIDs: each(in.ImageIDs, func(id string) chat.ImageID { return chat.ImageID(id) }),
	}
}

// ImagePath is where the bytes of images are served; "/thumb" follows the id of the smaller form.
const ImagePath = "/images/"

// Image returns an image. A photo is its own smaller form.
func Image(i chat.Image) wire.Image {
	url := ImagePath + string(i.ID)
	return wire.Image{
		ID: string(i.ID), Width: i.Width, Height: i.Height, ContentType: i.ContentType, Size: i.Size,
		URL: url, ThumbURL: url + "/thumb", Blur: i.Blur,
	}
}

// Gallery returns a page of a room's images.
func Gallery(g chat.Gallery) wire.RoomImagesAnswer {
	return wire.RoomImagesAnswer{
		Images: each(g.Images, func(i chat.RoomImage) wire.RoomImage {
			return wire.RoomImage{Image: Image(i.Image), Seq: i.Seq, SenderID: string(i.OwnerID), SentAt: Time(i.SentAt)}
		}),
		Users: Users(g.Users), HasMore: g.HasMore,
	}
}

// Messages returns messages in their order.
func Messages(messages []chat.Message) []wire.Message { return each(messages, Message) }

// History returns a page of history.
func History(m chat.Messages) wire.MessagesAnswer {
	return wire.MessagesAnswer{Messages: Messages(m.Messages), Users: Users(m.Users), HasMore: m.HasMore}
}

// Changes returns a page of changes.
func Changes(c chat.Changes) wire.ChangesAnswer {
	return wire.ChangesAnswer{
		Epoch: c.Epoch, Messages: Messages(c.Messages), Users: Users(c.Users),
		Head: c.Head, Next: c.Next, HasMore: c.HasMore, Reset: c.Reset,
	}
}

// Category returns a category without its rooms.
func Category(c chat.Category) wire.Category {
	return wire.Category{ID: string(c.ID), Name: c.Name, Rooms: []wire.Room{}}
}

// Lobby returns every category with its public rooms.
func Lobby(l chat.Lobby) []wire.Category {
	categories := each(l.Categories, Category)
	place := make(map[string]int, len(categories))
	for i, c := range categories {
		place[c.ID] = i
	}
	for _, r := range l.Rooms {
		if i, ok := place[string(r.CategoryID)]; ok {
			categories[i].Rooms = append(categories[i].Rooms, LobbyRoom(r))
		}
	}
	return categories
}

// each returns fn of every element; never nil, which JSON would write as null.
func each[A, B any](in []A, fn func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = fn(a)
	}
	return out
}
