-- What everything else stands on.

-- A row to lock for an invariant that spans several rows: UPDATE locks SET taken = taken + 1 WHERE name = $1.
CREATE TABLE locks (
    name  TEXT   NOT NULL PRIMARY KEY,
    taken BIGINT NOT NULL
);
INSERT INTO locks (name, taken) VALUES ('administrators', 0), ('decoy', 0);

-- The counter of the revocation feed: its row lock, always taken last, makes the order of commits that of seq.
CREATE TABLE feed (
    id  BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL
);
INSERT INTO feed (id, seq) VALUES (1, 0);

-- Whose cached principal every node must forget. The newest row is never pruned.
CREATE TABLE revocations (
    seq        BIGINT NOT NULL PRIMARY KEY,
    account_id UUID   NOT NULL,               -- no foreign key: the account may be gone
    created_at BIGINT NOT NULL                -- microseconds UTC, as every time here
);

-- Every act, and every refusal that matters. Rows outlive what they speak of, hence labels and no foreign keys.
CREATE TABLE audit (
    id           UUID   NOT NULL PRIMARY KEY,
    created_at   BIGINT NOT NULL,
    actor_kind   TEXT   NOT NULL CHECK (actor_kind IN ('account', 'host', 'system', 'anonymous')),
    actor_id     UUID,
    actor_label  TEXT   NOT NULL,
    action       TEXT   NOT NULL,             -- object.verb, in the past tense
    target_kind  TEXT,
    target_id    UUID,
    target_label TEXT,
    details      JSONB  NOT NULL,             -- always an object
    request_id   UUID,
    ip           TEXT,
    outcome      TEXT   NOT NULL CHECK (outcome IN ('done', 'refused'))
);
CREATE INDEX audit_by_time ON audit (created_at, id);
CREATE INDEX audit_by_actor ON audit (actor_id, created_at, id);
CREATE INDEX audit_by_target ON audit (target_id, created_at, id);
