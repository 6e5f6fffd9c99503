-- Organizations, who is in them, and what belongs to them.

-- A table, so that another role is a row and not a change of every constraint.
CREATE TABLE organization_roles (
    name        TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
);
INSERT INTO organization_roles (name, description) VALUES
    ('member', 'Sees who else is in it, and makes keys of their own.'),
    ('admin', 'Decides who is in it, what it is called, and whose keys end.');

-- Its row is locked by every act that changes who administers it, so that no two of them look at what the other changes.
CREATE TABLE organizations (
    id          UUID   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,               -- not unique
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    created_by  UUID REFERENCES accounts (id) ON DELETE SET NULL,
    orphaned_at BIGINT                         -- since when no active person administers it; none: somebody does
);
CREATE INDEX organizations_by_time ON organizations (created_at, id);
CREATE INDEX organizations_orphaned ON organizations (created_at, id) WHERE orphaned_at IS NOT NULL;

CREATE TABLE organization_members (
    organization_id UUID   NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    account_id      UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role            TEXT   NOT NULL REFERENCES organization_roles (name),
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, account_id)
);
CREATE INDEX organization_members_by_account ON organization_members (account_id, organization_id);
CREATE INDEX organization_members_by_time ON organization_members (organization_id, created_at, account_id);

-- Whom an admin took out, and when that last was: no invitation from before lets them back in.
CREATE TABLE organization_removals (
    organization_id UUID   NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    account_id      UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    removed_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, account_id)
);

-- In which organization something was done; none: in none. No foreign key: rows outlive what they speak of.
ALTER TABLE audit ADD COLUMN organization_id UUID;
CREATE INDEX audit_by_organization ON audit (organization_id, created_at, id);

-- Of which organization a key is; none: of none, its owner's alone.
ALTER TABLE api_keys ADD COLUMN organization_id UUID REFERENCES organizations (id) ON DELETE CASCADE;
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, created_at, id);
