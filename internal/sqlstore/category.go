package sqlstore

import (
	"errors"

	"github.com/maru-chat/maru/internal/chat"
)

func categoryInto(c *chat.Category) []any { return []any{&c.ID, &c.Name} }

// Category implements chat.Reader.
func (s *snapshot) Category(id chat.CategoryID) (c chat.Category, err error) {
	err = s.one("category", categoryInto(&c), "SELECT id, name FROM categories WHERE id = ?", string(id))
	return c, err
}

// CategoryByName implements chat.Reader; case is ignored.
func (s *snapshot) CategoryByName(name string) (c chat.Category, err error) {
	err = s.one("category", categoryInto(&c), "SELECT id, name FROM categories WHERE name_key = ?", fold(name))
	return c, err
}

// PublicRooms implements chat.Reader.
func (s *snapshot) PublicRooms() ([]chat.Category, []chat.Room, error) {
	type shelf struct {
		chat.Category
		room
	}
	found, err := list(s, func(f *shelf) []any { return append(categoryInto(&f.Category), roomInto(&f.room)...) },
		"SELECT c.id, c.name, "+roomColumns+" FROM categories c JOIN rooms r ON r.category_id = c.id"+
			" WHERE r.name_key IS NOT NULL ORDER BY c.num, r.num")
	if err != nil {
		return nil, nil, err
	}
	categories, rooms := []chat.Category{}, make([]chat.Room, len(found))
	for i, f := range found {
		if i == 0 || found[i-1].Category != f.Category {
			categories = append(categories, f.Category)
		}
		rooms[i] = f.Room
	}
	return categories, rooms, nil
}

// InsertCategory implements chat.Tx; a name in use (ignoring case) is RoomNameTaken.
func (t *tx) InsertCategory(c chat.Category) error {
	_, err := t.exec("INSERT INTO categories (id, name, name_key) VALUES (?, ?, ?)", string(c.ID), c.Name, fold(c.Name))
	if errors.Is(err, errDuplicate) {
		return chat.Errorf(chat.RoomNameTaken, "a category of that name exists")
	}
	return err
}
