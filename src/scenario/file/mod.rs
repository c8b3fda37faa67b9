//! Scenario files: TOML text into exactly the value the Rust API builds.
//!
//! ```toml
//! # What the file teaches.
//! host = "http://127.0.0.1:5000"            # optional, as all but names and tasks
//!
//! tls = { resume = true }                   # of all classes, where theirs says nothing else
//!
//! [load]                                    # what flags and variables override; more below
//! users = 10
//! spawn_rate = 2
//! run_time = "1m"
//! run_time_from = "full"                    # when all users are there; "start" without it
//! iterations = 1000                         # ends the run, as requests = 5000 does
//! stop_timeout = "10s"                      # time for tasks to finish at the stop
//! abort_when = ["p95 > 2s"]                 # stop when a level breaks; judged after abort_after
//! local_address = "127.0.0.2"               # where connections come from; or an array
//! dns_refresh = "30s"                       # look names up again; once per run without it
//!
//! [report]                                  # what flags and variables override, too; paths begin in
//! csv = "results"                           # the working directory
//! csv_full_history = true
//! html = "report_{u}.html"                  # also json_file, profile, only_summary, reset_stats,
//!                                           # exit_code_on_error
//!
//! [[user]]
//! name = "APIUser"
//! weight = 1                                # or count = 5, which may be called fixed_count
//! host = "http://127.0.0.1:5001"            # of this class only
//! wait_time = { between = ["1s", "3s"] }    # constant, constant_pacing, constant_throughput,
//!                                           # exponential; "2s" alone is constant
//! headers = { accept = "application/json" }
//! basic_auth = { user = "u", password = "p" } # or digest_auth = { … }, or bearer = "token"
//! timeout = "5s"                            # or { connect = "1s", first_byte = "2s", read = "2s", total = "5s" }
//! keep_alive = "task"                       # close between tasks; true, or false: never keep
//! tls = { min_version = "1.2" }             # also max_version, server_name, insecure and, as PEM
//!                                           # files, relative to this one: ca, cert, key
//! max_requests_per_connection = 100         # then it is closed; any number without it
//! proxy = "http://u:p@127.0.0.1:3128"       # or unix_socket = "/run/app.sock"
//! tcp = { nodelay = true, keepalive = "30s", linger = "0s" }  # linger: close by a reset
//! cookies = true                            # false: neither kept nor sent
//! redirects = true                          # false: a redirect is a response like any other
//! compression = false                       # do not ask for gzip, deflate, br or zstd
//! max_body = "1MiB"                         # the most that is kept of a body; 16MiB without it
//! on_start = [ { post = "/login", json = { user = "x" }, check = { status = 200 } } ]
//! on_stop = [ { get = "/logout" } ]
//!
//! [[user.task]]                             # steps in order
//! name = "browse"
//! weight = 3
//! tags = ["read", "slow"]                   # or one; what --tags and --exclude-tags choose by
//! steps = [
//!   { get = "/users", name = "users", query = { page = 1 }, checks = [
//!     { status = 200, message = "Got {status} instead of 200" },
//!     { json = "/users", message = "Invalid response" },
//!   ] },
//!   { put = "/photo", body_file = "photo.jpg", expect_continue = true },
//!   { post = "/photos", multipart = [
//!     { name = "title", value = "A photo" },
//!     { name = "file", file = "photo.jpg", filename = "p.jpg", content_type = "image/jpeg" },
//!   ] },
//!   { method = "PURGE", path = "/users", timeout = "2s", redirects = false },
//!   { parallel = [ { get = "/a.css" }, { get = "/b.js" } ], connections = 6 },
//! ]
//!
//! [[user.task]]                             # flat: a task of one request, named as it is
//! get = "/status"
//! check = { status = ["2xx", 304], json_equals = { "/status" = "healthy" }, max_time = "200ms" }
//! # also header, header_equals, body_contains, body_matches = "^\\{" (a regular expression), json (a pointer),
//! # json_length = { "/items" = 3 } (elements, members or characters)
//! ```
//!
//! # Parameters
//!
//! A text that is given anew for each run is a parameter, with a default or `required = true`. Any
//! string of the file, but no key, may have it in it:
//!
//! ```toml
//! host = "http://${region}.example.com"     # $${ is a plain ${
//!
//! [parameter.region]
//! default = "eu"
//! choices = ["eu", "us"]                    # any value without them
//! help = "Which of the data centres"        # for who is asked for it
//!
//! [parameter.api_key]
//! required = true
//! secret = true                             # in no report and no error
//! ```
//!
//! Values come from [`Values`], which `--set region=us` fills, and are taken as they are. A secret
//! cannot be where reports or errors would show it: in a host, a name, a check, the path of a request
//! without a name. What stands in the file itself, as a default does, is no secret; but user and
//! password of a URL are hidden wherever they stand, and so may be secrets. Reports show the file
//! without its passwords, bearer tokens and headers that are credentials.
//!
//! `${env.NAME}` is a variable of the environment, wherever a parameter may be.
//!
//! # Values of each user
//!
//! In the texts of steps `${…}` may be any expression, whose value is put in for each user and each time:
//!
//! ```toml
//! [[user.task]]
//! name = "pages"
//! group = "all pages"                       # timed as a whole: an entry of type GROUP
//! steps = [
//!   { set = { page = 1, session = "${uuid()}" } },
//!   { while = "${page} <= 5", steps = [
//!     { get = "/pages/${page}", headers = { x-session = "${session}" } },
//!     { if = "${page} == 3 and not ${random_int(0, 1)}", then = [ { end = "task" } ], else = [ { pause = "5ms" } ] },
//!     { set = { page = "${page + 1}" } },
//!   ] },
//!   { repeat = 2, steps = [ { post = "/items", json = { n = "${counter()}" } } ] },
//!   { group = "order", steps = [ { get = "/cart" }, { pause = { between = ["1s", "2s"] } }, { post = "/pay" } ] },
//!   { end = "task", wait = false },         # also "set", "user", "run"
//! ]
//! ```
//!
//! A value comes from a file or from a response:
//!
//! ```toml
//! [data.accounts]                           # CSV with a header, or .jsonl; relative to this file
//! file = "accounts.csv"
//! pick = "unique"                           # one row per user; "in_order" without it, "random", "shuffled"
//! at_end = "recycle"                        # rows are given again; "stop_user", "fail"
//!
//! [[user]]
//! name = "Shopper"
//! data = "accounts"                         # a row for the user's life; a task may take one each time
//! on_start = [
//!   { get = "/login", capture = { csrf = { html = "input[name=csrf]", attribute = "value" } } },
//!   { post = "/login", form = { name = "${accounts.name}", password = "${accounts.password}", csrf = "${csrf}" },
//!     capture = { token = { json = "/token" } } },
//! ]
//! [[user.task]]
//! get = "/me"
//! bearer = "${token}"
//! ```
//!
//! | capture | takes |
//! |---|---|
//! | `json = "/a/0"` | the value at a JSON pointer, with its type |
//! | `header = "location"`, `cookie = "sid"` | of this response; the cookie that it sets |
//! | `regex = "id=(\\d+)"` | the first group in the body, or the match |
//! | `html = "a.next"`, with `attribute = "href"` | the text or an attribute of the elements of a CSS selector |
//! | `status = true`, `url = true` | the status code; the URL after redirects |
//!
//! Of several values `pick` takes the `"first"`, `"last"`, a `"random"` one, `"all"` as an array, or their
//! `"count"`; with `json` it is the elements of an array that are picked. Where there is none, `default` stands for
//! it; without one that is a failure of the request, `No value for 'token': …`, and ends the task. In `on_start` it
//! ends the user, as an exception does. A variable stays until it gets another value.
//!
//! Rows of `unique` data are a user's own until it ends; while all are in use, a new user fails with a sentence and
//! ends. Cells of CSV are texts; those of `.jsonl` have their types.
//!
//! Tasks may follow each other in another order than that of their weights, and a task may be a set of
//! tasks, which one of them leaves:
//!
//! ```toml
//! [[user]]
//! name = "Shopper"
//! order = "sequential"                      # one after the other; without it, "weighted"
//!
//! [[user.task]]
//! name = "browse"
//! on_start = [ { get = "/shop" } ]          # each time before the first of them; also on_stop
//! tasks = [
//!   { name = "look", get = "/items", next = { look = 3, buy = 1 } },    # what comes next: order = "markov"
//!   { name = "buy", next = { look = 1 }, steps = [ { post = "/buy" }, { end = "set" } ] },
//! ]
//! ```
//!
//! The wait of the class is between the tasks of a set, and `end = "set"` goes on with the next task around
//! it without a wait, as Locust's `interrupt()` does. The first task of `"markov"` is the first in the file. An
//! exception inside a set ends the task of the set that it is in.
//!
//! A name is a parameter, a column, or a variable of the user, which `set` or `capture` gives a value. `${order.items.0.id}` is a
//! place in a value that is JSON. A variable without a value ends the task with an exception. The texts of
//! `if`, `while` and `repeat` are expressions themselves, with or without `${…}` around their names:
//!
//! | | |
//! |---|---|
//! | values | `12`, `0.5`, `'text'`, `"text"`, `true`, `false`, `null`, names, calls, `( … )` |
//! | calculation | `+`, `-`, `*`, `/`, `%` with numbers |
//! | comparison | `==`, `!=`, `contains`; with numbers `<`, `<=`, `>`, `>=` |
//! | conditions | `and`, `or`, `not`; as in Python, `null`, `false`, `0` and what is empty do not hold |
//!
//! A text that reads as a number is one where a number is needed, because columns of files are texts. The
//! operators bind as in Python. The functions:
//!
//! | | |
//! |---|---|
//! | `random_int(1, 6)`, `random_float(0, 1)` | a number from the first to the second |
//! | `random_choice('a', 'b')` | one of these, or of the elements of an array |
//! | `random_string(8)`, `random_string(4, '01')` | letters and digits, or these characters |
//! | `uuid()` | a new UUID, in every run another one; all others follow from `--seed` |
//! | `counter()` | a number from 1 that no other call in the run gets; each core has its own |
//! | `now()`, `now('%Y-%m-%d', '+1d')` | the time in UTC, in a format of strftime, before or after now |
//! | `now_ms()`, `now_s()` | the time since 1970 as a number |
//! | `user()` | the number of the user, from 0 |
//! | `base64(a)`, `base64_decode(a)`, `url_encode(a)` | encodings |
//! | `sha256(a)`, `hmac_sha256(key, a)` | as hexadecimal digits, or with a last `'base64'` in base64 |
//! | `json(a, '/pointer')`, `length(a)` | a value in a JSON text; how many characters, elements or members |
//! | `concat(a, b)`, `lower(a)`, `upper(a)` | texts |
//!
//! In `json` a text that is nothing but one expression has the type of its value: `{ n = "${page}" }` is sent
//! as `{"n":1}`. A request without a name is counted under its path, in which names of variables and functions
//! stand for their values: `/pages/[page]`. A value cannot add a header: a request whose header would have a
//! line break fails and is not sent. In a path such characters are percent-encoded.
//!
//! `{{id}}`, `{id}`, `<id>`, `$id`, `:id` and `%s` are sent as they are written, and the log warns of them
//! where no server can mean them.
//!
//! # Details
//!
//! The requests of a `parallel` step are made at the same time, over 6 connections or as many as
//! `connections` says, at most 1,000; see [`Parallel`](crate::scenario::Parallel).
//!
//! A duration is a text such as `90s`, `3m` or `1h20m`, or a
//! number of seconds; a size is a text such as `1MB` or `64KiB`, or a
//! number of bytes. A request has at most one of `body` (text), `json` (any value), `form`, `body_file`
//! (the content of a file) and `multipart` (a form with files): files are read once, before the run,
//! and their paths begin beside the scenario file. With `expect_continue = true` a body waits until the
//! server asks for it, for at most a second.
//! A `check` with several conditions is one check per condition, in this order: `status`, `header`,
//! `header_equals`, `body_contains`, `body_matches`, `json`, `json_equals`, `json_length`, `max_time`; a `message` is that of all
//! of them. Where several values make sense (`header`, `body_contains`, `json`, a pair of a query),
//! an array gives them.
//!
//! Each user has its own cookies. A redirected request is one sample, from the first send to the last
//! response, under its first name: up to 30 redirects are followed, as Python's requests does it.
//! Those of HEAD are followed only by a request that has `redirects = true` itself.
//!
//! In the place of `users` and `spawn_rate` the load may have stages, a shape, or a rate:
//!
//! ```toml
//! [[load.stage]]                            # or stage = [ { … }, … ]; the run ends after the last
//! duration = "30s"                          # of this stage, its ramp included
//! users = 10
//! spawn_rate = 2                            # users who come or go per second
//! mix = { APIUser = 3, Admin = 1 }          # optional: of which classes are those who come
//! ```
//! ```toml
//! [load]                                    # one of these
//! shape = { constant = 50 }
//! shape = { ramp = { users = 100, spawn_rate = 10 } }
//! shape = { steps = { users = 10, every = "30s", spawn_rate = 10, until = "10m" } }
//! shape = { spike = { base = 10, peak = 100, at = "1m", lasting = "30s", spawn_rate = 50 } }
//! shape = { sine = { min = 10, max = 100, period = "1m" } }
//! shape = { double_wave = { min = 20, first = 60, second = 40, lasting = "10m" } }
//! ```
//! ```toml
//! [load]                                    # open arrivals: whatever the server does
//! rate = 5000                               # iterations begun per second
//! arrivals = "poisson"                      # "uniform" without it
//! max_users = 2000                          # how many iterations can be under way; 1000 without
//!
//! [[load.stage]]                            # optional
//! duration = "30s"
//! rate = 8000                               # come to in the course of the stage
//! ```
//!
//! What shapes mean is told by [`LoadShape`](crate::scenario::LoadShape), what arrivals do by
//! [`Arrivals`](crate::scenario::Arrivals). Stages of rates begin at the `rate` of the load, or at
//! zero.
//!
//! The first error is reported with its place, its line and the cure.

