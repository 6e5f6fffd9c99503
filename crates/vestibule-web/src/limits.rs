//! Rate limits: a GCRA cell each for who may try what how often, keyed by address, identifier or account.
//! The count of a limit is its burst, replenished evenly over its seconds. Limits hold for this process; the lock of
//! an account (five wrong passwords) is the engine's, stored, and holds for all.
//! Codes are charged for failed look-ups only, by address and altogether, but refused before a look-up once either
//! charge is used up.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use vestibule::{AccountId, ChainId, Clock, Digest, Error, Result, canonical_identifier};

use crate::client_ip;

mod cells;
#[cfg(test)]
mod tests;

use cells::{Cells, Hit, Time};

/// Counters that stand at zero again are forgotten once in so many tries.
const CLEAN_EVERY: u32 = 1024;
/// How many times as many failed look-ups of codes there may be altogether as from one address.
const CODES_ALTOGETHER: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// How often: so many at once, replenished over so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: NonZeroU32,
    /// In how long.
    pub seconds: NonZeroU32,
}

/// How often things may be tried; `None` is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins from one address; steps of sign-ins by a login elsewhere are as many again, and of wallets.
    pub sign_in: Option<Limit>,
    /// Sign-ins with one e-mail or username, whether it exists or not; exchanges in vain of one code of a login elsewhere
    /// are as many again.
    pub sign_in_identifier: Option<Limit>,
    /// Sign-ins altogether.
    pub sign_in_global: Option<Limit>,
    /// Sign-ups from one address.
    pub sign_up: Option<Limit>,
    /// Sign-ups with one e-mail.
    pub sign_up_identifier: Option<Limit>,
    /// Sign-ups altogether.
    pub sign_up_global: Option<Limit>,
    /// Requests for a mail (a reset, a link or code to sign in with, a proof of an address) from one address.
    pub password_reset: Option<Limit>,
    /// Requests for a mail to one e-mail, whether it has an account or not.
    pub password_reset_identifier: Option<Limit>,
    /// Requests for a mail altogether.
    pub password_reset_global: Option<Limit>,
    /// Failed look-ups of codes and setup tokens from one address; from all together, ten times as many. Reports of
    /// tokens from one address are as many again.
    pub codes: Option<Limit>,
    /// Dangerous acts of one account, uses of one refresh token, and what costs much to answer.
    pub sensitive: Option<Limit>,
}

impl Limit {
    const fn of(count: u32, seconds: u32) -> Option<Limit> {
        match (NonZeroU32::new(count), NonZeroU32::new(seconds)) {
            (Some(count), Some(seconds)) => Some(Limit { count, seconds }),
            (None, _) | (_, None) => None,
        }
    }

    fn times(self, factor: NonZeroU32) -> Limit {
        Limit { count: self.count.saturating_mul(factor), ..self }
    }

    fn quota(self) -> Quota {
        let each = Duration::from_secs(u64::from(self.seconds.get())) / self.count.get();
        let each = each.max(Duration::from_nanos(1));
        Quota::with_period(each).expect("the period is not zero").allow_burst(self.count)
    }
}

impl FromStr for Limit {
    type Err = Error;

    /// Reads `<count>/<seconds>`.
    fn from_str(text: &str) -> Result<Limit> {
        text.split_once('/')
            .and_then(|(count, seconds)| Limit::of(count.trim().parse().ok()?, seconds.trim().parse().ok()?))
            .ok_or_else(|| Error::Setup(format!("{text:?} is not a limit; write <count>/<seconds>, such as 20/60")))
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            sign_in: Limit::of(100, 60),
            sign_in_identifier: Limit::of(20, 60),
            sign_in_global: Limit::of(1000, 60),
            sign_up: Limit::of(60, 60),
            sign_up_identifier: Limit::of(20, 60),
            sign_up_global: Limit::of(1000, 60),
            password_reset: Limit::of(30, 60),
            password_reset_identifier: Limit::of(10, 60),
            password_reset_global: Limit::of(1000, 60),
            codes: Limit::of(20, 60),
            sensitive: Limit::of(10, 60),
        }
    }
}

impl Limits {
    /// No limit at all, for benches and tests.
    pub fn off() -> Limits {
        Limits {
            sign_in: None,
            sign_in_identifier: None,
            sign_in_global: None,
            sign_up: None,
            sign_up_identifier: None,
            sign_up_global: None,
            password_reset: None,
            password_reset_identifier: None,
            password_reset_global: None,
            codes: None,
            sensitive: None,
        }
    }
}

