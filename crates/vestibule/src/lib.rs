//! Vestibule: accounts for an application, without a transport.
//!
//! Nouns (tables: `accounts`, `sessions`, `groups`, …) hold a row type, its rules and its SQL; verbs (`sign_in`,
//! `change_password`, …) hold one flow each and open its transaction; nothing else holds either. Everything is
//! reached through [`Vestibule`], a handle that is cheap to clone. HTTP is in `vestibule-web`, settings and
//! commands in `vestibule-server`.

mod accounts;
mod attempts;
mod audit;
mod background;
mod bootstrap;
mod caller;
mod change_password;
mod choose_password;
mod close_account;
mod code;
mod config;
mod create_user;
mod db;
mod delete_account;
mod detached;
mod disable_account;
mod edit_profile;
mod edit_user;
mod email;
mod end_sessions;
mod engine;
mod error;
mod export;
mod groups;
mod hasher;
mod id;
mod keyring;
mod last_admin;
mod locks;
mod look_up;
mod one_time_tokens;
mod paging;
mod password_policy;
mod passwords;
mod principals;
mod prove_password;
mod random;
mod reauthenticate;
mod refusals;
mod revocations;
mod secret;
mod sessions;
mod set_password;
mod sign_in;
mod sign_up;
mod standing;
mod time;
mod unlock_account;
mod username;

pub use accounts::{
    Account, AccountCounts, AccountFilter, AccountKind, AccountState, AccountView, canonical_identifier,
};
pub use audit::{ActorKind, AuditFilter, AuditOutcome, AuditRow};
pub use background::{Background, Health};
pub use bootstrap::{Bootstrap, NewAdministrator, SetUp, SetUpForm};
pub use caller::{Actor, Caller};
pub use change_password::{ChangePassword, PasswordChange};
pub use code::Code;
pub use config::{Config, PasswordConfig, SessionConfig, SignUpMode};
pub use create_user::NewUser;
pub use db::{Arg, Db, Json, MigrationState, Row, Tx};
pub use edit_profile::ProfileEdit;
pub use edit_user::UserEdit;
pub use email::Email;
pub use engine::{Builder, Vestibule};
pub use error::{Error, FieldError, FieldErrors, Result};
pub use groups::{ADMINISTRATORS, GroupRef, MEMBERS};
pub use id::{AccountId, AuditId, GroupId, RequestId, SessionId, TokenId};
pub use keyring::{Keyring, MIN_SECRET_BYTES};
pub use paging::{Cursor, Page, PageRequest};
pub use principals::LiveSession;
pub use random::Random;
pub use reauthenticate::Reauthenticate;
pub use secret::{Digest, Secret, SecretKind};
pub use sessions::{AuthMethod, Session};
pub use sign_in::{SignIn, SignInForm, SignedIn};
pub use sign_up::{SignUp, SignUpForm};
pub use time::{Clock, Timestamp};
pub use username::{DisplayName, Username};
