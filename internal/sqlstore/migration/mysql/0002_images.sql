-- An image hangs on a message (room, seq, place), or is a user's photo (photo = 1), or is loose (loose_since).
CREATE TABLE images (
    id           VARBINARY(64) NOT NULL PRIMARY KEY,
    owner_id     VARBINARY(64) NOT NULL,
    created_at   BIGINT NOT NULL,
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    content_type VARBINARY(64) NOT NULL,
    thumb_type   VARBINARY(64) NOT NULL,
    size         BIGINT NOT NULL,
    blur         VARBINARY(255) NOT NULL,
    photo        TINYINT NOT NULL,
    loose_since  BIGINT NULL, -- NULL once it is attached
    room         BIGINT NULL, -- NULL where it hangs on no message
    seq          BIGINT NOT NULL, -- 0 where it hangs on no message
    place        INTEGER NOT NULL, -- among the message's images
    KEY images_message (room, seq, place),
    KEY images_loose (loose_since),
    KEY images_owner (owner_id, loose_since)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- So that a page of messages asks for images only where there are some.
ALTER TABLE messages ADD COLUMN images INTEGER NOT NULL DEFAULT 0;

-- An image's id.
ALTER TABLE users ADD COLUMN photo_id VARBINARY(64) NULL;

-- Blobs to be removed from their store. What is about to be stored stands here too, until the database knows of it.
CREATE TABLE blob_removals (
    blob_key VARBINARY(200) NOT NULL PRIMARY KEY,
    due_at   BIGINT NOT NULL,
    KEY blob_removals_due (due_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
