-- People and bots, and the passwords of people.
CREATE TABLE accounts (
    id                UUID    NOT NULL PRIMARY KEY,
    kind              TEXT    NOT NULL CHECK (kind IN ('human', 'bot')),
    email             TEXT,                    -- as its owner writes it
    email_normalized  TEXT,                    -- lower case, NFC; unique among people
    username          TEXT UNIQUE,             -- always lower case
    name              TEXT,
    email_verified_at BIGINT,
    session_version   BIGINT  NOT NULL,        -- +1 ends whatever was issued under the old one
    state             TEXT    NOT NULL CHECK (state IN ('invited', 'active', 'disabled')),
    disabled_at       BIGINT,
    failed_attempts   BIGINT  NOT NULL,        -- since the last complete sign-in, or since a lock ran out
    locked_until      BIGINT,
    last_login_at     BIGINT,
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL,
    created_by        UUID REFERENCES accounts (id) ON DELETE SET NULL,
    external_id       TEXT                     -- the id it had where it was imported from
);
CREATE UNIQUE INDEX accounts_by_email ON accounts (email_normalized) WHERE kind = 'human';
CREATE INDEX accounts_by_time ON accounts (created_at, id);
CREATE INDEX accounts_by_creator ON accounts (created_by);

-- No row: no password.
CREATE TABLE passwords (
    account_id UUID   NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    hash       TEXT   NOT NULL,                -- PHC string
    set_at     BIGINT NOT NULL
);

-- What the account's earlier passwords were, the last five.
CREATE TABLE password_history (
    account_id UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    replaced_at BIGINT NOT NULL,
    hash       TEXT   NOT NULL,
    PRIMARY KEY (account_id, replaced_at, hash)
);
