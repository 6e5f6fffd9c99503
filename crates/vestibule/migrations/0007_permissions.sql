-- Permissions: what groups and accounts hold, and which permissions there are at all.

-- What was in the old table was written at start, from what is built in, and is written again.
DROP TABLE group_permissions;

-- How far a group reaches: {"all": true}, or {"ids": [...]}.
ALTER TABLE groups ADD COLUMN scope JSONB NOT NULL DEFAULT '{"ids": []}';
-- Whether everybody who signs up joins it. One group is.
ALTER TABLE groups ADD COLUMN is_default BOOLEAN NOT NULL DEFAULT FALSE;
-- Whether the first administrator joins it.
ALTER TABLE groups ADD COLUMN is_bootstrap BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX groups_by_time ON groups (created_at, id);

-- The same permission may be there several times, with other constraints.
CREATE TABLE group_permissions (
    group_id    UUID   NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    position    BIGINT NOT NULL,             -- their order, as they were given
    action      TEXT   NOT NULL,
    resource    TEXT   NOT NULL,
    constraints JSONB  NOT NULL,             -- always an object; an empty one limits nothing
    PRIMARY KEY (group_id, position)
);

-- Permissions that an account holds by itself.
CREATE TABLE account_permissions (
    id          UUID   NOT NULL PRIMARY KEY,
    account_id  UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    action      TEXT   NOT NULL,
    resource    TEXT   NOT NULL,
    constraints JSONB  NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  UUID REFERENCES accounts (id) ON DELETE SET NULL
);
CREATE INDEX account_permissions_by_account ON account_permissions (account_id, created_at, id);

-- Who had the way into somebody else's account: set its password, was shown a link that was used, and the like.
CREATE TABLE account_hands (
    account_id UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hand_id    UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,              -- the last time
    PRIMARY KEY (account_id, hand_id)
);
CREATE INDEX account_hands_by_hand ON account_hands (hand_id);

-- The catalogue: what can be asked. Nobody may what is not here.
CREATE TABLE permissions (
    id             UUID    NOT NULL PRIMARY KEY,
    position       BIGINT  NOT NULL,         -- the policy file's order, then that of adding
    action         TEXT    NOT NULL,
    resource       TEXT    NOT NULL,
    label          TEXT    NOT NULL,
    explicit       BOOLEAN NOT NULL,         -- only a grant of its own name matches it
    own            TEXT CHECK (own IN ('owner', 'scope')),
    any_form       TEXT,                     -- the action of the any-form beside this own-form
    system_managed BOOLEAN NOT NULL,         -- from the policy file
    created_at     BIGINT  NOT NULL,
    created_by     UUID REFERENCES accounts (id) ON DELETE SET NULL,
    UNIQUE (action, resource)
);

-- Counts every change of groups' permissions and of the catalogue; 0: no policy was ever written here.
CREATE TABLE policy (
    id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO policy (id, version) VALUES (1, 0);
