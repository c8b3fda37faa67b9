//! Users log in with a row of a table, keep their token, and request items with it.
//!
//!     cargo run --release --example shopper -- --host http://127.0.0.1:5000 -u 100 -r 10 -t 1m

use std::time::Duration;

use gregaria::scenario::{Scenario, User, WaitTime};
use gregaria::session::{Session, status};
use serde::{Deserialize, Serialize};

/// All users share this, without a lock, because it is read only.
static ACCOUNTS: [Credentials; 2] = [
    Credentials { name: "ada", password: "lovelace" },
    Credentials { name: "grace", password: "hopper" },
];

#[derive(Serialize)]
struct Credentials {
    name: &'static str,
    password: &'static str,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[derive(Default)]
struct Shopper {
    token: String,
}

pub(crate) fn scenario() -> Scenario {
    let shopper = User::with_state("Shopper", Shopper::default)
        .on_start(async |user: &mut Shopper, http: &mut Session| {
            let account = &ACCOUNTS[http.user() as usize % ACCOUNTS.len()];
            let reply = http.post("/login").json(account).check(status(200)).send().await?;
            user.token = reply.json::<Login>()?.token;
            Ok(())
        })
        .task(3, "item", async |user, http| {
            let id = http.rng().u32(1..100);
            let item = http.get(format!("/items/{id}")).name("/items/[id]");
            item.bearer_auth(&user.token).check(status(200)).send().await?;
            Ok(())
        })
        .class(|class| class.wait_time(WaitTime::constant(Duration::from_millis(10))));
    Scenario { users: vec![shopper.into()], ..Scenario::default() }
}

#[allow(dead_code, reason = "the tests run the scenario by themselves")]
fn main() -> std::process::ExitCode {
    gregaria::cli::main_with(scenario())
}
