//! `gregaria demo`: the built-in server and the tutorial's scenario together.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::scenario_source::ScenarioSource;
use super::scenario_template::ScenarioTemplate;
use super::{Error, RunArgs, run_scenario};
use crate::cores::allowed_cores;
use crate::plan::Options;
use crate::scenario::{Scenario, WaitTime, file};
use crate::target::{self, Server};

/// The tutorial's three weighted, checked endpoints, as they ship.
const TUTORIAL: &str = include_str!("../../scenarios/checks.toml");
const USERS: u32 = 64;
const RUN_TIME: Duration = Duration::from_secs(10);

/// Runs the tutorial's scenario without waits against the built-in server, which has the last core to
/// itself if there are two.
pub(super) fn demo(args: &RunArgs) -> Result<u8, Error> {
    let mut cores = allowed_cores();
    let server_core = cores.last().copied().ok_or("no core to run on")?;
    if cores.len() > 1 {
        cores.pop();
    }
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let options = target::Options {
        cores: vec![server_core],
        address,
        io: args.io.unwrap_or_default(),
        ..target::Options::default()
    };
    let server = Server::start(options)?;

    let mut args = args.clone();
    args.host = Some(format!("http://{}", server.address()));
    args.cores.get_or_insert_with(|| super::args::Cores(cores.iter().map(|id| id.id).collect()));
    let scenario = without_waits(&args.options())?;
    run_scenario(
        &ScenarioSource::Loaded(ScenarioTemplate::of_scenario("checks.toml", scenario)),
        &args,
    )
}

fn without_waits(options: &Options) -> Result<Scenario, Error> {
    let mut scenario = file::parse("checks.toml", TUTORIAL)?;
    for user in &mut scenario.users {
        user.wait_time = WaitTime::Constant(Duration::ZERO);
    }
    scenario.load.users = Some(USERS);
    // All users at once, whatever their number.
    scenario.load.spawn_rate = Some(f64::from(options.users.unwrap_or(USERS).max(1)) * 10.0);
    scenario.load.run_time = Some(RUN_TIME);
    Ok(scenario)
}
