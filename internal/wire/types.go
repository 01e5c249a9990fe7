package wire

// Types lists the shapes that HTTP alone carries; those of the events are found through ClientEvents and ServerEvents.
var Types = []any{
	SignUp{},
	LogIn{},
	TokenRequest{},
	UpdateMe{},
	ChangePassword{},
	DeleteMe{},
	CreateRoom{},
	UpdateRoom{},
	SendMessage{},
	EditMessage{},
	UserAnswer{},
	UsersAnswer{},
	TokensAnswer{},
	SessionsAnswer{},
	MyRoomsAnswer{},
	CategoriesAnswer{},
	RoomAnswer{},
	MembersAnswer{},
	MessagesAnswer{},
	ImageAnswer{},
	RoomImagesAnswer{},
	Problem{},
	Answer{},
	Page{},
}