mod capture;
mod check;
mod data;
mod document;
mod error;
mod instruction;
mod load;
mod parameter;
mod placeholder;
mod policy;
mod reader;
mod report;
mod shape;
mod shown;
mod step;
mod task;
mod texts;
mod tls;
mod upload;
mod user;
mod values;

use std::collections::HashSet;
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use super::{Parameter, Scenario};
use crate::session::Policy;
use error::{Problem, Result};
use reader::{Item, Table};
use upload::Files;

pub(crate) use document::Document;
pub use error::Error;
pub use values::Values;

pub(crate) use placeholder::in_path as placeholder_in_path;

/// Reads the scenario in this file, with its parameters at their defaults.
pub fn load(path: impl AsRef<Path>) -> std::result::Result<Scenario, Error> {
    load_with(path, &Values::default())
}

/// Reads the scenario in this file, with these values of its parameters.
///
/// # Errors
///
/// What is wrong with the file, or with the values: [`Error::parameter`] tells which.
pub fn load_with(path: impl AsRef<Path>, values: &Values) -> std::result::Result<Scenario, Error> {
    Document::read(path)?.scenario(values)
}

/// Reads the scenario in this text, with its parameters at their defaults; `file` is the name that
/// errors give it.
pub fn parse(file: &str, text: &str) -> std::result::Result<Scenario, Error> {
    parse_with(file, text, &Values::default())
}

