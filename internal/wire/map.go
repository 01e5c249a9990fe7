package wire

// ClientEvents maps each event that a client may send to its payload and its acknowledgement; an event whose answer is
// nil has no acknowledgement. The site's types and the authorisation matrix are made from it.
var ClientEvents = map[string]struct{ Payload, Answer any }{
	"message:send":   {SendEvent{}, MessageAnswer{}},
	"message:edit":   {EditEvent{}, MessageAnswer{}},
	"message:delete": {MessageRef{}, MessageAnswer{}},
	"room:join":      {RoomRef{}, JoinAnswer{}},
	"room:leave":     {RoomRef{}, Empty{}},
	"room:changes":   {ChangesEvent{}, ChangesAnswer{}},
	"room:read":      {ReadEvent{}, ReadAnswer{}},
	"room:typing":    {RoomRef{}, nil},
}

// ServerEvents maps each event that the server sends to its payload.
var ServerEvents = map[string]any{
	"ready":         Ready{},
	"message":       MessageEvent{},
	"room:updated":  RoomUpdated{},
	"room:removed":  RoomRemoved{},
	"room:read":     ReadMark{},
	"room:typing":   Typing{},
	"presence":      Presence{},
	"user:updated":  UserUpdated{},
	"lobby":         LobbyEvent{},
	"session:ended": SessionEnded{},
}
