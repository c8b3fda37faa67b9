//! Starting, watching, changing and stopping runs on the page.

use std::time::{Duration, Instant};

use gregaria::report::digits::file_ms;
use serde_json::{Value, json};

use super::{SCENARIO, page};
use crate::support::{Answer, Event, Page, Run, Server, ok, plain_server};

fn state(event: &Event) -> &str {
    event.data["view"]["state"].as_str().unwrap()
}

fn users(event: &Event) -> u64 {
    event.data["view"]["users"].as_u64().unwrap()
}

/// A user starts every 7 ms, also between the instant of a second and the moment when a core counts its users.
#[test]
fn as_many_users_are_there_as_were_wanted_when_they_were_counted() {
    let server = plain_server();
    let page = page(&server);
    let mut events = page.events();
    page.command("/api/v1/runs", &json!({"users": 400, "spawn_rate": 150}));
    let mut seen = 0;
    loop {
        let event = events.next().unwrap();
        let wanted = &event.data["view"]["asked"]["users"];
        if state(&event) == "running" {
            break assert_eq!((wanted, users(&event)), (&json!(400), 400));
        }
        if wanted.is_u64() && event.name == "view" {
            assert_eq!(*wanted, users(&event), "at {}", event.data["view"]["elapsed_s"]);
            let point = &event.data["point"];
            assert_eq!(point["asked"].as_f64(), point["users"].as_f64());
            seen += 1;
        }
    }
    assert!(seen > 0, "users were all there at once");
    page.quit().code(0);
}

