//! The quick cases, very often and mixed, in one process: nothing is miscounted, and nothing is leaked.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gregaria::executor::{Pinned, allowed_cores};
use gregaria::session::{
    BaseUrl, Context, Defaults, LocalAddresses, Policy, ResolvedUrl, Resolver, Session,
    SessionClass, Timeouts,
};
use gregaria::stats::{Interval, Recorder, RowLimits};

use super::case::{Ask, Case, Expect, case, head, send};
use super::cases;
use super::client::{self, Outcome, WAYS, Way};
use super::server::{Counts, Server};
use super::table::alone;

/// They take 22 seconds on a busy machine, and half of that on an idle one.
const ROUNDS: u64 = 100_000;
/// Rounds after which memory has reached its size.
const WARM_UP: u64 = 5_000;
const USERS: usize = 16;
/// Servers of each case: as many users can run it at a time.
const SERVERS: usize = 2;
/// The number of parts in which rounds are run. A leak grows in each of them. Memory of many large responses, which
/// the allocator keeps, grows in some.
const PARTS: usize = 4;
/// The tolerated growth of memory in each part.
const GROWTH_MAX: u64 = 2 << 20;
/// The time limit until all resources are released.
const SETTLE: Duration = Duration::from_secs(10);

/// Cases that the client cancels.
fn abandoned() -> &'static [Case] {
    let cases = vec![
        case("given up before the answer").replies([]),
        case("given up inside the head").replies([send("HTTP/1.1 200 OK\r\nA: b")]),
        case("given up inside the body").replies([send(head("Content-Length: 9\r\n", "fine"))]),
    ];
    cases.leak()
}

/// A case and a server that runs it, for one user at a time.
struct Stage {
    case: &'static Case,
    server: Server,
    class: Rc<SessionClass>,
    is_busy: Cell<bool>,
    rounds: Cell<u64>,
    abandons: bool,
}

/// State that all users share.
struct Theatre {
    core: Rc<Pinned>,
    context: Rc<Context>,
    stages: Vec<Stage>,
    rng: RefCell<fastrand::Rng>,
    /// Rounds that have not started.
    left: Cell<u64>,
    playing: Cell<usize>,
    mistakes: RefCell<Vec<String>>,
}

/// The resources of the process.
#[derive(Debug, Clone, Copy)]
struct Holdings {
    descriptors: usize,
    memory: u64,
}

impl Holdings {
    fn now() -> Self {
        let statm = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        let memory = pages * rustix::param::page_size() as u64;
        Holdings { descriptors: fs::read_dir("/proc/self/fd").unwrap().count(), memory }
    }
}

