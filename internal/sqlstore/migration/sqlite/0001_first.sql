-- Times are milliseconds since 1970 UTC. Ids are made by the program. A *_key column holds its neighbour case-folded.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            TEXT NOT NULL PRIMARY KEY,
    login_id      TEXT UNIQUE, -- NULL once deleted
    name          TEXT NOT NULL,
    name_key      TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL, -- '' once deleted
    created_at    INTEGER NOT NULL,
    deleted       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whoever inserts the one row is the first account of this database.
CREATE TABLE admin_claim (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    user_id TEXT NOT NULL REFERENCES users (id)
) STRICT;

CREATE TABLE sessions (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id),
    kind          TEXT NOT NULL,
    refresh_hash  BLOB NOT NULL,
    previous_hash BLOB,
    rotated_at    INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    user_agent    TEXT NOT NULL,
    address       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE categories (
    num      INTEGER PRIMARY KEY AUTOINCREMENT, -- order of creation
    id       TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE rooms (
    num          INTEGER PRIMARY KEY AUTOINCREMENT, -- order of creation; the short key of members and messages
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    history      TEXT NOT NULL,
    head         INTEGER NOT NULL,
    member_count INTEGER NOT NULL,
    deleted      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    owner_id     TEXT NOT NULL, -- '' for none
    category_id  TEXT REFERENCES categories (id), -- public rooms only
    name_key     TEXT, -- public rooms that are not deleted
    pair_low     TEXT, -- direct rooms that are not deleted
    pair_high    TEXT,
    name         TEXT NOT NULL,
    topic        TEXT NOT NULL,
    emoji        TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX rooms_name ON rooms (category_id, name_key) WHERE name_key IS NOT NULL;
CREATE UNIQUE INDEX rooms_pair ON rooms (pair_low, pair_high) WHERE pair_low IS NOT NULL;
CREATE INDEX rooms_deleted ON rooms (num) WHERE deleted = 1;

CREATE TABLE memberships (
    room          INTEGER NOT NULL REFERENCES rooms (num),
    user_id       TEXT NOT NULL REFERENCES users (id),
    joined_at     INTEGER NOT NULL,
    visible_after INTEGER NOT NULL,
    read_seq      INTEGER NOT NULL,
    role          TEXT NOT NULL,
    has_left      INTEGER NOT NULL,
    PRIMARY KEY (room, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_user ON memberships (user_id);
CREATE INDEX memberships_joined ON memberships (room, joined_at, user_id);

-- History walks the key, catching up walks messages_rev; as that holds seq too, what a member may not see is passed over
-- without reading its row. The text stands last, so that counting never reads its overflow pages.
CREATE TABLE messages (
    room        INTEGER NOT NULL REFERENCES rooms (num),
    seq         INTEGER NOT NULL,
    rev         INTEGER NOT NULL, -- seq until first changed
    kind        TEXT NOT NULL,
    sender_id   TEXT NOT NULL, -- '' for system messages
    client_id   TEXT, -- NULL for system messages
    sent_at     INTEGER NOT NULL,
    edited_at   INTEGER NOT NULL, -- 0 for never
    reply_to    INTEGER NOT NULL, -- 0 for none
    event_type  TEXT NOT NULL, -- '' but for system messages
    event_user  TEXT NOT NULL,
    event_by    TEXT NOT NULL,
    digest      BLOB, -- of the original request; NULL once deleted
    text        TEXT NOT NULL,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_client ON messages (sender_id, client_id) WHERE client_id IS NOT NULL;
CREATE UNIQUE INDEX messages_rev ON messages (room, rev);

-- As what the swept messages of deleted rooms were sent: a client id names one message for ever.
CREATE TABLE spent_client_ids (
    sender_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    PRIMARY KEY (sender_id, client_id)
) STRICT, WITHOUT ROWID;
