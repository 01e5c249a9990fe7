package chat

import (
	"context"
	"io"
	"time"
)

// Store keeps what is durable.
type Store interface {
	// Read runs fn on one snapshot: everything fn reads is as of one moment.
	Read(ctx context.Context, fn func(Reader) error) error

	// Write runs fn in a transaction and returns once what it did is on disk. Writes take effect one after the other,
	// in the order in which Write was called; several may share one sync to disk. Where fn fails nothing of it remains.
	// fn may run more than once (a database may ask for the transaction again), so it must do nothing but use its
	// argument and set its results. A full or failing disk is an Unavailable error.
	//
	// rooms are those that fn is going to lock, as far as they are known before: where other nodes write too, the rooms of
	// writes that share a transaction are locked together, in one order.
	Write(ctx context.Context, fn func(Tx) error, rooms ...RoomID) error

	// Begin is Write in two steps: it returns once the write has its place in the order, and wait, which has to be called,
	// once it is on disk.
	Begin(ctx context.Context, fn func(Tx) error, rooms ...RoomID) (wait func() error)

	// Epoch names this database's history; a restore changes it.
	Epoch() string
}

// Reader reads inside one snapshot. Where the one thing asked for is not there, the error's code is NotFound.
// Lists are never nil errors for nothing found: they are empty.
type Reader interface {
	User(UserID) (User, error)
	// Users returns those of the ids that exist, in no particular order; deleted users are included.
	Users(ids []UserID) ([]User, error)
	// FindUsers returns live users whose name contains query, ignoring case, by name and id.
	FindUsers(query string, limit int) ([]User, error)

	// Room returns a room that is not deleted.
	Room(RoomID) (Room, error)
	// DirectRoom returns the room of a pair (ascending).
	DirectRoom(pair [2]UserID) (Room, error)
	// PublicRooms returns every public room that is not deleted, with categories; a category without rooms is left out.
	// Categories come in order of creation, rooms by creation within their category.
	PublicRooms() ([]Category, []Room, error)
	Category(CategoryID) (Category, error)
	CategoryByName(name string) (Category, error)

	// Visitor returns a user, who may be deleted, and their membership of a room, nil where there is none.
	Visitor(RoomID, UserID) (User, *Membership, error)
	// Membership returns a membership, also one that is Left.
	Membership(RoomID, UserID) (Membership, error)
	// MembershipsOf returns all memberships of a user, also those that are Left.
	MembershipsOf(UserID) ([]Membership, error)
	// RecentJoins returns present memberships of these users that were joined (or come back to) at or after a time, in no
	// particular order.
	RecentJoins(users []UserID, since time.Time) ([]Membership, error)
	// Members returns present memberships in the order of joining, then of user id, beginning after one of them
	// ("" for the first).
	Members(room RoomID, after UserID, limit int) ([]Membership, error)
	// MyRooms returns the user's rooms that they have not left, with the newest visible message and the unread count.
	// Rooms with the newest message (or joining) come first.
	MyRooms(UserID) ([]MyRoom, error)
	// Unread counts messages by others, of KindMessage, with seq > after, up to MaxUnread.
	Unread(room RoomID, reader UserID, after int64) (int, error)

	Image(ImageID) (Image, error)
	// Images returns those of the ids that exist, in no particular order.
	Images(ids []ImageID) ([]Image, error)
	// ImageSeenBy returns an image, and the viewer's membership of its message's room, nil where there is none.
	ImageSeenBy(id ImageID, viewer UserID) (Image, *Membership, error)
	// LooseImages returns a user's loose images, the oldest first.
	LooseImages(owner UserID) ([]Image, error)
	// RoomImages returns images of messages with seq > floor, and < before where that is > 0: those of the newest message
	// first, and of one message in its order.
	RoomImages(room RoomID, floor, before int64, limit int) ([]RoomImage, error)
	// AllImages returns images with an id > after in ascending order of id.
	AllImages(after ImageID, limit int) ([]Image, error)
	// OrderedRemovals returns those of the keys whose removal is ordered.
	OrderedRemovals(keys []string) ([]string, error)

	Message(RoomID, int64) (Message, error)
	// MessageByClientID returns the message that sender sent as clientID, and the digest kept with it (nil once the
	// message was deleted).
	MessageByClientID(sender UserID, clientID string) (Message, []byte, error)
	// Messages returns messages with seq > Floor in ascending order of seq: see Page.
	Messages(RoomID, Page) ([]Message, error)
	// Changes returns messages with rev > since and seq > visibleAfter in ascending order of rev.
	Changes(room RoomID, since, visibleAfter int64, limit int) ([]Message, error)
	// Heads returns the heads of those of the rooms that exist and are not deleted.
	Heads([]RoomID) (map[RoomID]int64, error)
}