#[test]
fn a_run_is_started_watched_changed_and_stopped_and_then_another() {
    let server = plain_server();
    let page = page(&server);
    let mut events = page.events();
    let hello = events.next().unwrap();
    assert_eq!((&*hello.name, state(&hello)), ("hello", "ready"));
    assert_eq!(hello.data["form"]["classes"][0]["name"], "u");
    assert_eq!(hello.data["view"]["run"], 0);

    assert_eq!(
        page.command("/api/v1/runs", &json!({"users": 2, "spawn_rate": 100})),
        json!({"run": 1})
    );
    // There may be a change of the start form before it.
    let hello = events.find(|event| event.name == "hello");
    assert_eq!(hello.data["view"]["run"], 1);
    let two = events.find(|event| state(event) == "running");
    assert_eq!((&*two.name, users(&two)), ("view", 2));
    assert!(two.data["point"]["at_s"].as_f64().unwrap() > 0.0, "{}", two.data);

    page.command("/api/v1/run/load", &json!({"users": 5, "spawn_rate": 100}));
    events.find(|event| state(event) == "spawning");
    let five = events.find(|event| state(event) == "running");
    assert_eq!((users(&five), &five.data["view"]["asked"]), (5, &json!({"users": 5})));

    page.command("/api/v1/run/reset", &json!({}));
    let reset = events.find(|event| event.data["view"]["counted_from_s"].as_f64() > Some(0.0));
    let before = five.data["view"]["total"]["num_requests"].as_u64().unwrap();
    assert!(reset.data["view"]["total"]["num_requests"].as_u64().unwrap() < before * 2);

    page.command("/api/v1/run/stop", &json!({}));
    let stopped = events.find(|event| state(event) == "stopped");
    let said: Vec<&Value> = stopped.data["view"]["commands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["what"])
        .collect();
    assert_eq!(said, ["5 users at 100 per second", "statistics reset", "stop"]);

    assert_eq!(page.command("/api/v1/runs", &json!({"users": 1})), json!({"run": 2}));
    let hello = events.find(|event| event.name == "hello");
    assert_eq!(
        (hello.data["view"]["run"].as_u64(), &hello.data["history"]["at_s"]),
        (Some(2), &json!([]))
    );
    let one = events.find(|event| state(event) == "running");
    assert_eq!(users(&one), 1);
    page.quit().code(0);
    let last = events.find(|event| state(event) == "stopped");
    assert_eq!(last.data["view"]["run"], 2);
    // The last event may have the same, and then the stream ends.
    while let Some(event) = events.next() {
        assert_eq!(state(&event), "stopped");
    }
}

#[test]
fn events_come_each_second() {
    let server = plain_server();
    let page = page(&server);
    page.command("/api/v1/runs", &json!({"users": 1}));
    let mut events = page.events();
    events.find(|event| event.data["view"]["elapsed_s"].as_f64() >= Some(1.0));
    let from = Instant::now();
    let times: Vec<f64> =
        (0..3).map(|_| events.next().unwrap().data["point"]["at_s"].as_f64().unwrap()).collect();
    let took = from.elapsed();
    assert_eq!(times, [2.0, 3.0, 4.0]);
    assert!(took > Duration::from_millis(2500) && took < Duration::from_secs(5), "{took:?}");
    let history = page.read("/api/v1/history");
    assert_eq!(history["at_s"], json!([1, 2, 3, 4]));
    assert_eq!(history["entries"][0]["name"], "home");
    let home = page.read("/api/v1/history?method=GET&name=home");
    assert_eq!(home["rps"].as_array().unwrap().len(), 4);
    assert_eq!(page.get("/api/v1/history?method=GET&name=other").status, 404);
    page.quit().code(0);
}

#[test]
fn the_last_view_is_what_the_files_have_after_an_interruption() {
    let server = plain_server();
    let run =
        Run::of(SCENARIO).host(server.address).args(["--csv", "out", "--autostart", "-u", "3"]);
    // A request that the stop cancels may not have been sent yet, so all of them are finished.
    let page = run.args(["--stop-timeout", "15"]).open_page();
    let mut events = page.events();
    server.await_requests(50);
    let output = page.quit().code(0);
    assert_eq!(output.cancelled(), 0);
    let last = events.find(|event| state(event) == "stopped");
    let (total, rows) = (&last.data["view"]["total"], output.csv("out_stats.csv"));
    let requests = rows.count("Aggregated", "Request Count");
    assert_eq!(total["num_requests"].as_u64(), Some(requests));
    assert_eq!(output.aggregated(), (requests, 0));
    assert_eq!(server.total(), requests);
    // The page has the exact times, of which the files have fewer digits.
    let in_file =
        |ms: &Value| file_ms(Duration::from_nanos((ms.as_f64().unwrap() * 1e6).round() as u64));
    assert_eq!(in_file(&total["median_response_time"]), rows.column("Median Response Time")[1]);
    assert_eq!(in_file(&total["percentiles"]["99%"]), rows.column("99%")[1]);
}

#[test]
fn what_cannot_be_started_or_changed_is_said_beside_its_field() {
    let server = plain_server();
    let page = page(&server);
    for path in ["/api/v1/run/stop", "/api/v1/run/reset", "/api/v1/run/load"] {
        assert_eq!(page.post(path, &json!({"users": 1})).status, 409, "{path}");
    }
    let refused = |form: Value, field: &str| {
        let reply = page.post("/api/v1/runs", &form);
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{form}");
    };
    refused(json!({"users": -1}), "users");
    refused(json!({"users": 1e9}), "users");
    refused(json!({"spawn_rate": 0}), "spawn_rate");
    refused(json!({"host": "nonsense"}), "host");
    refused(json!({"host": "http://nowhere.invalid"}), "host");
    refused(json!({"run_time": "soon"}), "run_time");
    refused(json!({"run_time": "0"}), "run_time");
    refused(json!({"cores": "9999"}), "cores");
    refused(json!({"tags": "none"}), "tags");
    refused(json!({"exclude_tags": "none"}), "exclude_tags");
    refused(json!({"classes": [{"name": "nobody"}]}), "classes");
    refused(json!({"rate": 5, "users": 5}), "rate");
    refused(json!({"nonsense": 5}), "nonsense");
    assert_eq!(page.ask("POST", "/api/v1/runs", &[], "{").fields(), [""]);

    page.command("/api/v1/runs", &json!({}));
    let reply = page.post("/api/v1/runs", &json!({}));
    assert_eq!((reply.status, reply.fields()), (409, vec![String::new()]));
    let refused = |form: Value, field: &str| {
        let reply = page.post("/api/v1/run/load", &form);
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{form}");
    };
    refused(json!({"users": 1e9}), "users");
    refused(json!({"users": 1, "spawn_rate": -1}), "spawn_rate");
    refused(json!({"rate": 5}), "rate");
    refused(json!({}), "");
    server.await_requests(2);
    page.quit().code(0);
}

/// A reset would lose the results of the run.
#[test]
fn a_run_that_stops_is_changed_no_more() {
    let server = Server::start(|_| Answer::Late(Duration::from_secs(2), Box::new(ok())));
    let run = Run::of(SCENARIO).host(server.address).args(["--stop-timeout", "9", "-u", "2"]);
    let page = run.arg("--autostart").open_page();
    server.await_requests(1);
    page.command("/api/v1/run/stop", &json!({}));
    assert_eq!(page.view()["state"], "stopping");
    assert_eq!(page.post("/api/v1/run/load", &json!({"users": 9})).status, 409);
    assert_eq!(page.post("/api/v1/run/reset", &json!({})).status, 409);
    assert_eq!(page.get("/stats/reset").body, "ok");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let swarm = page.ask("POST", "/swarm", &form, "user_count=2&spawn_rate=1").json();
    assert_eq!(swarm["message"], "the run is stopping: it cannot be changed any more");
    page.read("/stop");
    let view = page.view();
    assert_eq!((&view["state"], &view["counted_from_s"]), (&json!("stopped"), &json!(0.0)));
    assert_eq!(view["commands"].as_array().unwrap().len(), 1, "{}", view["commands"]);
    page.quit().code(0);
}

/// Locust 2.47's page has its Reset after the stop, too (webui: only the state `ready` hides it), and
/// `/stats/reset` resets the statistics in every state. Files do not change.
#[test]
fn a_run_that_is_over_has_its_statistics_reset_as_on_locusts_page() {
    let server = plain_server();
    let run = Run::of(SCENARIO).host(server.address).args(["--csv", "out", "--autostart"]);
    let page = run.open_page();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let ways: [fn(&Page); 2] = [
        |page| drop(page.command("/api/v1/run/reset", &json!({}))),
        |page| assert_eq!(page.get("/stats/reset").body, "ok"),
    ];
    for reset in ways {
        server.await_requests(server.count() + 3);
        page.read("/stop");
        let before = page.view();
        assert!(before["total"]["num_requests"].as_u64() >= Some(1), "{before}");
        reset(&page);
        let view = page.view();
        assert_eq!(
            (&view["state"], &view["total"]["num_requests"]),
            (&json!("stopped"), &json!(0))
        );
        assert_eq!((&view["entries"], &view["total"]["total_rps"]), (&json!([]), &json!(0.0)));
        assert_eq!(
            (&view["counted_from_s"], &view["elapsed_s"]),
            (&before["elapsed_s"], &before["elapsed_s"])
        );
        assert_eq!(view["commands"][1]["what"], "statistics reset");
        assert_eq!(page.read("/stats/requests")["total_rps"], json!(0.0));
        let start = page.ask("POST", "/swarm", &form, "user_count=1&spawn_rate=100").json();
        assert_eq!(start["success"], true, "{start}");
        server.await_requests(server.count() + 3);
        assert!(page.view()["counted_from_s"] == json!(0.0));
    }
    let output = page.quit().code(0);
    assert!(output.aggregated().0 >= 1);
}

#[test]
fn a_rate_is_started_and_changed() {
    let server = plain_server();
    let page = page(&server);
    page.command("/api/v1/runs", &json!({"rate": 20}));
    let mut events = page.events();
    events.find(|event| event.data["view"]["asked"] == json!({"rate": 20.0}));
    assert_eq!(page.post("/api/v1/run/load", &json!({"users": 5})).fields(), ["users"]);
    page.command("/api/v1/run/load", &json!({"rate": 50}));
    events.find(|event| event.data["view"]["asked"] == json!({"rate": 50.0}));
    page.quit().code(0);
}

#[test]
fn locusts_routes_start_change_and_stop_as_its_own_do() {
    let server = plain_server();
    let page = page(&server);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let swarm = |body: &str| page.ask("POST", "/swarm", &form, body).json();
    assert_eq!(page.read("/stats/requests")["state"], "ready");
    assert_eq!(swarm("user_count=2")["success"], false);
    assert_eq!(swarm("user_count=2&spawn_rate=100")["message"], "Swarming started");
    server.await_requests(5);
    assert_eq!(swarm("user_count=4&spawn_rate=100")["success"], true);
    let mut events = page.events();
    events.find(|event| users(event) == 4);
    let stats = page.read("/stats/requests");
    assert_eq!((&stats["user_count"], &stats["stats"][0]["name"]), (&json!(4), &json!("home")));
    assert_eq!(page.get("/stats/reset").body, "ok");
    assert_eq!(page.read("/stop"), json!({"message": "Test stopped", "success": true}));
    let stats = page.read("/stats/requests");
    assert_eq!((&stats["state"], &stats["user_count"]), (&json!("stopped"), &json!(0)));

    for (path, start) in [
        ("/stats/requests/csv", "Type,Name,Request Count"),
        ("/stats/failures/csv", "Method,Name,Error"),
        ("/exceptions/csv", "Count,Message"),
    ] {
        let reply = page.get(path);
        assert!(reply.body.starts_with(start), "{path}: {}", reply.body);
        let named = reply.header("Content-Disposition").unwrap();
        assert!(named.starts_with("attachment;filename=Locust_"), "{named}");
    }
    assert_eq!(page.get("/stats/requests_full_history/csv").status, 404);
    assert_eq!(page.read("/exceptions"), json!({"exceptions": []}));
    assert_eq!(page.read("/tasks")["per_class"]["u"]["tasks"]["home"]["ratio"], 1.0);
    assert_eq!(page.read("/worker-count"), json!({"worker_count": 0}));
    let logs = page.read("/logs")["master"].to_string();
    assert!(logs.contains("Ramping to 4 users at a rate of 100.00 per second"), "{logs}");
    assert!(page.get("/stats/report?download=1").body.contains("home"));
    page.quit().code(0);
}

#[test]
fn locusts_form_is_told_of_a_shape_where_the_run_has_one() {
    let server = plain_server();
    let stage = "[load]\nstage = [{ duration = \"1m\", users = 2, spawn_rate = 2 }]\n";
    let scenario = stage.to_owned() + SCENARIO;
    let page = Run::of(&scenario).host(server.address).open_page();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let swarm = |body: &str| page.ask("POST", "/swarm", &form, body).json();
    assert_eq!(swarm("")["message"], "Swarming started using shape class 'shape'");
    page.read("/stop");
    assert_eq!(swarm("rate=0")["message"], "rate: must be more than 0");
    let before = server.count();
    assert_eq!(swarm("rate=20")["message"], "Swarming started");
    server.await_requests(before + 1);
    assert_eq!(swarm("rate=0")["message"], "Swarming started");
    page.quit().code(0);
}

#[test]
fn the_full_history_is_sent_where_there_is_one() {
    let server = plain_server();
    let run = Run::of(SCENARIO).host(server.address).args(["--csv", "out", "--csv-full-history"]);
    let page = run.arg("--autostart").open_page();
    server.await_requests(5);
    page.read("/stop");
    let reply = page.get("/stats/requests_full_history/csv");
    assert!(
        reply.body.contains("Timestamp,User Count") && reply.body.contains("home"),
        "{reply:?}"
    );
    page.quit().code(0);
}
