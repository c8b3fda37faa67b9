//! A request allocates nothing, whether it is constant or its path and headers vary: not in the choice of the
//! task, the send, the response, its checks, its sample and the wait.
//!
//! It is its own test binary, because it needs a counting allocator. One of the users reads the count of its
//! thread, which is that of the core.

// A global allocator cannot be written without it.
#![allow(unsafe_code)]
// Tests are allowed to unwrap and print; clippy does not know that their helpers are tests too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "harness/mod.rs"]
mod harness;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gregaria::executor::allowed_cores;
use gregaria::plan::{Options, Plan};
use gregaria::report::Report;
use gregaria::run;
use gregaria::scenario::{Scenario, Step, Task, User, WaitTime, file};
use gregaria::session::{Session, json_exists, status};
use gregaria::stats::Snapshot;
use http::{HeaderName, HeaderValue};

use harness::{Run, Running};

const USERS: u32 = 16;
/// The allowed allocations per request: a few growing buffers, but nothing that each request needs.
const PER_REQUEST_MAX: f64 = 0.01;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Allocations of this thread. It is a constant without a destructor, so that reading it does not allocate.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: everything is left to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Starts `gregaria serve` in its own process, and returns its URL.
fn serve() -> (Running, String) {
    let core = allowed_cores().last().unwrap().id.to_string();
    let mut target = Run::new(["serve", "--port", "0", "--cores", &core]).start();
    let url = format!("http://{}", target.serving_at());
    (target, url)
}

/// The requests of every second.
#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<u64>>>);

impl Report for Witness {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.0.lock().unwrap().push(snapshot.total.requests);
        Ok(())
    }

    fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }
}

/// Sleeps past the first second, then counts until shortly before the end of the next, because what a core
/// ships on the second may allocate.
fn probe(found: &Arc<AtomicU64>) -> User {
    let found = found.clone();
    let task = Task::new("probe", async move |session: &mut Session| {
        session.sleep(Duration::from_millis(1150)).await;
        let before = ALLOCATIONS.get();
        session.sleep(Duration::from_millis(700)).await;
        found.store(ALLOCATIONS.get() - before, Ordering::SeqCst);
        session.sleep(Duration::from_secs(3600)).await;
        Ok(())
    });
    User::new("probe").fixed_count(1).task(task)
}

/// Allocations and requests of the same 700 ms.
fn measure(user: User) -> (u64, f64) {
    let (_target, url) = serve();
    let (found, witness) = (Arc::default(), Witness::default());
    let scenario = Scenario::new(url).user(user).user(probe(&found));
    let options = Options {
        users: Some(USERS + 1),
        spawn_rate: Some(1e6),
        run_time: Some(Duration::from_millis(2100)),
        cores: Some(vec![allowed_cores()[0].id]),
        ..Options::default()
    };
    let plan = Arc::new(Plan::new(scenario, options).unwrap());
    println!("seed {}", plan.seed);
    let reports = vec![("witness".to_owned(), Box::new(witness.clone()) as Box<_>)];
    let summary = run::run(&plan, &Arc::default(), reports, |error| panic!("{error}")).unwrap();
    assert_eq!(summary.snapshot.total.failures, 0);
    let seconds = witness.0.lock().unwrap();
    (found.load(Ordering::SeqCst), (seconds[2] - seconds[1]) as f64 * 0.7)
}

#[test]
fn a_constant_request_allocates_nothing() {
    let steps =
        vec![Step::get("/users").check(status(200)).check(json_exists("/users")), Step::get("/")];
    let user = User::new("u").task(Task::steps("two", steps)).task(Step::get("/status"));
    let (allocations, requests) = measure(user);
    let each = allocations as f64 / requests;
    println!("{allocations} allocations in {requests:.0} requests");
    assert!(requests > 100.0, "{requests}");
    assert!(each < PER_REQUEST_MAX, "{allocations} allocations in {requests:.0} requests");
}

/// The future of a task from code is boxed. This also shows that allocations are counted.
#[test]
fn a_literal_request_in_code_allocates_its_tasks_future_and_no_more() {
    let task = Task::new("code", async |session: &mut Session| {
        session.get("/users").send().await?;
        Ok(())
    });
    let (allocations, requests) = measure(User::new("u").task(task));
    let each = allocations as f64 / requests;
    println!("{allocations} allocations in {requests:.0} requests");
    // The requests in 700 ms are computed from those of a whole second.
    assert!((0.5..1.5).contains(&each), "{allocations} allocations in {requests:.0} requests");
}

/// Path and one header have another number each time, and the class has headers. The boxed future of the task
/// makes many requests.
#[test]
fn a_request_that_varies_allocates_nothing_once_its_memory_has_grown() {
    let tenant = HeaderName::from_static("x-tenant");
    let user = User::with_state("u", String::new)
        .task(1, "item", async |number: &mut String, http: &mut Session| {
            for _ in 0..1000 {
                number.clear();
                write!(number, "{}", http.rng().u32(1_000_000..2_000_000))?;
                let request = http.get(format_args!("/users?page={number}")).name("/users");
                request.header("x-request-id", &*number).bearer_auth(&*number).send().await?;
            }
            Ok(())
        })
        .class(|class| class.header(tenant.clone(), HeaderValue::from_static("laboratory")));
    let (allocations, requests) = measure(user.into());
    let each = allocations as f64 / requests;
    println!("{allocations} allocations in {requests:.0} requests");
    assert!(requests > 100.0, "{requests}");
    assert!(each < PER_REQUEST_MAX, "{allocations} allocations in {requests:.0} requests");
}

/// Statuses and keys of JSON bodies are read in place.
#[test]
fn the_tutorials_checks_allocate_nothing() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/checks.toml");
    let mut user = file::load(path).unwrap().users.remove(0);
    user.wait_time = WaitTime::constant(Duration::ZERO);
    let (allocations, requests) = measure(user);
    let each = allocations as f64 / requests;
    println!("{allocations} allocations in {requests:.0} requests");
    assert!(each < PER_REQUEST_MAX, "{allocations} allocations in {requests:.0} requests");
}
