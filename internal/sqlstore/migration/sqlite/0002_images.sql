-- An image hangs on a message (room, seq, place), or is a user's photo (photo = 1), or is loose (loose_since).
CREATE TABLE images (
    id           TEXT NOT NULL PRIMARY KEY,
    owner_id     TEXT NOT NULL REFERENCES users (id),
    created_at   INTEGER NOT NULL,
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    thumb_type   TEXT NOT NULL,
    size         INTEGER NOT NULL,
    blur         TEXT NOT NULL,
    photo        INTEGER NOT NULL,
    loose_since  INTEGER, -- NULL once it is attached
    room         INTEGER REFERENCES rooms (num), -- NULL where it hangs on no message
    seq          INTEGER NOT NULL, -- 0 where it hangs on no message
    place        INTEGER NOT NULL -- among the message's images
) STRICT, WITHOUT ROWID;

-- A message's images, and a room's gallery.
CREATE INDEX images_message ON images (room, seq, place) WHERE room IS NOT NULL;
CREATE INDEX images_loose ON images (loose_since) WHERE loose_since IS NOT NULL;
CREATE INDEX images_owner ON images (owner_id, loose_since) WHERE loose_since IS NOT NULL;

-- So that a page of messages asks for images only where there are some.
ALTER TABLE messages ADD COLUMN images INTEGER NOT NULL DEFAULT 0;

-- An image's id. No foreign key: deleting an image would look through all users for it.
ALTER TABLE users ADD COLUMN photo_id TEXT;

-- Blobs to be removed from their store. What is about to be stored stands here too, until the database knows of it.
CREATE TABLE blob_removals (
    blob_key TEXT NOT NULL PRIMARY KEY,
    due_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX blob_removals_due ON blob_removals (due_at);
