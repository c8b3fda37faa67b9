//! The cost of each part of a request's path, without a network.
//!
//! ```text
//! cargo bench --bench pieces                 all of them
//! cargo bench --bench pieces -- recorder     those whose path has this in it
//! ```

fn main() {
    divan::main();
}

/// Requests into bytes, bytes into responses.
mod codec {
    use std::fmt::Write as _;

    use divan::{Bencher, black_box};
    use gregaria::http1::{KeepBody, Limits, RequestHead, ResponseReader};
    use http::header::{AUTHORIZATION, COOKIE};
    use http::{HeaderValue, Method};

    #[divan::bench]
    fn request(bencher: Bencher<'_, '_>) {
        let headers = [
            (AUTHORIZATION, HeaderValue::from_static("Basic dXNlcjpwYXNzd29yZA==")),
            (COOKIE, HeaderValue::from_static("session=0123456789abcdef")),
        ];
        let mut out = Vec::new();
        bencher.bench_local(|| {
            out.clear();
            let head = RequestHead {
                method: &Method::GET,
                target: black_box("/users/17?page=2&sort=name"),
                host: "127.0.0.1:5000",
                headers: headers.iter().map(|(name, value)| (name, value)),
            };
            head.encode(b"", None, &mut out);
            out.len()
        });
    }

    #[divan::bench]
    fn response_of_known_length(bencher: Bencher<'_, '_>) {
        read(bencher, &with_length("", r#"{"users": ["Alice", "Bob", "Charlie"]}"#));
    }

    #[divan::bench]
    fn response_with_30_headers(bencher: Bencher<'_, '_>) {
        let headers = (0..30).fold(String::new(), |mut text, n| {
            let _ = write!(text, "X-Header-{n}: a value of the usual length, {n}\r\n");
            text
        });
        read(bencher, &with_length(&headers, "{}"));
    }

    #[divan::bench(args = [1, 16])]
    fn response_in_chunks(bencher: Bencher<'_, '_>, chunks: usize) {
        let mut text = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                        Transfer-Encoding: chunked\r\n\r\n"
            .to_owned();
        for _ in 0..chunks {
            let _ = write!(text, "40\r\n{}\r\n", "x".repeat(0x40));
        }
        text.push_str("0\r\n\r\n");
        read(bencher, &text);
    }

    #[divan::bench]
    fn response_of_64_kib_in_4_pieces(bencher: Bencher<'_, '_>) {
        let text = with_length("", &"x".repeat(64 << 10));
        read_in_pieces(bencher, &text, 16 << 10);
    }

    fn with_length(headers: &str, body: &str) -> String {
        let len = body.len();
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\
             Content-Length: {len}\r\n\r\n{body}"
        )
    }

    fn read(bencher: Bencher<'_, '_>, response: &str) {
        read_in_pieces(bencher, response, response.len());
    }

    fn read_in_pieces(bencher: Bencher<'_, '_>, response: &str, piece: usize) {
        let mut reader = ResponseReader::new(&Method::GET, KeepBody::Yes, Limits::default());
        let mut store = Vec::new();
        bencher.bench_local(|| {
            store.clear();
            reader.reset(&Method::GET, KeepBody::Yes);
            let pieces = black_box(response.as_bytes()).chunks(piece);
            let last = pieces.map(|piece| reader.feed(piece, &mut store)).last();
            assert!(last.is_some_and(|progress| progress.is_ok_and(|progress| progress.done)));
        });
    }
}

/// A dynamic request is rendered each time, a constant one only once.
mod render {
    use std::rc::Rc;
    use std::time::Instant;

    use divan::Bencher;
    use gregaria::http1::KeepBody;
    use gregaria::reactor::{Backend, Reactor};
    use gregaria::scenario::Step;
    use gregaria::session::{
        BaseUrl, Context, Defaults, LocalAddresses, Policy, Prepared, ResolvedUrl, Resolver,
    };
    use gregaria::stats::{Recorder, RowLimits};
    use serde_json::json;

    /// The reactor keeps what is rendered here, so the number of repeats is limited.
    const RENDERS: u32 = 100;

    #[divan::bench(sample_count = RENDERS, sample_size = RENDERS)]
    fn path(bencher: Bencher<'_, '_>) {
        render(bencher, |n| Step::get(format!("/item/{n}")));
    }

    #[divan::bench(sample_count = RENDERS, sample_size = RENDERS)]
    fn query(bencher: Bencher<'_, '_>) {
        render(bencher, |n| {
            Step::get("/search").query("q", "migratory locust").query("page", n.to_string())
        });
    }

