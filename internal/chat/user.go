package chat

import (
	"context"
	"time"
)

// UserID names a user.
type UserID string

// Role is what a user may do everywhere.
type Role string

// The roles. The first account of an empty database is an admin.
const (
	RoleMember Role = "member"
	RoleAdmin  Role = "admin"
)

// User is a person with an account. A deleted one keeps its id, so that what they wrote still has an author, but has
// neither login id nor name.
type User struct {
	ID        UserID
	LoginID   string // shown to its owner alone
	Name      string
	Role      Role
	CreatedAt time.Time
	Deleted   bool
}

// MaxNameRunes bounds a user's name.
const MaxNameRunes = 20

// CleanUserName returns a user's name as it is stored, 1–20 characters; field names it in the error.
func (c *Chat) CleanUserName(field, name string) (string, error) {
	return c.cleanName(field, name, MaxNameRunes)
}

// User returns a user by id.
func (c *Chat) User(ctx context.Context, id UserID) (User, error) {
	return read(ctx, c.store, func(r Reader) (User, error) { return r.User(id) })
}

// Users returns those of the ids that exist, at most 200.
func (c *Chat) Users(ctx context.Context, ids []UserID) ([]User, error) {
	ids = ids[:min(len(ids), MaxPage)]
	return read(ctx, c.store, func(r Reader) ([]User, error) { return r.Users(ids) })
}

// FindUsers returns users whose name contains query.
func (c *Chat) FindUsers(ctx context.Context, by UserID, query string, limit int) ([]User, error) {
	if err := c.limits.find.check(by); err != nil {
		return nil, err
	}
	query, err := c.cleanName("query", query, MaxNameRunes)
	if err != nil {
		return nil, err
	}
	limit, err = pageSize(limit)
	if err != nil {
		return nil, err
	}
	return read(ctx, c.store, func(r Reader) ([]User, error) { return r.FindUsers(query, limit) })
}

// Rename gives a user another name.
func (c *Chat) Rename(ctx context.Context, by UserID, name string) (User, error) {
	name, err := c.CleanUserName("name", name)
	if err != nil {
		return User{}, err
	}
	return write(ctx, c.store, func(tx Tx) (User, error) {
		user, err := actor(tx, by)
		if err != nil || user.Name == name {
			return user, err
		}
		user.Name = name
		if err := tx.UpdateUser(user); err != nil {
			return User{}, err
		}
		c.publish(tx, UserChanged{User: user})
		return user, nil
	})
}

// DeleteAccount has a user leave everywhere and removes who they were; what they wrote stays, by nobody. The caller has
// checked that it is them who ask.
func (c *Chat) DeleteAccount(ctx context.Context, by UserID) error {
	return c.store.Write(ctx, func(tx Tx) error {
		user, err := actor(tx, by)
		if err != nil {
			return err
		}
		memberships, err := tx.MembershipsOf(by)
		if err != nil {
			return err
		}
		gone := User{ID: by, Role: user.Role, CreatedAt: user.CreatedAt, Deleted: true}
		for _, m := range memberships {
			if m.Left {
				continue
			}
			v, err := lock(tx, by, m.RoomID)
			if isNotFound(err) {
				continue // deleted, and not yet swept
			}
			if err != nil {
				return err
			}
			// The notice that they left tells the others who they are now: nobody.
			v.User = gone
			if err := c.depart(tx, v); err != nil {
				return err
			}
		}
		if err := tx.AnonymiseUser(by); err != nil {
			return err
		}
		c.publish(tx, UserChanged{User: gone})
		return nil
	})
}
