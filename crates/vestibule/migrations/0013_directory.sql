-- The directory of wallets: members known by their public keys, and the invites that make them.
-- Where another store keeps the directory, the first two tables stay empty.

-- One use each, handle and role fixed from the start.
CREATE TABLE directory_invites (
    id            UUID   NOT NULL PRIMARY KEY,  -- made from the digest of the token
    digest        BYTEA  NOT NULL UNIQUE,
    handle        TEXT   NOT NULL,
    role          TEXT   NOT NULL CHECK (role IN ('member', 'admin')),
    created_at    BIGINT NOT NULL,
    created_by    UUID,                         -- an account; none: the host
    expires_at    BIGINT,                       -- none: expired
    canceled_at   BIGINT,
    used_at       BIGINT,                       -- written before the member is made
    used_sign_pub TEXT,
    used_kex_pub  TEXT,
    CHECK (used_at IS NULL OR canceled_at IS NULL)
);
CREATE INDEX directory_invites_by_time ON directory_invites (created_at, id);

-- Whoever may use what asks the directory.
CREATE TABLE directory_members (
    sign_pub   TEXT   NOT NULL PRIMARY KEY,     -- Ed25519, hexadecimal
    kex_pub    TEXT   NOT NULL,                 -- X25519, hexadecimal
    handle     TEXT   NOT NULL,                 -- as it was written
    handle_key TEXT   NOT NULL UNIQUE,          -- in lower case
    role       TEXT   NOT NULL CHECK (role IN ('member', 'admin')),
    status     TEXT   NOT NULL CHECK (status IN ('active', 'revoked')),
    created_at BIGINT NOT NULL,
    invite_id  UUID   NOT NULL UNIQUE           -- of the invite that made it
);
CREATE INDEX directory_members_by_time ON directory_members (created_at, invite_id);

-- What a wallet is asked to sign, once. On every store of the directory these are here.
CREATE TABLE directory_challenges (
    digest     BYTEA  NOT NULL PRIMARY KEY,
    sign_pub   TEXT   NOT NULL,                 -- whoever asked named it; it may be nobody's
    expires_at BIGINT NOT NULL
);
CREATE INDEX directory_challenges_by_end ON directory_challenges (expires_at);

-- Rows of the log whose act is done elsewhere than in this database, and did not say how it ended: it is not known.
CREATE TABLE audit_unsettled (
    audit_id UUID NOT NULL PRIMARY KEY
);
