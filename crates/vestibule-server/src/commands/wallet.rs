//! `vestibule directory register` and `sign-in`: a wallet of this machine, at whatever server its invite names. They need
//! no settings and no database of Vestibule's.

use std::io::{self, BufRead as _, Read as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::output;
use crate::wallet::{Client, Invite, KeyFile, Refused};

/// More than any invite is long.
const LONGEST_LINE: u64 = 4096;

/// How to register.
#[derive(Args, Debug)]
pub struct RegisterArgs {
    /// The link of the invite, or its token; `-`: the first line of standard input.
    #[arg(long, value_name = "LINK")]
    invite: String,
    /// Where the directory is, if the invite is a token alone.
    #[arg(long)]
    url: Option<String>,
    /// The file with the wallet's keys. Where there is none it is made, with fresh ones, for you alone.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
}

/// How to sign in.
#[derive(Args, Debug)]
pub struct SignInArgs {
    /// The file with the wallet's keys.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
}

/// Registers a wallet.
pub async fn register(args: RegisterArgs) -> anyhow::Result<()> {
    let text = if args.invite == "-" { first_line()? } else { args.invite };
    let invite = Invite::parse(text.trim(), args.url.as_deref())?;
    let keys = KeyFile::open_or_create(&args.key_file, &invite.url)?;
    let file = args.key_file.display();
    let member = match Client::new(&invite.url)?.register(&keys, &invite).await {
        Err(why) if why.downcast_ref::<Refused>().is_some_and(|why| why.code == "invite_used") => {
            eprintln!("If it was you, and the answer was lost: vestibule directory sign-in --key-file {file}");
            return Err(why);
        }
        Err(why) => {
            eprintln!("The keys are kept in {file}: give it again next time.");
            return Err(why);
        }
        Ok(member) => member,
    };
    let (handle, role, fingerprint) = (shown(&member.handle), shown(&member.role), keys.sign_pub.fingerprint());
    eprintln!("Registered as the {role} {handle}. Whoever invited you can compare the fingerprint: {fingerprint}.");
    eprintln!("Keep {file}: nobody can make these keys again.");
    output::line(keys.sign_pub.to_hex())
}

/// Signs a wallet in, and prints its token alone.
pub async fn sign_in(args: SignInArgs) -> anyhow::Result<()> {
    let keys = KeyFile::open(&args.key_file)?;
    let signed_in = Client::new(&keys.url)?.sign_in(&keys).await?;
    let (handle, role) = (shown(&signed_in.member.handle), shown(&signed_in.member.role));
    eprintln!("Signed in as the {role} {handle}, for {} minutes.", signed_in.expires_in / 60);
    output::line(shown(&signed_in.token))
}

/// What a server said, without what would steer a terminal.
fn shown(text: &str) -> String {
    output::printable(text)
}

fn first_line() -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LONGEST_LINE).read_line(&mut line).context("cannot read standard input")?;
    Ok(line)
}
