//! How long a user keeps its connections.

/// How long the users of a class keep a connection for their next request to the same server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeepAlive {
    /// As long as the user lives and the server lets them, as Locust's users do.
    #[default]
    Always,
    /// Until the end of the task, so not during the wait after it. `on_start` and `on_stop` count as
    /// tasks.
    Task,
    /// Not at all: every request makes a connection and sends `Connection: close`.
    Never,
}
