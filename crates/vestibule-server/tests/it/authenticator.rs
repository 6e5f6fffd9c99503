//! An authenticator app of somebody else's making (pyotp).

use std::process::Command;
use std::time::Duration;

use testkit::python;
use tokio::time::sleep;

/// Prints the step that is now, or the next that was not used, and its code.
const CODE: &str = "import sys, time, pyotp
step = max(int(time.time()) // 30, int(sys.argv[2]) + 1)
print(step - int(time.time()) // 30, step, pyotp.TOTP(sys.argv[1]).at(step * 30))";

pub struct Authenticator {
    secret: String,
    used: i64,
}

impl Authenticator {
    /// Takes the secret as it is shown.
    pub fn typed(secret: &str) -> Authenticator {
        Authenticator { secret: secret.split_whitespace().collect(), used: 0 }
    }

    /// A code that was not given before, once a server takes it: half a minute before its time.
    pub async fn code(&mut self) -> String {
        loop {
            let (early, step, code) = self.ask();
            if early <= 1 {
                self.used = step;
                return code;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    fn ask(&self) -> (i64, i64, String) {
        let output = Command::new(python()).args(["-c", CODE, &self.secret, &self.used.to_string()]).output();
        let output = output.expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("text");
        let mut words = printed.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a number");
        let (early, step) = (number(), number());
        (early, step, words.next().expect("a code").to_owned())
    }
}
