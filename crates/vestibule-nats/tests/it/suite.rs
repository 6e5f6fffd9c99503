//! The suite that every store of the directory passes.

use testkit::directory_suite;

use crate::store::{nats_test, stand};

directory_suite!(nats_test, stand);