impl Theatre {
    fn new(core: Rc<Pinned>, seed: u64) -> Rc<Self> {
        let recorder = Recorder::new(0, Instant::now(), RowLimits::default());
        let resolver = Resolver::start(None).unwrap();
        let context =
            Context::new(core.reactor.clone(), recorder, LocalAddresses::default(), resolver);
        let stage = |case: &'static Case, abandons| {
            let server = Server::start(case);
            let url = BaseUrl::parse(&format!("http://{}", server.address)).unwrap();
            let target = ResolvedUrl::look_up(url).unwrap();
            let total = Duration::from_secs(20);
            let timeouts = Timeouts { total, ..Timeouts::default() };
            let policy = Policy { timeouts, ..Policy::default() };
            let defaults = Defaults::new(&context, &target, &[], None, policy);
            let class = SessionClass::new(defaults);
            let (is_busy, rounds) = (Cell::new(false), Cell::new(0));
            Stage { case, server, class, is_busy, rounds, abandons }
        };
        let quick = cases::all().iter().filter(|case| !case.slow).map(|case| (case, false));
        let stages = quick.chain(abandoned().iter().map(|case| (case, true)));
        let stages: Vec<_> = stages.collect::<Vec<_>>().repeat(SERVERS);
        let stages = stages.into_iter().map(|(case, abandons)| stage(case, abandons)).collect();
        Rc::new(Theatre {
            core,
            stages,
            context: context.clone(),
            rng: RefCell::new(fastrand::Rng::with_seed(seed)),
            left: Cell::new(0),
            playing: Cell::new(0),
            mistakes: RefCell::default(),
        })
    }

    /// Runs this many rounds, and waits until their resources are released.
    async fn play(self: &Rc<Self>, rounds: u64) {
        self.left.set(rounds);
        self.playing.set(USERS);
        for user in 0..USERS {
            let theatre = self.clone();
            self.core.spawn(async move {
                while let Some(left) = theatre.left.get().checked_sub(1) {
                    theatre.left.set(left);
                    theatre.play_one(user).await;
                }
                theatre.playing.set(theatre.playing.get() - 1);
            });
        }
        while self.playing.get() > 0 {
            self.pause().await;
        }
        let end = Instant::now() + SETTLE;
        while self.core.reactor.open_sockets() > 0 && Instant::now() < end {
            self.pause().await;
        }
    }

    /// Returns the resources of the process when the servers have closed their connections, or after a time limit.
    async fn settled(&self, before: Holdings) -> Holdings {
        let end = Instant::now() + SETTLE;
        while Holdings::now().descriptors > before.descriptors && Instant::now() < end {
            self.pause().await;
        }
        Holdings::now()
    }

    async fn pause(&self) {
        self.core.reactor.sleep_until(Instant::now() + Duration::from_millis(1)).await;
    }

    /// One user lives for one case.
    async fn play_one(self: &Rc<Self>, user: usize) {
        let (stage, way, seed) = {
            let rng = &mut *self.rng.borrow_mut();
            let first = rng.usize(..self.stages.len());
            let (before, after) = self.stages.split_at(first);
            let stage = after.iter().chain(before).find(|stage| !stage.is_busy.get()).unwrap();
            (stage, WAYS[rng.usize(..WAYS.len())], rng.fork())
        };
        stage.is_busy.set(true);
        let class = stage.class.clone();
        let mut session = Session::new(self.context.clone(), class, user as u64, seed);
        if stage.abandons {
            self.abandon(stage, &mut session, way).await;
        } else {
            let outcomes = client::run(&mut session, stage.case, way).await;
            self.judge(stage, way, &outcomes);
        }
        drop(session);
        stage.rounds.set(stage.rounds.get() + 1);
        stage.is_busy.set(false);
    }

    fn judge(&self, stage: &Stage, way: Way, outcomes: &[Outcome]) {
        let expected = stage.case.expected(way.kept);
        let is_met = |(expected, outcome): (&Expect, &Outcome)| expected.is_met_by(outcome);
        if outcomes.len() != expected.len() || !expected.iter().zip(outcomes).all(is_met) {
            let name = stage.case.name;
            self.mistakes.borrow_mut().push(format!("{name}, {way:?}: {outcomes:?}"));
        }
    }

    /// Makes a request, and cancels it when the server has it.
    async fn abandon(&self, stage: &Stage, session: &mut Session, way: Way) {
        let before = stage.server.counts().requests;
        let mut request = pin!(client::run(session, stage.case, way));
        while stage.server.counts().requests == before {
            let soon = Instant::now() + Duration::from_micros(200);
            if let Ok(outcomes) = self.core.reactor.until(soon, request.as_mut()).await {
                let name = stage.case.name;
                return self.mistakes.borrow_mut().push(format!("{name}: {outcomes:?}"));
            }
        }
    }

    /// Checks the outcome of each case, and the sum of all.
    fn check(&self, interval: &Interval) {
        let mut books = Books::of(interval);
        let (mut samples, mut retries, mut cancelled, mut seen) = (0, 0, 0, 0);
        for stage in &self.stages {
            let (case, rounds) = (stage.case, stage.rounds.get());
            let times = |count: u64| rounds * count;
            let expected =
                Counts { connections: times(case.connections()), requests: times(case.requests()) };
            let counts = stage.server.settled(expected);
            assert_eq!(counts, expected, "{}: connections and requests that were seen", case.name);
            seen += counts.requests;
            retries += times(case.retries);
            let asked = case.asks.iter().filter(|ask| matches!(ask, Ask::Request(..))).count();
            let book = books.0.get_mut(case.name).unwrap_or_else(|| panic!("{}", case.name));
            let sum = if stage.abandons { &mut cancelled } else { &mut samples };
            *sum += times(asked as u64);
            let of_case = if stage.abandons { &mut book.cancelled } else { &mut book.samples };
            // A case has several servers.
            *of_case = of_case.checked_sub(times(asked as u64)).expect(case.name);
        }
        for (name, book) in &books.0 {
            assert_eq!((book.samples, book.cancelled), (0, 0), "{name}: more than were asked for");
        }
        let counts = interval.entries.iter().map(|(_, delta)| delta.counts);
        assert_eq!(retries, counts.clone().map(|counts| counts.retries).sum::<u64>());
        self.check_connections(counts.map(|counts| counts.connections).sum());
        let told = samples + retries + cancelled;
        println!("{samples} samples + {retries} sent again + {cancelled} given up = {told}");
        println!("{seen} seen by the servers, which did not read all");
    }

    /// If the outcome depends on the kernel, the server may have seen a connection that the client did not count.
    fn check_connections(&self, made: u64) {
        let by_chance = self.stages.iter().filter(|stage| stage.case.is_by_chance());
        let by_chance: u64 = by_chance.map(|stage| stage.rounds.get()).sum();
        let seen: u64 = self.stages.iter().map(|stage| stage.server.counts().connections).sum();
        println!("{made} connections made, {seen} seen");
        assert!((seen - by_chance..=seen).contains(&made));
    }
}