/// Whose tries are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(Option<IpAddr>),
    Identifier(Digest),
    Account(AccountId),
    Chain(ChainId),
    Everybody,
}

/// The counters.
pub(crate) struct Limiters {
    sign_in: Three,
    sign_up: Three,
    password_reset: Three,
    codes: Guesses,
    reports: Limiter,
    oauth: Two,
    wallets: Two,
    exchanges: Limiter,
    sensitive: Limiter,
    unknown_tokens: Limiter,
    chain: Limiter,
}

/// One thing counted three ways at once.
struct Three {
    address: Limiter,
    identifier: Limiter,
    global: Limiter,
}

/// One thing counted two ways at once.
struct Two {
    address: Limiter,
    global: Limiter,
}

/// Guesses, counted by address, by whoever is signed in, and altogether.
struct Guesses {
    address: Limiter,
    account: Limiter,
    global: Limiter,
}

struct Limiter(Option<Bucket>);

struct Bucket {
    cells: RateLimiter<Hit, Cells, Time, NoOpMiddleware<Duration>>,
    hits: AtomicU32,
}

impl Limiters {
    pub(crate) fn new(limits: &Limits, clock: &Clock) -> Limiters {
        let bucket = |limit: Limit| Bucket {
            cells: RateLimiter::new(limit.quota(), Cells::default(), Time(clock.clone())),
            hits: AtomicU32::new(0),
        };
        let of = |limit: Option<Limit>| Limiter(limit.map(bucket));
        let three = |address, identifier, global| Three {
            address: of(address),
            identifier: of(identifier),
            global: of(global),
        };
        Limiters {
            sign_in: three(limits.sign_in, limits.sign_in_identifier, limits.sign_in_global),
            sign_up: three(limits.sign_up, limits.sign_up_identifier, limits.sign_up_global),
            password_reset: three(
                limits.password_reset,
                limits.password_reset_identifier,
                limits.password_reset_global,
            ),
            codes: Guesses {
                address: of(limits.codes),
                account: of(limits.codes),
                global: of(limits.codes.map(|each| each.times(CODES_ALTOGETHER))),
            },
            reports: of(limits.codes),
            oauth: Two { address: of(limits.sign_in), global: of(limits.sign_in_global) },
            exchanges: of(limits.sign_in_identifier),
            wallets: Two { address: of(limits.sign_in), global: of(limits.sign_in_global) },
            sensitive: of(limits.sensitive),
            unknown_tokens: of(limits.codes),
            chain: of(limits.sensitive),
        }
    }

    /// Counts a sign-in, before anything is looked up.
    pub(crate) fn sign_in(&self, ip: Option<IpAddr>, identifier: &str) -> Result<()> {
        self.sign_in.charge(ip, identifier)
    }

    /// Counts a registration of a wallet, a nonce that it asks for, and a sign-in with one: each as often as other
    /// sign-ins, counted by themselves. Not by the key that it names: anybody can name anybody's, and would use up
    /// another's tries.
    pub(crate) fn wallet(&self, ip: Option<IpAddr>) -> Result<()> {
        self.wallets.address.charge(address(ip))?;
        self.wallets.global.charge(Key::Everybody)
    }

    /// Counts a sign-up.
    pub(crate) fn sign_up(&self, ip: Option<IpAddr>, email: &str) -> Result<()> {
        self.sign_up.charge(ip, email)
    }

    /// Counts a sign-up of the first administrator, who may have no e-mail.
    pub(crate) fn set_up(&self, ip: Option<IpAddr>) -> Result<()> {
        self.sign_up.address.charge(address(ip))?;
        self.sign_up.global.charge(Key::Everybody)
    }

    /// Counts a request for a mail to somebody who is not signed in, before anything is looked up.
    pub(crate) fn mail_request(&self, ip: Option<IpAddr>, email: &str) -> Result<()> {
        self.password_reset.charge(ip, email)
    }

    /// Counts a link that comes with a password, which costs a hash, as a sign-in with that link.
    pub(crate) fn link_with_password(&self, ip: Option<IpAddr>, token: &str) -> Result<()> {
        self.sign_in.charge(ip, token)
    }

