//! Requests through a proxy by plain HTTP.

use std::net::TcpListener;

use crate::support::{Answer, Output, Run, Seen, Server, ok, plain_server, response, toml};

/// Makes a scenario with two hosts that cannot be resolved, and this text in the class.
fn two_hosts(class: &str) -> String {
    let steps = "steps = [ { get = \"/a?b=c\" }, { get = \"http://other.invalid:81/d\" } ]";
    toml("1h", &format!("{class}\n[[user.task]]\n{steps}"))
}

fn run(scenario: &str) -> Run {
    Run::of(scenario).host("first.invalid").args(["--csv", "out"])
}

/// Checks that every request went to the proxy, over one connection for each user.
#[track_caller]
fn check_seen(output: &Output, proxy: &Server, authorization: Option<&str>) {
    let seen = proxy.total();
    let (requests, failures) = output.aggregated();
    assert!((requests..=requests + output.cancelled()).contains(&seen), "{requests} of {seen}");
    assert_eq!((failures, proxy.connections()), (0, 2));
    let told = |seen: &Seen| (seen.line.clone(), seen.header("host").unwrap().to_owned());
    for request in proxy.seen() {
        let expected = match told(&request) {
            (line, host) if host == "first.invalid" => line == "GET http://first.invalid/a?b=c",
            (line, host) => host == "other.invalid:81" && line == "GET http://other.invalid:81/d",
        };
        assert!(expected, "{}", request.head);
        assert_eq!(request.header("proxy-authorization"), authorization);
        assert_eq!(request.header("authorization"), None);
    }
    assert!(proxy.count_of("GET http://first") > 0 && proxy.count_of("GET http://other") > 0);
}

#[test]
fn a_proxy_is_asked_for_whole_urls_over_connections_that_all_hosts_share() {
    let proxy = plain_server();
    let class = format!("proxy = \"http://u:p%40@{}\"", proxy.address);
    let output = run(&two_hosts(&class)).users(2).go_until_each(&proxy, 2, 25).code(0);
    check_seen(&output, &proxy, Some("Basic dTpwQA=="));
    let stats = output.csv("out_stats.csv");
    assert_eq!(stats.column("Name"), ["/a?b=c", "http://other.invalid:81/d", "Aggregated"]);
}

#[test]
fn the_flag_is_for_all_classes_and_the_usual_variables_are_not_read() {
    let proxy = plain_server();
    let text = two_hosts("unix_socket = \"/nowhere\"");
    let flag = format!("http://{}", proxy.address);
    let output = run(&text).users(2).args(["--proxy", &flag]).go_until_each(&proxy, 2, 10).code(0);
    check_seen(&output, &proxy, None);

    let server = plain_server();
    let plain = toml("1h", "[[user.task]]\nget = \"/\"");
    let run =
        Run::of(&plain).host(server.address).env("http_proxy", &flag).env("HTTP_PROXY", &flag);
    run.go_until(&server, 5).code(0);
    assert!(server.seen().iter().all(|request| request.line == "GET /"));
    let both = ["--proxy", &flag, "--unix-socket", "/x"];
    let refused = Run::of(&plain).args(both).go().code(2);
    assert!(refused.stderr.contains("cannot be used with"), "{}", refused.stderr);
    let refused = Run::of(&plain).args(["--proxy", "ftp://a"]).go().code(2);
    assert!(refused.stderr.contains("only http://"), "{}", refused.stderr);
}

#[test]
fn what_a_proxy_answers_is_an_answer_and_what_keeps_us_from_it_is_the_proxys() {
    let text = two_hosts("wait_time = \"5ms\"");
    let errors = |proxy: &str, server: Option<&Server>| {
        let run = run(&text).args(["--proxy", &format!("http://{proxy}")]);
        let output = match server {
            Some(server) => run.go_until(server, 6),
            None => run.args(["-t", "1s"]).go(),
        };
        let failures = output.code(1).csv("out_failures.csv");
        let mut errors: Vec<_> = failures.column("Error").into_iter().map(str::to_owned).collect();
        errors.dedup();
        errors
    };
    let closed = Server::start(|_| Answer::Send(response("407 x", "")));
    let address = closed.address.to_string();
    assert_eq!(errors(&address, Some(&closed)), ["407 Proxy Authentication Required"]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(errors(&nobody.to_string(), None), ["proxy: connection refused"]);
}

#[test]
fn a_proxy_that_nobody_can_look_up_is_named_before_the_run() {
    let output = run(&two_hosts("proxy = \"http://proxy.invalid:3128\"")).go().code(2);
    assert!(output.stderr.contains("cannot resolve 'proxy.invalid'"), "{}", output.stderr);
    let server = Server::start(|_| ok());
    let resolve = format!("proxy.invalid:3128:{}", server.address.ip());
    let url = format!("http://proxy.invalid:{}", server.address.port());
    let resolve = resolve.replace("3128", &server.address.port().to_string());
    let run = run(&two_hosts("")).args(["--proxy", &url, "--resolve", &resolve]);
    assert!(run.go_until(&server, 5).code(0).aggregated().0 > 0);
}

#[test]
fn a_redirect_to_another_host_goes_through_the_proxy_too() {
    let proxy = Server::start(|request| match &*request.line {
        "GET http://first.invalid/" => {
            let location = "Location: http://second.invalid:82/x";
            let head = format!("HTTP/1.1 302 Found\r\n{location}\r\nContent-Length: 0\r\n\r\n");
            Answer::Send(head.into_bytes())
        }
        _ => ok(),
    });
    let class = format!("proxy = \"http://u:p@{}\"", proxy.address);
    let text = toml("1h", &format!("{class}\n[[user.task]]\nget = \"/\""));
    run(&text).go_until(&proxy, 10).code(0);
    assert!(proxy.count_of("GET http://second.invalid:82/x") > 0);
    assert_eq!(proxy.connections(), 1);
    for request in proxy.seen() {
        assert_eq!(request.header("proxy-authorization"), Some("Basic dTpw"));
        assert_eq!(request.head.to_lowercase().matches("proxy-authorization").count(), 1);
    }
}