/// Samples and cancelled requests by name.
struct Books(HashMap<String, Book>);

#[derive(Default)]
struct Book {
    samples: u64,
    cancelled: u64,
}

impl Books {
    fn of(interval: &Interval) -> Self {
        let mut books = HashMap::<_, Book>::new();
        let names: HashMap<_, _> = interval.names.iter().map(|(id, key)| (*id, key)).collect();
        for (id, delta) in &interval.entries {
            let book = books.entry(names[id].name.clone()).or_default();
            book.samples += delta.requests();
            book.cancelled += delta.counts.cancelled;
        }
        Books(books)
    }
}

#[test]
fn very_many_rounds_leave_nothing_behind() {
    let _alone = alone();
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let core = allowed_cores()[0];
    let played = Pinned::start(core, "torture", async move |core| {
        let theatre = Theatre::new(core.clone(), seed);
        theatre.play(WARM_UP).await;
        let (before, begin) = (Holdings::now(), Instant::now());
        let mut memory = vec![before.memory];
        for _ in 0..PARTS {
            theatre.play(ROUNDS / PARTS as u64).await;
            memory.push(Holdings::now().memory);
        }
        println!("{ROUNDS} rounds in {:?}", begin.elapsed());
        let interval = theatre.context.recorder.borrow_mut().take(0, Instant::now());
        let mistakes = theatre.mistakes.take();
        assert!(mistakes.is_empty(), "{} mistakes\n{}", mistakes.len(), mistakes.join("\n"));
        theatre.check(&interval);
        assert_eq!(core.reactor.open_sockets(), 0, "sockets that are left over");
        let after = theatre.settled(before).await;
        println!("{before:?}, then {after:?}");
        assert!(after.descriptors <= before.descriptors, "{after:?}");
        let growth = memory.windows(2).map(|part| part[1].saturating_sub(part[0])).min().unwrap();
        assert!(growth <= GROWTH_MAX, "{growth} bytes more after each part: {memory:?}");
    });
    played.unwrap().join().unwrap();
}
