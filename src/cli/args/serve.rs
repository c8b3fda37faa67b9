//! The flags of the built-in server.

use std::net::IpAddr;
use std::time::Duration;

use clap::Args as ClapArgs;
use clap::builder::BoolishValueParser;

use super::Cores;
use super::value::cores;
use crate::reactor::BackendChoice;
use crate::target::{Bimodal, SlowStart, Stall, Stop};
use crate::units;

/// The flags of the built-in server.
#[derive(Debug, Clone, ClapArgs)]
pub(in crate::cli) struct ServeArgs {
    /// Port to listen on; 0 lets the system choose
    #[arg(short, long, default_value_t = 5000, env = "GREGARIA_SERVE_PORT")]
    pub port: u16,

    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS", env = "GREGARIA_SERVE_BIND")]
    pub bind: IpAddr,

    /// Cores to serve on: 0-3,6; all allowed ones by default
    #[arg(long, value_name = "LIST", value_parser = cores, env = "GREGARIA_SERVE_CORES")]
    pub cores: Option<Cores>,

    /// What sockets go through; auto is io_uring where this process may use it, else epoll
    #[arg(
        long,
        value_name = "KIND",
        default_value = "auto",
        ignore_case = true,
        env = "GREGARIA_SERVE_IO"
    )]
    pub io: BackendChoice,

    /// Answer after this time: 10ms, 0.5s
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = units::parse_duration, env = "GREGARIA_SERVE_DELAY")]
    pub delay: Duration,

    /// Answer nothing in the first part of every period, from the first request on: 100ms/1s
    #[arg(long, value_name = "TIME/PERIOD", env = "GREGARIA_SERVE_STALL")]
    pub stall: Option<Stall>,

    /// Take so much more, falling to nothing over the first while: 200ms/5s
    #[arg(long, value_name = "TIME/WHILE", env = "GREGARIA_SERVE_SLOW_START")]
    pub slow_start: Option<SlowStart>,

    /// Take so much more for this share of requests: 5%:50ms
    #[arg(long, value_name = "SHARE:TIME", env = "GREGARIA_SERVE_BIMODAL")]
    pub bimodal: Option<Bimodal>,

    /// Answer nothing from this long after the first request, for so long: 3s/2s
    #[arg(long, value_name = "WHEN/TIME", env = "GREGARIA_SERVE_STOP_AT")]
    pub stop_at: Option<Stop>,

    /// Answer this share of requests with status 500: 0.05, 5%
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = units::parse_share, env = "GREGARIA_SERVE_ERROR_RATE")]
    pub error_rate: f64,

    /// Leave the promised key out of this share of answers: 0.05, 5%
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = units::parse_share, env = "GREGARIA_SERVE_DROP_RATE")]
    pub drop_rate: f64,

    /// Close the connection after every answer, as Flask's development server does
    #[arg(long, env = "GREGARIA_SERVE_CLOSE", value_parser = BoolishValueParser::new())]
    pub close: bool,

    /// Close a connection after this many answers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "GREGARIA_SERVE_CLOSE_AFTER")]
    pub close_after: Option<u32>,

    /// Do not announce it when closing: what a restarted server looks like
    #[arg(long, env = "GREGARIA_SERVE_CLOSE_SILENTLY", value_parser = BoolishValueParser::new())]
    pub close_silently: bool,

    /// Close a connection that is idle for this long
    #[arg(long, value_name = "TIME", value_parser = units::parse_duration, env = "GREGARIA_SERVE_IDLE_TIMEOUT")]
    pub idle_timeout: Option<Duration>,

    /// Seed of the injected faults and of who is slow
    #[arg(long, value_name = "N", default_value_t = 0, env = "GREGARIA_SERVE_SEED")]
    pub seed: u64,
}
