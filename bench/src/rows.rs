//! Many sessions and API keys, written straight into their tables, as if each was used just now: so a check is a check,
//! and no note of a use waits to be written. The secrets follow from their numbers, so that any of them can be shown.

use anyhow::Result;
use vestibule::{AccountId, Arg, Db, Digest, Random, Secret, SecretKind, SessionId, Timestamp, Vestibule};

use crate::databases::run;

/// Among how many accounts they are spread.
const ACCOUNTS: usize = 300;
/// How many rows a statement writes; every size is a multiple of it.
const AT_ONCE: usize = 1_000;
/// How many statements a transaction holds.
const STATEMENTS: usize = 100;
const MICROS_PER_DAY: i64 = 24 * 3600 * 1_000_000;

/// When they all were made, were last used, and end.
struct Times {
    now: Timestamp,
    used_at: Timestamp,
    ends_at: Timestamp,
}

/// The nth secret of a kind.
pub fn secret(kind: SecretKind, n: usize) -> Secret {
    Secret::fresh(kind, &Random::seeded(n as u64))
}

/// Writes so many sessions and so many API keys.
pub async fn fill(vestibule: &Vestibule, count: usize) -> Result<()> {
    let (db, now) = (vestibule.db(), vestibule.now());
    // A use is noted a minute after the last: no measurement takes this long.
    let used_at = Timestamp(now.0 + MICROS_PER_DAY / 24);
    let times = Times { now, used_at, ends_at: Timestamp(now.0 + 2 * MICROS_PER_DAY) };
    if db.name() == "SQLite" {
        db.write().await?.exec("PRAGMA cache_size = -262144", &[]).await?; // of this connection: 256 MiB
    }
    let accounts = insert_accounts(vestibule, now).await?;
    write(db, SecretKind::Session, count, &accounts, &times).await?;
    write(db, SecretKind::ApiKey, count, &accounts, &times).await?;
    if db.name() == "PostgreSQL" {
        run(db, "VACUUM ANALYZE".to_owned()).await?; // what autovacuum would do meanwhile
    }
    Ok(())
}

/// Members of the instance, active and without passwords.
async fn insert_accounts(vestibule: &Vestibule, now: Timestamp) -> Result<Vec<AccountId>> {
    let ids: Vec<AccountId> = (0..ACCOUNTS).map(|_| AccountId::fresh(now, vestibule.random())).collect();
    let mut tx = vestibule.db().write().await?;
    for (n, id) in ids.iter().enumerate() {
        let email = format!("person{n}@example.com");
        let account =
            "INSERT INTO accounts (id, kind, email, email_normalized, email_verified_at, session_version, state,
                                             failed_attempts, created_at, updated_at)
                       VALUES ($1, 'human', $2, $2, $3, 1, 'active', 0, $3, $3)";
        tx.exec(account, &[id, &email, &now]).await?;
        let member = "INSERT INTO group_members (group_id, account_id, created_at)
                      SELECT id, $1, $2 FROM groups WHERE slug = 'members'";
        tx.exec(member, &[id, &now]).await?;
    }
    tx.commit().await?;
    Ok(ids)
}

async fn write(db: &Db, kind: SecretKind, count: usize, accounts: &[AccountId], times: &Times) -> Result<()> {
    let mut digests: Vec<Digest> = (0..count).map(|n| secret(kind, n).digest()).collect();
    digests.sort_unstable_by_key(|digest| digest.0); // an index grows faster at its end
    let (random, begin) = (Random::seeded(0), times.now.0 - 1_000 * digests.len() as i64);
    let id = |n: usize| SessionId::fresh(Timestamp(begin + 1_000 * n as i64), &random).0; // later ones sort later
    let rows = digests.iter().zip(accounts.iter().cycle()).enumerate();
    let rows: Vec<_> = rows.map(|(n, (digest, account))| (id(n), digest, account)).collect();
    let sql: &'static str = statement(kind).leak();
    for some in rows.chunks(AT_ONCE * STATEMENTS) {
        let mut tx = db.write().await?;
        for rows in some.chunks(AT_ONCE) {
            let times: [&dyn Arg; 3] = [&times.now, &times.used_at, &times.ends_at];
            let rows = rows.iter().flat_map(|(id, digest, account)| [id as &dyn Arg, *digest, *account]);
            let args: Vec<&dyn Arg> = times.into_iter().chain(rows).collect();
            tx.exec(sql, &args).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Inserts as many rows as a statement writes: the times, then an id, a digest and an account for each.
fn statement(kind: SecretKind) -> String {
    let (table, rest) = match kind {
        SecretKind::ApiKey => (
            "api_keys (id, digest, account_id, created_at, last_used_at, expires_at, name, prefix)",
            "$1, $2, $3, 'bench', 'vst_key_bench'",
        ),
        _ => (
            "sessions (id, digest, account_id, created_at, last_seen_at, expires_at, absolute_expires_at,
                       authenticated_at, method)",
            "$1, $2, $3, $3, $1, 'password'",
        ),
    };
    let row = |n: usize| format!("(${}, ${}, ${}, {rest})", 3 * n + 4, 3 * n + 5, 3 * n + 6);
    let rows: Vec<String> = (0..AT_ONCE).map(row).collect();
    format!("INSERT INTO {table} VALUES {}", rows.join(", "))
}
