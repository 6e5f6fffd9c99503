//! A real browser: headless Chromium by WebDriver, with a profile of its own, gone when the `Browser` is dropped.
//! Tests that start one are `#[ignore = "needs Chromium: run cargo xtask test"]`.

use std::io::{Read as _, Write as _};
use std::ops::Deref;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::prelude::WebDriverResult;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver};
use tokio::net::TcpStream;

use crate::ports::{Process, free_port};

const FLAGS: [&str; 13] = [
    "--headless=new",
    "--remote-debugging-pipe", // it ends when its driver does
    "--disable-crash-reporter",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
    "--lang=en-GB",
];

/// A browser window; everything that `WebDriver` can do, it can.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    port: u16,
    // The order matters: the driver ends before the profile goes.
    _chromedriver: Process,
    _profile: TempDir,
}

impl Browser {
    /// Opens a window, with scripts or without.
    ///
    /// # Panics
    /// When Chromium or its driver is not installed.
    pub async fn start(javascript: bool) -> Browser {
        for _ in 0..4 {
            if let Ok(browser) = Browser::try_start(javascript).await {
                return browser;
            }
        }
        Browser::try_start(javascript).await.expect("chromium is installed and starts: run `cargo xtask test`")
    }

    /// Fails also when somebody else took the port between our choosing it and the driver's.
    async fn try_start(javascript: bool) -> WebDriverResult<Browser> {
        crate::tls::install();
        let profile = tempfile::Builder::new().prefix("vestibule-browser-").tempdir().expect("a directory can be made");
        let port = free_port();
        let mut command = Command::new("/usr/bin/chromedriver");
        command.arg(format!("--port={port}")).env("HOME", profile.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let chromedriver = Process(command.spawn().expect("chromium-driver is installed: run `cargo xtask test`"));
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let capabilities = capabilities(&profile, javascript).expect("the capabilities are JSON");
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await?;
        Ok(Browser { driver, port, _chromedriver: chromedriver, _profile: profile })
    }
}

impl Drop for Browser {
    /// Closes the window by a plain request: the driver's own teardown would wait for the runtime that waits for us.
    fn drop(&mut self) {
        let session = self.driver.session_id().to_string();
        // Fails only when the test has closed it already.
        _ = self.driver.clone().leak();
        if let Err(why) = close(self.port, &session) {
            eprintln!("the browser did not close in good order: {why}");
        }
    }
}

impl Deref for Browser {
    type Target = WebDriver;

    fn deref(&self) -> &WebDriver {
        &self.driver
    }
}

fn capabilities(profile: &TempDir, javascript: bool) -> WebDriverResult<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    capabilities.set_binary("/usr/bin/chromium")?;
    for flag in FLAGS {
        capabilities.add_arg(flag)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
    if !javascript {
        const BLOCK: u8 = 2;
        let preferences = json!({ "profile.managed_default_content_settings.javascript": BLOCK });
        capabilities.add_experimental_option("prefs", preferences)?;
    }
    Ok(capabilities)
}

fn close(port: u16, session: &str) -> std::io::Result<()> {
    let mut driver = std::net::TcpStream::connect(("127.0.0.1", port))?;
    driver.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(driver, "DELETE /session/{session} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    // The first byte of an answer says that it is done; the line stays open after it.
    driver.read_exact(&mut [0])
}
