-- Tokens for programs: signed ones with their refresh chains, and keys of accounts.

-- The keys that sign access tokens; the private half is sealed.
CREATE TABLE signing_keys (
    id         UUID   NOT NULL PRIMARY KEY,  -- the kid of what it signs
    algorithm  TEXT   NOT NULL CHECK (algorithm IN ('EdDSA', 'ES256')),
    public_key BYTEA  NOT NULL,
    sealed     BYTEA  NOT NULL,              -- the private key, PKCS#8
    created_at BIGINT NOT NULL,
    retired_at BIGINT                        -- when another took its place; none: it signs
);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (algorithm) WHERE retired_at IS NULL;

-- What a program goes on with: one row for each time that somebody gave it tokens.
CREATE TABLE refresh_chains (
    id              UUID   NOT NULL PRIMARY KEY,
    account_id      UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    session_id      UUID REFERENCES sessions (id) ON DELETE CASCADE, -- it dies with the session it was minted from
    session_version BIGINT NOT NULL,
    amr             TEXT   NOT NULL,         -- how its owner proved who they are (RFC 8176), words with a space between
    started_at      BIGINT NOT NULL,         -- its end is counted from here, whatever happens
    created_at      BIGINT NOT NULL,
    revoked_at      BIGINT
);
CREATE INDEX refresh_chains_by_account ON refresh_chains (account_id);
CREATE INDEX refresh_chains_by_session ON refresh_chains (session_id);
CREATE INDEX refresh_chains_by_start ON refresh_chains (started_at);

CREATE TABLE refresh_tokens (
    id          UUID   NOT NULL PRIMARY KEY,
    digest      BYTEA  NOT NULL UNIQUE,
    chain_id    UUID   NOT NULL REFERENCES refresh_chains (id) ON DELETE CASCADE,
    created_at  BIGINT NOT NULL,
    consumed_at BIGINT,
    child_id    UUID,                        -- the token it was exchanged for
    child       BYTEA                        -- that token, sealed under this one, for an answer that was lost
);
CREATE INDEX refresh_tokens_by_chain ON refresh_tokens (chain_id);
CREATE INDEX refresh_tokens_by_child ON refresh_tokens (child_id);
CREATE INDEX refresh_tokens_sealed ON refresh_tokens (consumed_at) WHERE child IS NOT NULL;

-- Keys of accounts. What one may do is what it says and what its owner may do at that moment.
CREATE TABLE api_keys (
    id           UUID   NOT NULL PRIMARY KEY,
    account_id   UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    prefix       TEXT   NOT NULL,            -- the beginning of the secret, to tell keys apart
    digest       BYTEA  NOT NULL UNIQUE,
    old_digest   BYTEA UNIQUE,               -- the secret before the last rotation
    old_until    BIGINT,                     -- until when that one is good
    permissions  JSONB,                      -- {"permissions": [...]}; none: all that its owner may
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,                     -- none: never, by choice
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX api_keys_by_account ON api_keys (account_id, created_at, id);
