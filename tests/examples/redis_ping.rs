//! Your own protocol: each user keeps a connection to a Redis server and sends PING over it.
//!
//!     cargo run --release --example redis_ping -- -u 50 -r 50 -t 10s
//!
//! The variable REDIS names the server; the default is 127.0.0.1:6379.

use std::env;
use std::net::SocketAddr;

use gregaria::reactor::{Peer, Socket};
use gregaria::scenario::{Scenario, TaskError, TaskResult, User};
use gregaria::session::Session;

/// The state of a user: its connection, when it has one.
type Connection = Option<Socket>;

pub(crate) fn scenario(server: SocketAddr) -> Scenario {
    let user = User::with_state("Redis", Connection::default)
        .on_start(async move |connection: &mut Connection, session: &mut Session| {
            *connection = Some(Socket::connect(session.reactor(), &Peer::new(server), None).await?);
            Ok(())
        })
        .task(1, "ping", async |connection, session| match connection {
            Some(connection) => ping(connection, session).await,
            None => Err(TaskError::StopUser),
        });
    // Nothing here is HTTP, but a scenario needs a host.
    Scenario::new(format!("http://{server}")).user(user)
}

async fn ping(connection: &Socket, session: &Session) -> TaskResult {
    let measurement = session.measure("REDIS", "PING");
    connection.send(b"*1\r\n$4\r\nPING\r\n".to_vec());
    let mut reply = Vec::new();
    while !reply.ends_with(b"\r\n") {
        match connection.receive().await {
            Ok(Some(piece)) => reply.extend_from_slice(&piece),
            Ok(None) => {
                measurement.failure("connection closed");
                return Err(TaskError::StopUser);
            }
            Err(error) => {
                measurement.failure(&error.to_string());
                return Err(TaskError::StopUser);
            }
        }
    }
    match &reply[..] {
        b"+PONG\r\n" => measurement.success(reply.len() as u64),
        other => measurement.failure(&String::from_utf8_lossy(other)),
    }
    Ok(())
}

#[allow(dead_code, reason = "the tests run the scenario by themselves")]
fn main() -> std::process::ExitCode {
    let server = env::var("REDIS").unwrap_or_else(|_| "127.0.0.1:6379".to_owned());
    match server.parse() {
        Ok(server) => gregaria::cli::main_with(scenario(server)),
        Err(error) => {
            eprintln!("REDIS={server} is not an address with a port: {error}");
            2.into()
        }
    }
}
