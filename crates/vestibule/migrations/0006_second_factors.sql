-- Second factors: TOTP secrets, sealed, and recovery codes.
CREATE TABLE second_factors (
    account_id UUID   NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    secret     BYTEA  NOT NULL,              -- sealed
    last_step  BIGINT NOT NULL,              -- the latest time step that was accepted: none is accepted twice
    enabled_at BIGINT NOT NULL
);

-- A secret that its owner has not yet shown to hold: it changes nothing.
CREATE TABLE second_factor_enrolments (
    account_id UUID   NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    secret     BYTEA  NOT NULL,              -- sealed
    expires_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    account_id UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest     BYTEA  NOT NULL,              -- HMAC-SHA256 under a key of the master secret
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, digest)
);

-- The second factor that a session was opened with; none: there was none.
ALTER TABLE sessions ADD COLUMN second_factor TEXT;