    #[divan::bench(sample_count = RENDERS, sample_size = RENDERS)]
    fn json(bencher: Bencher<'_, '_>) {
        render(bencher, |n| {
            Step::post("/orders").json(json!({"item": n, "amount": 3, "note": "by the door"}))
        });
    }

    #[divan::bench(sample_count = RENDERS, sample_size = RENDERS)]
    fn form(bencher: Bencher<'_, '_>) {
        render(bencher, |n| Step::post("/login").form("user", format!("u{n}")).form("word", "a b"));
    }

    /// The step as a task would make it for the n-th time, and its bytes.
    fn render(bencher: Bencher<'_, '_>, step: impl Fn(u32) -> Step) {
        let (context, defaults) = class();
        let mut number = 0;
        bencher.bench_local(|| {
            number += 1;
            let request = step(number).name("one name").request;
            Prepared::new(&context, &defaults, &request, KeepBody::Yes).is_ok()
        });
    }

    fn class() -> (Rc<Context>, Defaults) {
        let recorder = Recorder::new(0, Instant::now(), RowLimits::default());
        let reactor = Reactor::new(Backend::best()).expect("a ring");
        let resolver = Resolver::start(None).expect("a thread");
        let context = Context::new(reactor, recorder, LocalAddresses::default(), resolver);
        let url = BaseUrl::parse("http://127.0.0.1:9").expect("a URL");
        let target = ResolvedUrl::look_up(url).expect("an address");
        let defaults = Defaults::new(&context, &target, &[], None, Policy::default());
        (context, defaults)
    }
}

/// One core's statistics.
mod recorder {
    use std::time::{Duration, Instant};

    use divan::{Bencher, black_box};
    use gregaria::stats::{
        Clocks, EntryId, Outcome, Phases, Recorder, RowLimits, Sample, WireBytes,
    };

    const NAMES: [u32; 3] = [1, 20, 1000];
    const SAMPLES: usize = 1 << 14;

    #[divan::bench(args = NAMES)]
    fn success(bencher: Bencher<'_, '_>, names: u32) {
        record(bencher, names, Outcome::Success);
    }

    #[divan::bench(args = NAMES)]
    fn failure(bencher: Bencher<'_, '_>, names: u32) {
        record(bencher, names, Outcome::Failure("HTTP 500"));
    }

    #[divan::bench]
    fn known_name(bencher: Bencher<'_, '_>) {
        let mut recorder = named(1000, Instant::now());
        bencher.bench_local(|| recorder.entry("GET", black_box("/item/77")));
    }

    /// Shipping a second in which every name had 100 samples.
    #[divan::bench(args = NAMES, sample_size = 1)]
    fn take(bencher: Bencher<'_, '_>, names: u32) {
        let started = Instant::now();
        let samples = samples(names, started, Outcome::Success);
        let filled = || {
            let mut recorder = named(names, started);
            let enough = names as usize * 100;
            samples.iter().cycle().take(enough).for_each(|&sample| count(&mut recorder, sample));
            recorder
        };
        bencher.with_inputs(filled).bench_local_refs(|recorder| recorder.take(0, started));
    }

    fn record(bencher: Bencher<'_, '_>, names: u32, outcome: Outcome<'_>) {
        let started = Instant::now();
        let samples = samples(names, started, outcome);
        let mut recorder = named(names, started);
        // The histograms grow to their latencies once.
        samples.iter().for_each(|&sample| count(&mut recorder, sample));
        let mut next = samples.iter().cycle();
        bencher.bench_local(|| {
            if let Some(&sample) = next.next() {
                count(&mut recorder, black_box(sample));
            }
        });
    }

    fn named(names: u32, started: Instant) -> Recorder {
        let mut recorder = Recorder::new(0, started, RowLimits::default());
        for n in 0..names {
            recorder.entry("GET", &format!("/item/{n}"));
        }
        recorder
    }

    /// Counts a request as of a kept-alive connection whose response comes in one piece.
    fn count(recorder: &mut Recorder, sample: Sample<'_>) {
        let phases = Phases {
            first_byte: Some(sample.clocks.latency()),
            transfer: Some(Duration::ZERO),
            ..Phases::default()
        };
        recorder.exchanged(sample.entry, phases, WireBytes { sent: 60, received: 200 });
        recorder.record(sample);
    }

