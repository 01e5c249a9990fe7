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
	Photo     *Image // nil for none
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

// Profile is what a user changes of theirs; nil fields stay as they are.
type Profile struct {
	Name  *string
	Photo *ImageID // a loose image of theirs, the middle of which becomes their photo; "" removes the photo
}

// UpdateProfile changes a user's name, photo or both. Errors: Invalid; with a photo also NotFound and Unavailable.
func (c *Chat) UpdateProfile(ctx context.Context, by UserID, p Profile) (User, error) {
	if p.Name != nil {
		name, err := c.CleanUserName("name", *p.Name)
		if err != nil {
			return User{}, err
		}
		p.Name = &name
	}
	if p.Photo == nil || *p.Photo == "" {
		return write(ctx, c.store, func(tx Tx) (User, error) { return c.storeProfile(tx, by, p, nil) })
	}
	current, image, err := c.photoToBe(ctx, by, *p.Photo)
	if err != nil {
		return User{}, err
	}
	if current { // the same request again
		p.Photo = nil
		return c.UpdateProfile(ctx, by, p)
	}
	square, err := c.squareOf(ctx, image)
	if err != nil {
		return User{}, err
	}
	photo := image
	photo.Photo, photo.Blur = true, ""
	photo.Width, photo.Height, photo.Size = square.Width, square.Height, int64(len(square.Bytes))
	photo.ContentType, photo.ThumbType = square.ContentType, square.ContentType
	return keepBlobs(ctx, c, []Picture{square}, photo.BlobKeys(), func(tx Tx) (User, error) {
		// It may have been sent, or taken by another request, meanwhile.
		if _, err := attachable(tx, by, "photoImageId", []ImageID{image.ID}); err != nil {
			return User{}, err
		}
		if err := tx.PutRemovals(image.BlobKeys(), atOnce); err != nil {
			return User{}, err
		}
		tx.AfterCommit(c.wakeSweeper)
		if err := tx.UsePhoto(photo); err != nil {
			return User{}, err
		}
		return c.storeProfile(tx, by, p, &photo)
	})
}

// photoToBe returns the image that shall become a user's photo; current tells that it is it already.
func (c *Chat) photoToBe(ctx context.Context, by UserID, id ImageID) (current bool, _ Image, err error) {
	image, err := read(ctx, c.store, func(r Reader) (Image, error) {
		user, err := actor(r, by)
		if err != nil {
			return Image{}, err
		}
		if current = user.Photo != nil && user.Photo.ID == id; current {
			return *user.Photo, nil
		}
		images, err := attachable(r, by, "photoImageId", []ImageID{id})
		if err != nil {
			return Image{}, err
		}
		return images[0], nil
	})
	return current, image, err
}

func (c *Chat) squareOf(ctx context.Context, image Image) (Picture, error) {
	blob, err := c.blobs.Open(ctx, blobKey(image.ID, formThumb))
	if err != nil {
		return Picture{}, err
	}
	defer func() { _ = blob.Close() }() // it was only read
	square, err := c.photos.CropSquare(ctx, blob)
	if err != nil {
		return Picture{}, notTreated(err)
	}
	return square, nil
}

// storeProfile changes what is given; photo is the image to be the user's photo where p names one.
func (c *Chat) storeProfile(tx Tx, by UserID, p Profile, photo *Image) (User, error) {
	user, err := lockActor(tx, by)
	if err != nil {
		return User{}, err
	}
	was := user
	if p.Name != nil {
		user.Name = *p.Name
	}
	if p.Photo != nil {
		user.Photo = photo
	}
	if user == was {
		return user, nil
	}
	if err := tx.UpdateUser(user); err != nil {
		return User{}, err
	}
	if was.Photo != nil && was.Photo != user.Photo {
		if err := c.removeImages(tx, []Image{*was.Photo}); err != nil {
			return User{}, err
		}
	}
	c.publish(tx, UserChanged{User: user})
	return user, nil
}

// DeleteAccount has a user leave everywhere and removes who they were; what they wrote stays, by nobody. The caller has
// checked that it is them who ask.
func (c *Chat) DeleteAccount(ctx context.Context, by UserID) error {
	return c.store.Write(ctx, func(tx Tx) error {
		user, err := lockActor(tx, by) // nobody has them join anything from here on
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
		images, err := tx.LooseImages(by)
		if err != nil {
			return err
		}
		if user.Photo != nil {
			images = append(images, *user.Photo)
		}
		if err := c.removeImages(tx, images); err != nil {
			return err
		}
		c.publish(tx, UserChanged{User: gone})
		return nil
	})
}

// SetRole changes a user's role. It is an operator's at the machine itself: nobody's rights are asked. Errors: NotFound,
// Unavailable.
func (c *Chat) SetRole(ctx context.Context, id UserID, role Role) error {
	return c.store.Write(ctx, func(tx Tx) error {
		user, err := tx.LockUser(id)
		if err != nil {
			return err
		}
		user.Role = role
		if err := tx.UpdateUser(user); err != nil {
			return err
		}
		c.publish(tx, UserChanged{User: user})
		return nil
	})
}