// Page asks for messages with seq > Floor: the newest Limit of those with seq < Before where Before > 0, else the
// oldest Limit of those with seq > After where After ≥ 0, else the newest Limit.
type Page struct {
	Floor  int64
	Before int64
	After  int64 // -1 for none
	Limit  int
}

// MyRoom is one of a user's rooms as their list shows it.
type MyRoom struct {
	Room       Room
	Membership Membership
	PeerLeft   bool     // direct rooms: the other one has left
	Last       *Message // newest visible one that is not deleted, nil where there is none
	Unread     int
}

// MaxUnread caps the unread count.
const MaxUnread = 999

// Tx reads and writes inside one transaction.
type Tx interface {
	Reader

	// LockRoom returns a room that is not deleted and keeps others from changing it until the transaction ends.
	LockRoom(RoomID) (Room, error)
	// LockUser returns a user and keeps others from changing it until the transaction ends.
	LockUser(UserID) (User, error)
	InsertCategory(Category) error
	// InsertRoom fails with RoomNameTaken where a public room of that name (ignoring case) is in the category.
	InsertRoom(Room) error
	// UpdateRoom stores a locked room's fields: name, topic, emoji, owner, member count, head, deleted. It fails as
	// InsertRoom does.
	UpdateRoom(Room) error

	// PutMembership inserts or replaces a membership.
	PutMembership(Membership) error
	DeleteMembership(RoomID, UserID) error
	// SetReadSeq raises a member's ReadSeq; a lower one changes nothing.
	SetReadSeq(RoomID, UserID, int64) error
	// OldestMember returns the membership that was joined first, or NotFound.
	OldestMember(RoomID) (Membership, error)

	// InsertMessage fails with ClientIDReused where the sender used the client id already. digest is nil for system
	// messages. The message's images, which were loose, hang on it from here on; where one is not loose any more the error's
	// code is NotFound.
	InsertMessage(m Message, digest []byte) error
	// UpdateMessage stores a message's newest rev, kind, text, number of images and editing time. A deleted one loses its
	// text, its reply and its digest. Images that it loses are deleted with DeleteImages.
	UpdateMessage(Message) error

	InsertImage(Image) error
	// UsePhoto has a loose image be its owner's photo, and stores its size in pixels and bytes and its types as given. The
	// user is updated with UpdateUser.
	UsePhoto(Image) error
	DeleteImages(ids []ImageID) error
	// ExpiredImages returns loose images made before a time.
	ExpiredImages(before time.Time, limit int) ([]Image, error)

	// PutRemovals orders that blobs be removed at a time, in place of what was ordered for them before.
	PutRemovals(keys []string, due time.Time) error
	// TakeRemovals calls orders off, and returns how many of them there were.
	TakeRemovals(keys []string) (int, error)
	// DueRemovals returns keys of blobs to be removed by now, the longest due first.
	DueRemovals(now time.Time, limit int) ([]string, error)

	// UpdateUser stores a user's login id, name, role and photo.
	UpdateUser(User) error
	// AnonymiseUser marks a user as deleted and removes their login id, name, photo, password and sessions.
	AnonymiseUser(UserID) error

	// AfterCommit has fn run once the transaction is on disk, in the order of commits, before any later commit's.
	// fn must not wait for another Write.
	AfterCommit(fn func())
}