    /// Latencies around 2 ms with a tail to 200 ms.
    fn samples(names: u32, started: Instant, outcome: Outcome<'_>) -> Vec<Sample<'_>> {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut sample = || {
            let latency = Duration::from_secs_f64(0.002 / rng.f64().max(0.01));
            let clocks = Clocks { intended: started, started, ended: started + latency };
            Sample {
                entry: EntryId(rng.u32(0..names)),
                clocks,
                body_bytes: 100,
                status: Some(200),
                outcome,
            }
        };
        (0..SAMPLES).map(|_| sample()).collect()
    }
}

/// Turns without sockets: one system call each, and the timers.
mod turn {
    use std::future::Future as _;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::task::{Context, Waker};
    use std::time::{Duration, Instant};

    use divan::Bencher;
    use gregaria::reactor::{Backend, Reactor, Sleep, Turn};

    const SOON: Duration = Duration::from_micros(20);

    #[divan::bench]
    fn empty(bencher: Bencher<'_, '_>) {
        let reactor = reactor();
        bencher.bench_local(|| reactor.turn(Turn::Poll));
    }

    #[divan::bench(args = [1, 1000, 1_000_000])]
    fn with_timers_not_due(bencher: Bencher<'_, '_>, timers: usize) {
        let reactor = reactor();
        let _sleeps = set(&reactor, timers, Instant::now() + Duration::from_secs(3600));
        bencher.bench_local(|| reactor.turn(Turn::Poll));
    }

    #[divan::bench(args = [1, 64, 256], sample_size = 1)]
    fn with_timers_due(bencher: Bencher<'_, '_>, timers: usize) {
        let reactor = reactor();
        let due = || {
            let deadline = Instant::now() + Duration::from_millis(1);
            let sleeps = set(&reactor, timers, deadline);
            while Instant::now() < deadline + SOON {}
            sleeps
        };
        bencher.with_inputs(due).bench_local_values(|sleeps| {
            let turned = reactor.turn(Turn::Poll);
            (turned, sleeps)
        });
    }

    /// A timer that is set and cancelled among others, as the deadline of a request in time.
    #[divan::bench(args = [0, 1_000_000])]
    fn set_and_cancel(bencher: Bencher<'_, '_>, others: usize) {
        let reactor = reactor();
        let far = Instant::now() + Duration::from_secs(60);
        let _others = set(&reactor, others, far);
        bencher.bench_local(|| drop(set(&reactor, 1, far)));
    }

    fn reactor() -> Rc<Reactor> {
        Reactor::new(Backend::best()).expect("a ring")
    }

    fn set(reactor: &Rc<Reactor>, timers: usize, deadline: Instant) -> Vec<Sleep> {
        let mut context = Context::from_waker(Waker::noop());
        let mut sleep = || {
            let mut sleep = reactor.sleep_until(deadline);
            assert!(Pin::new(&mut sleep).poll(&mut context).is_pending());
            sleep
        };
        (0..timers).map(|_| sleep()).collect()
    }
}

/// Judging a response.
mod checks {
    use std::time::Duration;

    use divan::{Bencher, black_box};
    use gregaria::session::{
        Check, ResponseView, body_contains, first_failure, json_equals, json_exists, status,
    };
    use serde_json::json;

    const SMALL: &str = r#"{"users": ["Alice", "Bob", "Charlie"]}"#;

    #[divan::bench]
    fn status_of_a_response(bencher: Bencher<'_, '_>) {
        judge(bencher, &status(200), SMALL);
    }

    #[divan::bench]
    fn json_key(bencher: Bencher<'_, '_>) {
        judge(bencher, &json_exists("/users"), SMALL);
    }

    #[divan::bench]
    fn json_value(bencher: Bencher<'_, '_>) {
        judge(bencher, &json_equals("/users/2", "Charlie"), SMALL);
    }

    /// The last value in about 10 KiB.
    #[divan::bench]
    fn json_key_of_a_long_body(bencher: Bencher<'_, '_>) {
        let users: Vec<_> = (0..150)
            .map(|n| json!({"id": n, "name": "Alice", "tags": ["a", "b"], "active": true}))
            .collect();
        let body = json!({"users": users, "total": 150}).to_string();
        judge(bencher, &json_exists("/total"), &body);
    }

    #[divan::bench]
    fn text_in_a_long_body(bencher: Bencher<'_, '_>) {
        let body = "Welcome to the API! ".repeat(500) + "the end";
        judge(bencher, &body_contains("the end"), &body);
    }

    fn judge(bencher: Bencher<'_, '_>, check: &Check, body: &str) {
        let view = ResponseView {
            status: 200,
            head: b"HTTP/1.1 200 OK\r\n\r\n",
            body: body.as_bytes(),
            other_charset: false,
            latency: Duration::from_millis(1),
        };
        let checks = std::slice::from_ref(check);
        bencher.bench_local(|| assert!(first_failure(checks, black_box(&view)).is_none()));
    }
}
