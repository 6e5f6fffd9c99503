-- Keys of services, and what they may be allowed.

-- What services may be allowed: words of their own, that no permission satisfies.
CREATE TABLE abilities (
    id         UUID   NOT NULL PRIMARY KEY,
    slug       TEXT   NOT NULL UNIQUE,
    label      TEXT   NOT NULL,
    built_in   BOOLEAN NOT NULL,             -- what Vestibule itself asks for
    created_at BIGINT NOT NULL
);
-- Keys of services, which are nobody's account.
CREATE TABLE service_keys (
    id           UUID   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL,
    prefix       TEXT   NOT NULL,
    digest       BYTEA  NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    created_by   UUID REFERENCES accounts (id) ON DELETE SET NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX service_keys_by_time ON service_keys (created_at, id);

CREATE TABLE service_key_abilities (
    service_key_id UUID NOT NULL REFERENCES service_keys (id) ON DELETE CASCADE,
    ability_id     UUID NOT NULL REFERENCES abilities (id) ON DELETE CASCADE,
    PRIMARY KEY (service_key_id, ability_id)
);