/// Reads the scenario in this text, with these values of its parameters.
///
/// # Errors
///
/// As [`load_with`].
pub fn parse_with(file: &str, text: &str, values: &Values) -> std::result::Result<Scenario, Error> {
    Document::new(file, text).scenario(values)
}

/// Reads the parameters of this file, and nothing else of it.
pub fn parameters(path: impl AsRef<Path>) -> std::result::Result<Vec<Parameter>, Error> {
    Document::read(path)?.parameters()
}

fn toml(text: &str) -> Result<Spanned<DeTable<'_>>> {
    DeTable::parse(text).map_err(|error| {
        let end = text.len();
        Problem::new(error.span().unwrap_or(end..end), error.message())
    })
}

fn parameters_of(text: &str) -> Result<Vec<Parameter>> {
    let toml = toml(text)?;
    let declared = parameter::declared(&Table::root(toml.get_ref(), None))?;
    Ok(declared.into_iter().map(|declared| declared.parameter).collect())
}

fn scenario(text: &str, files: &Files, values: &Values) -> Result<Scenario> {
    let toml = toml(text)?;
    let root = Table::root(toml.get_ref(), None);
    root.only(&["data", "host", "load", "parameter", "report", "tls", "user"])?;
    let declared = parameter::declared(&root)?;
    let bindings = values.bind(&root, &declared)?;
    let table = Table::root(toml.get_ref(), Some(&bindings));
    let mut scenario = Scenario {
        parameters: declared.into_iter().map(|declared| declared.parameter).collect(),
        secrets: bindings.secrets(),
        host: table.get("host").map(user::host).transpose()?,
        load: table.get("load").map(load::load).transpose()?.unwrap_or_default(),
        reports: table.get("report").map(report::report).transpose()?.unwrap_or_default(),
        data: data::sources(&table, files)?,
        users: Vec::new(),
    };
    let mut common = Policy::default();
    if let Some(item) = table.get("tls") {
        tls::tls(item, files, &mut common.tls)?;
    }
    let mut names = HashSet::new();
    for item in table.get("user").map_or(Ok(Vec::new()), users)? {
        let user = user::user(item, files, &common, &scenario.data)?;
        if !names.insert(user.name.clone()) {
            return Err(Problem::new(item.span(), super::Error::DuplicateUser(user.name)));
        }
        scenario.users.push(user);
    }
    if scenario.users.is_empty() {
        return Err(table.problem("there are no users; add a [[user]] with a [[user.task]]"));
    }
    if let Some(load) = table.get("load") {
        load::check_mixes(load, &scenario.users)?;
    }
    // All but the number of classes has been judged where it is written.
    scenario.validate().map_err(|error| table.problem(error))?;
    Ok(scenario)
}

fn users(item: Item<'_>) -> Result<Vec<Item<'_>>> {
    item.array("an array of tables, written [[user]]")
}

#[cfg(test)]
mod tests;
