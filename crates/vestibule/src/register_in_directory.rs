//! Registering in the directory: an invite and a pair of public keys make a member. What can be seen to be wrong spends
//! nothing; then the invite is claimed, and whatever happens afterwards it is spent.

use serde_json::json;

use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::detached::detached;
use crate::directory::{
    Act, Admit, Claim, ClaimInvite, Ended as _, KexPub, Member, MemberStatus, SignPub, register_statement,
};
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::id::DirectoryInviteId;
use crate::secret::{Secret, SecretKind};

/// What a wallet sends to register.
#[derive(Clone, Debug)]
pub struct RegisterForm {
    /// The invite's token.
    pub token: String,
    /// The Ed25519 public key.
    pub sign_pub: String,
    /// The X25519 public key.
    pub kex_pub: String,
    /// The signature of [`register_statement`], where it is required.
    pub proof: Option<String>,
}

/// How a registration ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Register {
    /// There is a member more.
    Done(Member),
    /// The invite is unknown, used, canceled or expired, or its key or handle is another's already.
    Refused(Code),
}

impl Vestibule {
    /// Makes a member of who has an invite. Once the invite is claimed it goes on even if nobody waits for the answer.
    pub async fn register_in_directory(&self, caller: &Caller, form: RegisterForm) -> Result<Register> {
        let Some((claim, invite)) = self.check_registration(&form)? else {
            return Ok(Register::Refused(Code::NotFound));
        };
        // A guess costs a look and leaves no trace.
        let Some(invite) = self.directory().find_invite(invite).await? else {
            return Ok(Register::Refused(Code::NotFound));
        };
        let entry = Entry::done("directory_invite.used").on_directory_invite(&invite);
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move { this.claim_and_admit(&caller, claim, entry).await }).await
    }

    /// Whether the keys are keys and the proof is one; none: the token is not one of ours.
    fn check_registration(&self, form: &RegisterForm) -> Result<Option<(Claim, DirectoryInviteId)>> {
        let mut errors = FieldErrors::default();
        let sign_pub = errors.take("sign_pub", SignPub::parse(&form.sign_pub));
        let kex_pub = errors.take("kex_pub", KexPub::parse(&form.kex_pub));
        errors.check()?;
        let (Some(sign_pub), Some(kex_pub)) = (sign_pub, kex_pub) else { return Ok(None) };
        let Some(token) = Secret::parse(SecretKind::DirectoryInvite, form.token.trim()) else { return Ok(None) };
        let digest = token.digest();
        let is_proven = match &form.proof {
            Some(proof) => {
                sign_pub.has_signed(&register_statement(&self.issuer(), &digest, &sign_pub, &kex_pub), proof)
            }
            None => !self.config().directory.require_proof,
        };
        match is_proven {
            true => Ok(Some((Claim { digest, sign_pub, kex_pub }, DirectoryInviteId::of(&digest)))),
            false => Err(Error::field("proof", Code::ProofInvalid)),
        }
    }

    async fn claim_and_admit(&self, caller: &Caller, claim: Claim, entry: Entry) -> Result<Register> {
        let keys = json!({ "sign_pub": claim.sign_pub, "kex_pub": claim.kex_pub });
        let act = Act::new(self, caller, None, entry.with(keys.clone()));
        let claimed = self.directory().claim_invite(&claim, &act).await?;
        let ClaimInvite::Done(invite) = claimed else {
            return Ok(Register::Refused(claimed.refusal().unwrap_or(Code::NotFound)));
        };
        let member = Member {
            sign_pub: claim.sign_pub,
            kex_pub: claim.kex_pub,
            handle: invite.handle,
            role: invite.role,
            status: MemberStatus::Active,
            created_at: self.now(),
            invite_id: invite.id,
        };
        let entry = Entry::done("directory_member.registered").on_member(&member).with(keys);
        let act = Act::new(self, caller, None, entry);
        match self.directory().admit(&member, &act).await? {
            Admit::Done => Ok(Register::Done(member)),
            Admit::Exists => Ok(Register::Refused(Code::UserExists)),
        }
    }
}
