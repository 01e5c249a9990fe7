package wire

// Page is what the server puts into the page that it sends (the JSON of the element with id "maru-page"), so that the
// first paint is already right: nobody is shown as logged out at a reload.
type Page struct {
	User       *User           `json:"user,omitempty" doc:"Who is logged in; absent for a visitor."`
	Epoch      string          `json:"epoch"`
	Now        string          `json:"now" format:"date-time" doc:"When the page was made: clocks of devices are wrong by hours."`
	Lang       string          `json:"lang" enum:"ko,en"`
	SignUp     string          `json:"signUp" enum:"open,closed"`
	Categories []Category      `json:"categories"`
	Rooms      []MyRoom        `json:"rooms,omitempty"`
	Users      []User          `json:"users,omitempty"`
	Room       *RoomAnswer     `json:"room,omitempty" doc:"The room that the address names, where the user may see it."`
	Messages   *MessagesAnswer `json:"messages,omitempty" doc:"The newest page of that room, or, where more than that is unread, one around where the user left off."`
	Around     int64           `json:"around,omitempty" doc:"The seq that messages is around; absent for the newest page."`
}
