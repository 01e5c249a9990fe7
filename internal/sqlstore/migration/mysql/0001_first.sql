-- As in ../sqlite, table by table. MySQL commits every statement here by itself, and each is recorded: one that has run is never
-- changed, and new ones are added at the end or in a file of their own.
--
-- What people read is utf8mb4 with a binary collation. Ids and keys are VARBINARY: in a text of such a collation 'a' and 'a ' would be
-- the same key. No foreign keys: checking one locks its parent, so that every message would lock its room and sender once more, and
-- some relatives of MySQL have none. Every table names its engine and collation, so that the server's own do not matter.

CREATE TABLE meta (
    name  VARBINARY(64) NOT NULL PRIMARY KEY,
    value VARBINARY(1024) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- By its row each writer knows whether a commit that it heard nothing of took place: see marker.go.
CREATE TABLE writers (
    id    VARBINARY(64) NOT NULL PRIMARY KEY,
    batch BIGINT NOT NULL,
    at    BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE users (
    id            VARBINARY(64) NOT NULL PRIMARY KEY,
    login_id      VARBINARY(64) NULL, -- NULL once deleted
    name          VARCHAR(255) NOT NULL,
    name_key      VARBINARY(1024) NOT NULL,
    role          VARBINARY(16) NOT NULL,
    password_hash VARBINARY(512) NOT NULL, -- '' once deleted
    created_at    BIGINT NOT NULL,
    deleted       TINYINT NOT NULL,
    UNIQUE KEY users_login (login_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Whoever inserts the one row is the first account of this database.
CREATE TABLE admin_claim (
    one     INTEGER NOT NULL PRIMARY KEY,
    user_id VARBINARY(64) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE sessions (
    id            VARBINARY(64) NOT NULL PRIMARY KEY,
    user_id       VARBINARY(64) NOT NULL,
    kind          VARBINARY(16) NOT NULL,
    refresh_hash  VARBINARY(64) NOT NULL,
    previous_hash VARBINARY(64) NULL,
    rotated_at    BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    last_used_at  BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    user_agent    VARBINARY(1024) NOT NULL, -- as it came: it may be no text at all
    address       VARBINARY(255) NOT NULL,
    KEY sessions_user (user_id),
    KEY sessions_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE categories (
    num      BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, -- order of creation
    id       VARBINARY(64) NOT NULL,
    name     VARCHAR(255) NOT NULL,
    name_key VARBINARY(1024) NOT NULL,
    UNIQUE KEY categories_id (id),
    UNIQUE KEY categories_name (name_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE rooms (
    num          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, -- order of creation; the short key of members and messages
    id           VARBINARY(64) NOT NULL,
    kind         VARBINARY(16) NOT NULL,
    history      VARBINARY(16) NOT NULL,
    head         BIGINT NOT NULL,
    member_count INTEGER NOT NULL,
    deleted      TINYINT NOT NULL,
    created_at   BIGINT NOT NULL,
    owner_id     VARBINARY(64) NOT NULL, -- '' for none
    category_id  VARBINARY(64) NULL, -- public rooms only
    name_key     VARBINARY(1024) NULL, -- public rooms that are not deleted
    pair_low     VARBINARY(64) NULL, -- direct rooms that are not deleted
    pair_high    VARBINARY(64) NULL,
    name         VARCHAR(255) NOT NULL,
    topic        TEXT NOT NULL,
    emoji        VARCHAR(255) NOT NULL,
    UNIQUE KEY rooms_id (id),
    UNIQUE KEY rooms_name (category_id, name_key),
    UNIQUE KEY rooms_pair (pair_low, pair_high),
    KEY rooms_deleted (deleted)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE memberships (
    room          BIGINT NOT NULL,
    user_id       VARBINARY(64) NOT NULL,
    joined_at     BIGINT NOT NULL,
    visible_after BIGINT NOT NULL,
    read_seq      BIGINT NOT NULL,
    role          VARBINARY(16) NOT NULL,
    has_left      TINYINT NOT NULL,
    PRIMARY KEY (room, user_id),
    KEY memberships_user (user_id),
    KEY memberships_joined (room, joined_at, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE messages (
    room       BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    rev        BIGINT NOT NULL, -- seq until first changed
    kind       VARBINARY(16) NOT NULL,
    sender_id  VARBINARY(64) NOT NULL, -- '' for system messages
    client_id  VARBINARY(64) NULL, -- NULL for system messages
    sent_at    BIGINT NOT NULL,
    edited_at  BIGINT NOT NULL, -- 0 for never
    reply_to   BIGINT NOT NULL, -- 0 for none
    event_type VARBINARY(16) NOT NULL, -- '' but for system messages
    event_user VARBINARY(64) NOT NULL,
    event_by   VARBINARY(64) NOT NULL,
    digest     VARBINARY(64) NULL, -- of the original request; NULL once deleted
    text       TEXT NOT NULL,
    PRIMARY KEY (room, seq),
    UNIQUE KEY messages_client (sender_id, client_id),
    UNIQUE KEY messages_rev (room, rev)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- As what the swept messages of deleted rooms were sent: a client id names one message for ever.
CREATE TABLE spent_client_ids (
    sender_id VARBINARY(64) NOT NULL,
    client_id VARBINARY(64) NOT NULL,
    PRIMARY KEY (sender_id, client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
