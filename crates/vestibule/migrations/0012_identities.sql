-- Logins elsewhere: who somebody whom a provider names is here, and sign-ins that are on their way there and back.

CREATE TABLE identities (
    id           UUID   NOT NULL PRIMARY KEY,
    account_id   UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    provider     TEXT   NOT NULL,            -- its name in the settings
    issuer       TEXT   NOT NULL,            -- who answers under that name: another one names other people
    subject      TEXT   NOT NULL,            -- whom it names, for ever; a username or an address may change hands
    username     TEXT,
    email        TEXT,                       -- what the provider says; no proof of anything here
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    UNIQUE (provider, issuer, subject)
);
CREATE INDEX identities_by_account ON identities (account_id, created_at, id);

-- What was begun and waits for the provider's answer. The row goes when the answer comes.
CREATE TABLE oauth_states (
    digest         BYTEA  NOT NULL PRIMARY KEY,
    provider       TEXT   NOT NULL,
    purpose        TEXT   NOT NULL CHECK (purpose IN ('sign_in', 'link', 'reauthenticate')),
    browser        BYTEA  NOT NULL,          -- what stands for the browser that began it, and alone may end it
    sealed         BYTEA  NOT NULL,          -- the PKCE verifier and the nonce
    redirect_uri   TEXT,                     -- of the application that asked; none: our own pages
    client_state   TEXT,                     -- what that application wants back
    code_challenge TEXT,                     -- what it will have to prove
    return_to      TEXT,                     -- where our own pages lead afterwards
    account_id     UUID REFERENCES accounts (id) ON DELETE CASCADE, -- who links, or proves again who they are
    session_id     UUID REFERENCES sessions (id) ON DELETE CASCADE, -- and in which session
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
CREATE INDEX oauth_states_by_expiry ON oauth_states (expires_at);
CREATE INDEX oauth_states_by_account ON oauth_states (account_id);
CREATE INDEX oauth_states_by_session ON oauth_states (session_id);

-- What a proven login is exchanged for a session with.
CREATE TABLE oauth_exchange_codes (
    digest          BYTEA   NOT NULL PRIMARY KEY,
    account_id      UUID    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    session_version BIGINT  NOT NULL,        -- it is worth nothing under a later one
    redirect_uri    TEXT,                    -- of the application that it was given to; none: our own second step
    code_challenge  TEXT,
    new_user        BOOLEAN NOT NULL,
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    redeemed_at     BIGINT
);
CREATE INDEX oauth_exchange_codes_by_account ON oauth_exchange_codes (account_id);
CREATE INDEX oauth_exchange_codes_by_expiry ON oauth_exchange_codes (expires_at);
