//! An Apache that is the proxy to another one.

use crate::apache;
use crate::daemon::PAGE;
use crate::load::{run, scenario_with};

#[test]
fn what_the_proxy_and_the_server_behind_it_saw_is_what_is_counted() {
    let (Some(proxy), Some(server)) = (apache::start_proxy(), apache::start("5")) else { return };
    let whole = "check = { status = 200, body_contains = \"one page\" }";
    let page = format!("get = \"/page\"\n{whole}");
    let tasks = [&*page, "get = \"/large\"", "get = \"/gone\"\ncheck = { status = 404 }"];
    let class = format!("proxy = \"{}\"", proxy.url());
    let run = run(&scenario_with(&class, &tasks), &server.url());
    run.assert_fine();
    assert_eq!(run.row("GET", "/page").average_bytes, PAGE.len() as f64);
    let requests = run.aggregated().requests;
    run.assert_conserved(proxy.close().len() as u64);
    run.assert_conserved(server.close().len() as u64);
    assert!(requests > 100, "{requests}");
}

#[test]
fn a_server_that_the_proxy_does_not_reach_is_its_answer() {
    let Some(proxy) = apache::start_proxy() else { return };
    let class = format!("proxy = \"{}\"", proxy.url());
    let check = "get = \"/\"\ncheck = { status = 503 }";
    let run = run(&scenario_with(&class, &[check]), "http://127.0.0.1:1");
    run.assert_fine();
}
