//! Ports on loopback, and child processes that listen on them.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::Duration;

const PATIENCE: u32 = 3000;

/// A port that nobody listened on a moment ago.
pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    socket.expect("loopback has a free port").port()
}

/// A child process that does not outlive us.
#[derive(Debug)]
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// Asks it to end, by SIGTERM, and waits until it has.
    pub(crate) async fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "it cannot be asked to stop");
        for _ in 0..PATIENCE {
            if self.0.try_wait().expect("it is our child").is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not stop");
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        // Fails only when it has ended already.
        let _ = self.0.kill();
        self.0.wait().expect("a killed process ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