    /// Refuses an address that has guessed too often, and everybody once all have, without counting.
    pub(crate) fn code_looked_up(&self, ip: Option<IpAddr>) -> Result<()> {
        self.codes.address.peek(address(ip))?;
        self.codes.global.peek(Key::Everybody)
    }

    /// Refuses an address, or somebody signed in, who has guessed too often, without counting.
    pub(crate) fn code_looked_up_by(&self, ip: Option<IpAddr>, account: Option<AccountId>) -> Result<()> {
        if let Some(account) = account {
            self.codes.account.peek(Key::Account(account))?;
        }
        self.code_looked_up(ip)
    }

    /// Counts a code that was not known, by whoever is signed in as well.
    pub(crate) fn code_failed_by(&self, ip: Option<IpAddr>, account: Option<AccountId>) -> Result<()> {
        let by_account = account.map_or(Ok(()), |account| self.codes.account.charge(Key::Account(account)));
        self.code_failed(ip)?;
        by_account
    }

    /// Counts a code that was not known.
    pub(crate) fn code_failed(&self, ip: Option<IpAddr>) -> Result<()> {
        let by_address = self.codes.address.charge(address(ip));
        self.codes.global.charge(Key::Everybody)?; // it was a guess, whoever has none left
        by_address
    }

    /// Counts a step of a sign-in by a login elsewhere: each begins as often as other sign-ins, counted by themselves.
    pub(crate) fn oauth(&self, ip: Option<IpAddr>) -> Result<()> {
        self.oauth.address.charge(address(ip))?;
        self.oauth.global.charge(Key::Everybody)
    }

    /// Refuses a code that was exchanged in vain too often, without counting.
    pub(crate) fn exchanged(&self, code: &str) -> Result<()> {
        self.exchanges.peek(Key::Identifier(Digest::of(code.trim().as_bytes())))
    }

    /// Counts an exchange in vain of a code of ours: a cell is only made by whoever was given one. Not by address, as one
    /// application brings the codes of all who sign in to it: somebody who makes codes up would stop the others.
    pub(crate) fn exchange_failed(&self, code: &str) -> Result<()> {
        self.exchanges.charge(Key::Identifier(Digest::of(code.trim().as_bytes())))
    }

    /// Counts a report of a token, whether it is one or not.
    pub(crate) fn report(&self, ip: Option<IpAddr>) -> Result<()> {
        self.reports.charge(address(ip))
    }

    /// Refuses an address that has presented too many tokens that are nothing, without counting.
    pub(crate) fn token_looked_up(&self, ip: Option<IpAddr>) -> Result<()> {
        self.unknown_tokens.peek(address(ip))
    }

    /// Counts a token that is nothing of ours.
    pub(crate) fn token_unknown(&self, ip: Option<IpAddr>) -> Result<()> {
        self.unknown_tokens.charge(address(ip))
    }

    /// Counts an act by a token of a chain. Not by address, since many programs share one; nor by token, since each is
    /// another: a cell is only made by whoever has a token of ours.
    pub(crate) fn chain(&self, chain: ChainId) -> Result<()> {
        self.chain.charge(Key::Chain(chain))
    }

    /// Counts a dangerous or costly act of an account.
    pub(crate) fn sensitive(&self, account: AccountId) -> Result<()> {
        self.sensitive.charge(Key::Account(account))
    }
}

impl Three {
    fn charge(&self, ip: Option<IpAddr>, identifier: &str) -> Result<()> {
        self.address.charge(address(ip))?;
        self.identifier.charge(Key::Identifier(Digest::of(canonical_identifier(identifier).as_bytes())))?;
        self.global.charge(Key::Everybody)
    }
}

impl Limiter {
    fn charge(&self, key: Key) -> Result<()> {
        self.hit(Hit { key, counts: true })
    }

    fn peek(&self, key: Key) -> Result<()> {
        self.hit(Hit { key, counts: false })
    }

    fn hit(&self, hit: Hit) -> Result<()> {
        let Some(Bucket { cells, hits }) = &self.0 else { return Ok(()) };
        if hits.fetch_add(1, Ordering::Relaxed) % CLEAN_EVERY == CLEAN_EVERY - 1 {
            cells.retain_recent();
        }
        let now = cells.clock().now();
        cells.check_key(&hit).map_err(|wait| Error::TooMany { retry_after: wait.wait_time_from(now) })
    }
}

fn address(ip: Option<IpAddr>) -> Key {
    Key::Address(ip.map(client_ip::network))
}