// Sweeper removes what deleted rooms left behind, a bounded piece at a time.
type Sweeper interface {
	// SweepDeletedRooms removes up to limit rows of deleted rooms and returns how many it removed. The removal of their
	// images' blobs is ordered for now.
	SweepDeletedRooms(ctx context.Context, limit int) (int, error)
}

// Photos makes pictures of uploads. It trusts nothing that it reads. What cannot be a picture is UnsupportedImage, one of too
// many pixels ImageTooLarge; any other error is a failure to read or to wait.
type Photos interface {
	// Treat reads an upload of at most MaxUploadBytes.
	Treat(ctx context.Context, upload io.ReadSeeker) (Photo, error)
	// CropSquare makes a user's photo of a picture that Treat made: the middle of it.
	CropSquare(ctx context.Context, picture io.ReadSeeker) (Picture, error)
}

// Blobs keeps the bytes of images. Keys are ours alone, see ValidBlobKey, and no key begins with another key and "/": some
// stores keep keys as paths. A key that is not valid is an Internal error, before anything is touched.
//
// What the store cannot do at the moment is an Unavailable error, with the reason in Cause: it is full, refuses us, is not
// there, or is too slow. No call waits for it without bound. A context that ended is Unavailable too.
type Blobs interface {
	// Put stores size bytes of r, at most MaxBlobSize, under key, in place of what was there. Readers see all of it or nothing
	// of it, also after a crash; once Put returned the bytes are on stable storage. An error of r is returned, wrapped; where
	// r ends early that is io.ErrUnexpectedEOF, and where it goes on beyond size an error too: then nothing is changed. After
	// an Unavailable error the blob may be there or not, and is never there in part. Where r is an io.Seeker it may be read
	// several times, and where it is not it may be held in memory. It is not read after Put returned, and Put does not return
	// while r.Read does not.
	Put(ctx context.Context, key, contentType string, r io.Reader, size int64) error
	// Open opens a blob; the error's code is NotFound where there is none. ctx holds for reading it too.
	Open(ctx context.Context, key string) (Blob, error)
	// Delete removes blobs for good; one that is not there is no error. After an error some of them may be gone.
	Delete(ctx context.Context, keys ...string) error
	// List calls fn with every blob, in no particular order and without holding all of them; an error of fn ends it and is
	// returned as it is. What is put or deleted meanwhile may be in it or not.
	List(ctx context.Context, fn func(BlobEntry) error) error
	// Ready reports whether blobs can be put and opened now.
	Ready(ctx context.Context) error
}

// Bus carries events to every node. Publish never fails: an event that is lost is found by looking at the database, and where
// a bus knows that it lost some, its subscribers get an EventsMissed.
type Bus interface {
	// Publish hands events over in order. It may wait while receivers on this node are behind, never for other nodes.
	Publish(events ...Event)
	// Subscribe has fn called with every event of this node, and those of other nodes that concern it, until cancel is called:
	// what one node published to one room in order, and those that wait together.
	Subscribe(fn func([]Event)) (cancel func())
	// Watch has what other nodes publish about rooms come to this one's subscribers. What is published once it returned
	// comes, or is lost; it waits for that a second at most. Rooms are counted: each Watch takes its own Unwatch, which waits
	// for nothing, in whatever order the two are called.
	Watch(rooms ...RoomID)
	Unwatch(rooms ...RoomID)
	// Ready tells why events do not pass between the nodes at the moment, nil where they do.
	Ready() error
}

// Presence tells who is connected somewhere.
type Presence interface {
	Online(UserID) bool
}

// Clock tells the time.
type Clock interface {
	Now() time.Time
}
