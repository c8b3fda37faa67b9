//! The flags of `gregaria overhead`.

use clap::Args as ClapArgs;
use clap::builder::BoolishValueParser;

use crate::reactor::BackendChoice;

/// The flags of `gregaria overhead`.
#[derive(Debug, Clone, ClapArgs)]
pub(in crate::cli) struct OverheadArgs {
    /// Numbers of users to measure, one after the other
    #[arg(
        short,
        long,
        value_name = "N,...",
        value_delimiter = ',',
        default_value = "1,16,64,256,1024",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        env = "GREGARIA_OVERHEAD_USERS"
    )]
    pub users: Vec<u32>,

    /// Seconds to measure for each number of users, after one to warm up
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=3600), env = "GREGARIA_OVERHEAD_SECONDS")]
    pub seconds: u32,

    /// Core to measure; the server has all others
    #[arg(long, value_name = "N", env = "GREGARIA_OVERHEAD_CORE")]
    pub core: Option<usize>,

    /// What sockets of both go through; auto is io_uring where this process may use it, else epoll
    #[arg(
        long,
        value_name = "KIND",
        default_value = "auto",
        ignore_case = true,
        env = "GREGARIA_OVERHEAD_IO"
    )]
    pub io: BackendChoice,

    /// Print JSON, with times in microseconds, and nothing else
    #[arg(long, env = "GREGARIA_OVERHEAD_JSON", value_parser = BoolishValueParser::new())]
    pub json: bool,
}
