//! Hosts that are written in one way and sent in another: names in any script, and addresses with a zone.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::process::Command;
use std::{env, fs};

use crate::support::{Answer, Run, Server, ok, toml};

fn redirect(location: &str) -> Answer {
    let head = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n";
    Answer::Send(format!("{head}Location: {location}\r\n\r\n").into_bytes())
}

/// Such a name is sent in A-labels (RFC 5890) everywhere.
#[test]
fn names_are_asked_for_in_ascii() {
    let server = Server::start(|request| match &*request.line {
        "GET /from" => {
            let port = request.header("host").unwrap().rsplit_once(':').unwrap().1;
            redirect(&format!("http://b\u{fc}cher.example:{port}/to"))
        }
        _ => ok(),
    });
    let port = server.address.port();
    let tasks = format!(
        "wait_time = \"5ms\"\n[[user.task]]\nsteps = [{{ get = \"/from\" }}, \
         {{ get = \"http://\u{4f8b}\u{3048}.example:{port}/other\" }}]"
    );
    let names = ["caf\u{e9}", "b\u{fc}cher", "\u{4f8b}\u{3048}"];
    let by_hand = names.map(|name| format!("{name}.example:{port}:127.0.0.1")).join(" ");
    let output = Run::of(&toml("1h", &tasks))
        .args(["--host", &format!("http://caf\u{e9}.example:{port}"), "--resolve", &by_hand])
        .args(["--requests", "4", "--csv", "out"])
        .go()
        .code(0);
    let seen = server.seen();
    let seen: Vec<_> = seen.iter().map(|one| (&*one.line, one.header("host").unwrap())).collect();
    let at = |name: &str| format!("xn--{name}.example:{port}");
    let (first, to, other) = (at("caf-dma"), at("bcher-kva"), at("r8jz45g"));
    let round = [("GET /from", &*first), ("GET /to", &*to), ("GET /other", &*other)];
    assert_eq!(seen, [round, round].concat());
    let names = output.csv("out_stats.csv");
    let other = format!("http://\u{4f8b}\u{3048}.example:{port}/other");
    assert!(names.column("Name").contains(&&*other), "by its own name: {:?}", names.column("Name"));
}

#[test]
fn a_name_that_is_none_is_refused_with_its_place() {
    let scenario = |host: &str| {
        format!("host = \"{host}\"\n[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n")
    };
    for (host, message) in [
        ("http://\u{e9} b", "s.toml:1:8: 'http://\u{e9} b' is not a URL: its host is not a name"),
        ("http://[fe80::1%]", "the zone of its address is not an interface"),
    ] {
        let output = Run::new(["check", "s.toml"]).file("s.toml", &scenario(host)).go().code(2);
        assert!(output.stderr.contains(message), "{}", output.stderr);
    }
    let output = Run::of(&scenario("http://[fe80::1%25nowhere]")).go().code(2);
    assert!(output.stderr.contains("fe80::1%nowhere"), "{}", output.stderr);
}

const INSIDE: &str = "GREGARIA_TEST_LINK_LOCAL";

/// RFC 6874: the zone selects the interface, and is not sent to servers. Skipped without a network
/// namespace.
#[test]
fn a_link_local_address_has_a_zone() {
    if env::var_os(INSIDE).is_some() {
        return ask_at_a_link_local_address();
    }
    let script = "ip link set lo up && ip addr add fe80::1/64 dev lo || exit 9; exec \"$0\" \"$@\"";
    let status = Command::new("unshare")
        .args(["-rn", "sh", "-c", script])
        .arg(env::current_exe().unwrap())
        .args(["addresses::a_link_local_address_has_a_zone", "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .status();
    match status.ok().and_then(|status| status.code()) {
        None | Some(1 | 9) if !may_have_a_network() => eprintln!("skipped: no network of its own"),
        code => assert_eq!(code, Some(0)),
    }
}

fn may_have_a_network() -> bool {
    let script = "ip link set lo up && ip addr add fe80::1/64 dev lo";
    let status = Command::new("unshare").args(["-rn", "sh", "-c", script]).status();
    status.is_ok_and(|status| status.success())
}

fn ask_at_a_link_local_address() {
    let lo = fs::read_to_string("/sys/class/net/lo/ifindex").unwrap().trim().parse().unwrap();
    let address = SocketAddrV6::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1), 0, 0, lo);
    let server = Server::start_at(address.into(), |request| match &*request.line {
        "GET /from" => redirect("/relative"),
        "GET /relative" => {
            redirect(&format!("http://{}/absolute", request.header("host").unwrap()))
        }
        _ => ok(),
    });
    let port = server.address.port();
    for (round, host) in ["[fe80::1%25lo]", "[fe80::1%lo]"].into_iter().enumerate() {
        let tasks = format!(
            "[[user.task]]\nsteps = [{{ get = \"/from\" }}, \
             {{ get = \"http://{host}:{port}/other\", headers = {{ X = 1 }} }}]"
        );
        let run = Run::of(&toml("1h", &tasks)).args(["--host", &format!("http://{host}:{port}")]);
        run.args(["--requests", "2", "--dns-refresh", "1s"]).go().code(0);
        let seen = server.seen().split_off(4 * round);
        let lines: Vec<_> = seen.iter().map(|request| &*request.line).collect();
        assert_eq!(lines, ["GET /from", "GET /relative", "GET /absolute", "GET /other"]);
        for request in seen {
            assert_eq!(request.header("host"), Some(&*format!("[fe80::1]:{port}")));
            assert_eq!(request.connection, round, "over one connection");
        }
    }
}
