-- Groups of accounts; permissions are held through them.
CREATE TABLE groups (
    id             UUID    NOT NULL PRIMARY KEY,
    slug           TEXT    NOT NULL UNIQUE,    -- never changes
    name           TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    system_managed BOOLEAN NOT NULL,           -- only its membership may change
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    created_by     UUID REFERENCES accounts (id) ON DELETE SET NULL
);

CREATE TABLE group_members (
    group_id   UUID   NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    account_id UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, account_id)
);
CREATE INDEX group_members_by_account ON group_members (account_id);

CREATE TABLE group_permissions (
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    action   TEXT NOT NULL,
    resource TEXT NOT NULL,
    PRIMARY KEY (group_id, action, resource)
);
