//! Wallets themselves: registering with an invite, signing in by a signed nonce, and looking each other up. The server
//! only ever sees public keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::directory::{KexPub, Member, MemberStatus, SignPub};
use vestibule::{Code, DirectorySignIn, DirectorySignInForm, Register, RegisterForm};

use super::directory_members::MemberJson;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Path, Wallet};

/// An invite, and the public keys of who has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    #[schema(example = "vst_dir_…")]
    token: String,
    /// The Ed25519 public key: 64 digits of lower-case hexadecimal, canonical, not of low order.
    #[schema(example = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")]
    sign_pub: String,
    /// The X25519 public key, in the same form.
    #[schema(example = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")]
    kex_pub: String,
    /// The Ed25519 signature, 128 digits of lower-case hexadecimal, of these lines, joined by a newline and none at the
    /// end: `vestibule-directory-register-v1`, the public URL, the SHA-256 of the token in hexadecimal, `sign_pub`,
    /// `kex_pub`.
    proof: Option<String>,
}

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
struct ChallengeBody {
    #[schema(example = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")]
    sign_pub: String,
}

/// A nonce to sign.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryChallenge)]
struct ChallengeJson {
    /// Good once, and for this key alone.
    nonce: String,
    /// For how many seconds.
    #[schema(example = 60)]
    expires_in: u64,
}

/// A signed nonce.
#[derive(Deserialize, ToSchema)]
struct WalletSignInBody {
    #[schema(example = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")]
    sign_pub: String,
    nonce: String,
    /// The Ed25519 signature, 128 digits of lower-case hexadecimal, of these lines, joined by a newline and none at the
    /// end: `vestibule-directory-sign-in-v1`, the public URL, `sign_pub`, the nonce.
    signature: String,
}

/// A wallet's token, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletToken)]
struct WalletTokenJson {
    /// A JWT of the type `vestibule-wallet+jwt` for the public URL with `/directory` after it, by the keys of
    /// `/.well-known/jwks.json`: `sub` is the signing key; `handle`, `role` and `kex_pub` say the rest.
    #[schema(example = "eyJ…")]
    token: String,
    /// `Bearer`, always.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How many seconds it lives.
    #[schema(example = 900)]
    expires_in: u64,
    member: MemberJson,
}

/// The keys of a member.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryKeys)]
struct KeysJson {
    #[schema(example = "ann")]
    handle: String,
    #[schema(value_type = String)]
    sign_pub: SignPub,
    #[schema(value_type = String)]
    kex_pub: KexPub,
    #[schema(value_type = String, example = "active")]
    status: MemberStatus,
}

/// Register a wallet
///
/// What is malformed, and a proof that is none, spend nothing. Then the invite is claimed, and is spent whatever comes of
/// it: also when the key or the handle is registered already.
#[utoipa::path(post, path = "/api/v1/directory/register", tag = "Directory", request_body = RegisterBody, responses(
    (status = 201, description = "The member.", body = MemberJson),
    (status = 404, description = "`not_found`: no such invite"),
    (status = 409, description = "`user_exists`: the key or the handle is registered; the invite is spent"),
    (status = 410, description = "`invite_used`, `invite_expired`, `invite_canceled`"),
    (status = 422, description = "`public_key_invalid`, `proof_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn register(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<RegisterBody>,
) -> Result<(StatusCode, Json<MemberJson>)> {
    let RegisterBody { token, sign_pub, kex_pub, proof } = body;
    let ip = caller.ip();
    app.limits.wallet(ip)?;
    app.limits.code_looked_up(ip)?;
    let form = RegisterForm { token, sign_pub, kex_pub, proof };
    match app.vestibule.register_in_directory(&caller.anonymous(), form).await? {
        Register::Done(member) => Ok((StatusCode::CREATED, Json(member.into()))),
        Register::Refused(code) => {
            if code == Code::NotFound {
                app.limits.code_failed(ip)?;
            }
            Err(code.into())
        }
    }
}

/// Ask for a nonce
///
/// It tells nothing: anybody gets one for any key, known or not.
#[utoipa::path(post, path = "/api/v1/directory/challenge", tag = "Directory", request_body = ChallengeBody, responses(
    (status = 200, description = "The nonce.", body = ChallengeJson),
    (status = 422, description = "`public_key_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn challenge(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<ChallengeBody>,
) -> Result<Json<ChallengeJson>> {
    app.limits.wallet(caller.ip())?;
    let challenge = app.vestibule.challenge_wallet(&body.sign_pub).await?;
    Ok(Json(ChallengeJson { nonce: challenge.nonce, expires_in: challenge.expires_in.as_secs() }))
}

/// Sign a wallet in
///
/// Unknown, revoked and deleted members, used nonces and wrong signatures are refused alike.
#[utoipa::path(post, path = "/api/v1/directory/token", tag = "Directory", request_body = WalletSignInBody, responses(
    (status = 200, description = "The token.", body = WalletTokenJson),
    (status = 401, description = "`wallet_refused`"),
    (status = 422, description = "`public_key_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn token(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<WalletSignInBody>,
) -> Result<Json<WalletTokenJson>> {
    app.limits.wallet(caller.ip())?;
    let WalletSignInBody { sign_pub, nonce, signature } = body;
    let form = DirectorySignInForm { sign_pub, nonce, signature };
    match app.vestibule.sign_in_to_directory(&caller.anonymous(), form).await? {
        DirectorySignIn::Done(issued) => Ok(Json(WalletTokenJson {
            token: issued.token,
            token_type: "Bearer",
            expires_in: issued.expires_in.as_secs(),
            member: issued.member.into(),
        })),
        DirectorySignIn::Refused => Err(Code::WalletRefused.into()),
    }
}

/// Look a member's keys up
///
/// For other members, with their own token. A revoked member is shown as such.
#[utoipa::path(get, path = "/api/v1/directory/keys/{handle}", tag = "Directory",
    params(("handle" = String, Path, description = "The member's handle, in any case.")),
    security(("wallet" = [])), responses((status = 200, description = "The keys.", body = KeysJson)))]
async fn keys(State(app): State<App>, _: Wallet, Path(handle): Path<String>) -> Result<Json<KeysJson>> {
    Ok(Json(app.vestibule.directory_member_by_handle(&handle).await?.into()))
}

impl From<Member> for KeysJson {
    fn from(member: Member) -> KeysJson {
        let Member { sign_pub, kex_pub, handle, status, role: _, created_at: _, invite_id: _ } = member;
        KeysJson { handle: handle.to_string(), sign_pub, kex_pub, status }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(challenge))
        .routes(routes!(token))
        .routes(routes!(keys))
}
