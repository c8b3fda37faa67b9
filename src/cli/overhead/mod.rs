//! `gregaria overhead`: what the generator itself costs on this machine.
//!
//! One core runs users without waits against the built-in server on the other cores, once for each number
//! of users. The results are the most requests that a core can make, the least latency that this machine
//! can report, and how late timers are, all with full statistics.

mod measurement;
mod sample_cost;
mod text;

use std::net::Ipv4Addr;
use std::time::Duration;

use core_affinity::CoreId;
use serde_json::{Value, json};

use super::{Error, OverheadArgs, print};
use crate::cores::allowed_cores;
use crate::reactor::preflight::{self, Chosen};
use crate::stats::Figures;
use crate::target::{self, Server};
use measurement::Measurement;

/// Descriptors besides those of the connections: rings, events, the terminal.
const OTHER_FILES: u64 = 128;

/// The results.
struct Overhead {
    client: CoreId,
    servers: Vec<CoreId>,
    /// What both ends go through.
    chosen: Chosen,
    levels: Vec<Measurement>,
    /// The time to count one request, in nanoseconds.
    sample_ns: f64,
}

/// Measures, and prints the results with an explanation.
pub(super) fn overhead(args: &OverheadArgs) -> Result<u8, Error> {
    let time = Duration::from_secs(u64::from(args.seconds));
    let measured = measure(args, time)?;
    if args.json {
        print(&format!("{:#}\n", measured.json(time)))?;
    } else {
        print(&text::closing(&measured))?;
    }
    Ok(0)
}

/// Makes one run for each number of users. Without `--json`, prints each result at once.
fn measure(args: &OverheadArgs, time: Duration) -> Result<Overhead, Error> {
    let (client, servers) = divide(allowed_cores(), args.core)?;
    let most = args.users.iter().max().copied().unwrap_or(1);
    // Both ends of a connection are in this process.
    let files = 2 * u64::from(most) + OTHER_FILES;
    preflight::open_files(files, files)?;
    let chosen = preflight::choose(args.io)?;
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let options = target::Options {
        cores: servers.clone(),
        address,
        io: chosen.backend.into(),
        ..Default::default()
    };
    let server = Server::start(options)?;
    let mut measured = Overhead { client, servers, chosen, levels: Vec::new(), sample_ns: 0.0 };
    if !args.json {
        print(&text::opening(&measured, time))?;
    }
    for &users in &args.users {
        let level = measurement::measure(users, client, &server, time)?;
        if !args.json {
            print(&text::line(&level))?;
        }
        measured.levels.push(level);
    }
    measured.sample_ns = sample_cost::measure();
    Ok(measured)
}

/// Returns the client's core, and the others for the server. If there is only one, they share it.
fn divide(mut cores: Vec<CoreId>, asked: Option<usize>) -> Result<(CoreId, Vec<CoreId>), Error> {
    let first = cores.first().ok_or("no core to run on")?.id;
    let asked = asked.unwrap_or(first);
    let at = cores.iter().position(|core| core.id == asked);
    let at = at.ok_or_else(|| format!("core {asked} cannot be used"))?;
    if cores.len() == 1 {
        return Ok((cores[0], cores));
    }
    Ok((cores.remove(at), cores))
}

impl Overhead {
    /// Returns whether client and server share a core.
    fn shares_its_core(&self) -> bool {
        self.servers == [self.client]
    }

    /// Returns the measurement in which a request costs least.
    fn ceiling(&self) -> Option<&Measurement> {
        self.levels.iter().max_by(|a, b| a.requests_per_cpu_s().total_cmp(&b.requests_per_cpu_s()))
    }

    /// Returns the results as JSON, with times in microseconds.
    fn json(&self, time: Duration) -> Value {
        let servers: Vec<usize> = self.servers.iter().map(|core| core.id).collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "backend": self.chosen.backend.to_string(),
            "client_core": self.client.id,
            "server_cores": servers,
            "seconds_each": time.as_secs_f64(),
            "sample_ns": self.sample_ns,
            "levels": self.levels.iter().map(level_json).collect::<Vec<_>>(),
        })
    }
}

fn level_json(level: &Measurement) -> Value {
    json!({
        "users": level.users,
        "requests": level.requests,
        "requests_per_s": level.requests_per_s(),
        "requests_per_cpu_s": level.requests_per_cpu_s(),
        "busy": level.busy(),
        "cpu_us_per_request": {
            "user": level.each_us(level.work.cpu.user),
            "system": level.each_us(level.work.cpu.system),
        },
        "completions_per_turn": level.work.completions_per_turn(),
        "longest_turn_us": us(level.work.longest_turn),
        "latency_us": figures_json(&level.latency),
        "lateness_us": figures_json(&level.lateness),
    })
}

fn figures_json(figures: &Figures) -> Value {
    json!({
        "p50": us(figures.median()),
        "p99": us(figures.p99()),
        "p99.9": us(figures.p999()),
        "max": us(figures.max),
    })
}

fn us(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(cores: &[CoreId]) -> Vec<usize> {
        cores.iter().map(|core| core.id).collect()
    }

    #[test]
    fn the_client_has_a_core_and_the_server_the_others() {
        let cores = |ids: &[usize]| ids.iter().map(|&id| CoreId { id }).collect::<Vec<_>>();
        let (client, servers) = divide(cores(&[2, 3, 5]), None).unwrap();
        assert_eq!((client.id, ids(&servers)), (2, vec![3, 5]));
        let (client, servers) = divide(cores(&[2, 3, 5]), Some(3)).unwrap();
        assert_eq!((client.id, ids(&servers)), (3, vec![2, 5]));
        let (client, servers) = divide(cores(&[4]), None).unwrap();
        assert_eq!((client.id, ids(&servers)), (4, vec![4]));
        assert!(divide(cores(&[0, 1]), Some(7)).unwrap_err().to_string().contains("core 7"));
        assert!(divide(Vec::new(), None).is_err());
    }
}
