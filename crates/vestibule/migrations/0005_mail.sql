-- Rows to lock for addresses that nobody has: many, so that strangers do not wait for each other where owners do not.
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 255)
INSERT INTO locks (name, taken) SELECT 'decoy-' || CAST(n AS TEXT), 0 FROM numbers;
DELETE FROM locks WHERE name = 'decoy';

-- Mail: what is to be sent, written in the transaction of what it speaks of.
CREATE TABLE outbox (
    id              UUID   NOT NULL PRIMARY KEY,
    account_id      UUID REFERENCES accounts (id) ON DELETE SET NULL, -- whose mail; none: nobody's here, or gone
    token_id        UUID,                    -- the one-time token it carries: it is not sent once that is dead
    kind            TEXT   NOT NULL,
    recipient       TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    content         BYTEA,                   -- sealed: text and HTML; erased once it was sent or can no longer be
    state           TEXT   NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'expired', 'kept')),
    attempts        BIGINT NOT NULL,         -- how often it was tried
    copies          BIGINT NOT NULL,         -- how many the other side may have taken: never more than two
    next_attempt_at BIGINT NOT NULL,         -- while sending: when the one who sends it is given up
    last_error      TEXT,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,         -- not sent after that
    sent_at         BIGINT
);
CREATE INDEX outbox_by_time ON outbox (created_at, id);
CREATE INDEX outbox_by_account ON outbox (account_id, created_at, id);
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state IN ('queued', 'sending');

-- When the owner of any address of this account first proved it; none: nobody ever did.
ALTER TABLE accounts ADD COLUMN first_proven_at BIGINT;
-- When its owner signed up for it; none: somebody else made it.
ALTER TABLE accounts ADD COLUMN signed_up_at BIGINT;
-- Since when it waits for whoever signed up to prove the address; none: it does not, or somebody else saw to it.
ALTER TABLE accounts ADD COLUMN pending_since BIGINT;
-- When its invitation was called back; none: it was not.
ALTER TABLE accounts ADD COLUMN invite_revoked_at BIGINT;

-- Which of an account's devices are known, so that its owner hears of a new one.
CREATE TABLE known_devices (
    account_id   UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest       BYTEA  NOT NULL,            -- of what the client calls itself
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, digest)
);
