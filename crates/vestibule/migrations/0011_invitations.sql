-- Invitations to organizations: who has the code comes in, while it is good.
CREATE TABLE organization_invitations (
    id               UUID    NOT NULL PRIMARY KEY,
    organization_id  UUID    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    code_digest      BYTEA   NOT NULL UNIQUE, -- HMAC-SHA256 of the code, under a key of its own
    role             TEXT    NOT NULL REFERENCES organization_roles (name),
    email            TEXT,                    -- only whoever proved this address comes in; none: whoever has the code
    email_normalized TEXT,
    by_host          BOOLEAN NOT NULL,        -- made on the host, which needs no role
    created_by       UUID REFERENCES accounts (id) ON DELETE SET NULL,
    created_at       BIGINT  NOT NULL,
    expires_at       BIGINT,                  -- none: never
    max_uses         BIGINT CHECK (max_uses >= 1), -- none: any number
    use_count        BIGINT  NOT NULL,
    revoked_at       BIGINT,
    mail_id          UUID,                    -- the letter that carried it, to be called back with it
    CHECK (max_uses IS NULL OR use_count <= max_uses)
);
CREATE INDEX organization_invitations_by_time ON organization_invitations (organization_id, created_at, id);

-- Who came in by which. The same account may come in by the same one again, after leaving.
CREATE TABLE invitation_redemptions (
    id            UUID   NOT NULL PRIMARY KEY,
    invitation_id UUID   NOT NULL REFERENCES organization_invitations (id) ON DELETE CASCADE,
    account_id    UUID REFERENCES accounts (id) ON DELETE SET NULL, -- none: gone
    created_at    BIGINT NOT NULL
);
CREATE INDEX invitation_redemptions_by_invitation ON invitation_redemptions (invitation_id, created_at, id);
CREATE INDEX invitation_redemptions_by_account ON invitation_redemptions (account_id);

-- Uses that are held for whoever signed up by an invitation and has to prove the address first. An address that has
-- an account holds one as well, so that nobody learns from it which addresses have one.
CREATE TABLE invitation_places (
    invitation_id    UUID   NOT NULL REFERENCES organization_invitations (id) ON DELETE CASCADE,
    email_normalized TEXT   NOT NULL,
    account_id       UUID REFERENCES accounts (id) ON DELETE CASCADE, -- who comes in on proving it; none: nobody does
    expires_at       BIGINT NOT NULL,
    PRIMARY KEY (invitation_id, email_normalized)
);
CREATE INDEX invitation_places_by_account ON invitation_places (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX invitation_places_by_end ON invitation_places (expires_at);
