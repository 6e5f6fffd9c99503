-- Signed-in browsers and programs, and secrets that work once.
CREATE TABLE sessions (
    id                  UUID   NOT NULL PRIMARY KEY,
    digest              BYTEA  NOT NULL UNIQUE, -- SHA-256 of the token; the token itself is never stored
    account_id          UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_agent          TEXT,
    ip                  TEXT,
    method              TEXT   NOT NULL,        -- how it was proven, last time
    authenticated_at    BIGINT NOT NULL,        -- when it was proven, last time
    created_at          BIGINT NOT NULL,
    last_seen_at        BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,        -- slides with use
    absolute_expires_at BIGINT NOT NULL         -- never moves
);
CREATE INDEX sessions_by_account ON sessions (account_id, created_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE one_time_tokens (
    id                 UUID   NOT NULL PRIMARY KEY,
    digest             BYTEA  NOT NULL UNIQUE,
    kind               TEXT   NOT NULL,
    account_id         UUID REFERENCES accounts (id) ON DELETE CASCADE, -- none: not about an account that exists
    payload            JSONB  NOT NULL,
    created_at         BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL,
    consumed_at        BIGINT,                  -- none: live until it expires
    attempts_remaining BIGINT                   -- none: strictly one-shot
);
CREATE INDEX one_time_tokens_by_account ON one_time_tokens (account_id, kind);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);
