//! Files with secrets in them, for their owner alone (mode 0600). Such a file appears under its name complete or not at all,
//! and is never written over, so that processes that start together agree on one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use vestibule::Random;

use crate::hex;

/// Makes a file with this text, unless another process was first. It is on the disk when this returns.
pub fn create(file: &Path, text: &SecretString) -> io::Result<()> {
    let draft = draft_beside(file);
    let made = write_draft(draft.as_ref(), text).and_then(|()| match fs::hard_link(&draft, file) {
        Err(why) if why.kind() != ErrorKind::AlreadyExists => Err(why),
        Ok(()) | Err(_) => Ok(()),
    });
    let removed = fs::remove_file(&draft);
    made.and(removed)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn write_draft(draft: &Path, text: &SecretString) -> io::Result<()> {
    let mut out = OpenOptions::new().create_new(true).write(true).mode(0o600).open(draft)?;
    out.write_all(text.expose_secret().as_bytes())?;
    out.sync_all()
}

fn draft_beside(file: &Path) -> OsString {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}", hex::encode(&Random::system().bytes::<8>())));
    name
}
