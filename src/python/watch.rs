//! Finding the line of a file that holds a core up.
//!
//! Fibers take turns: one that does not wait lets no other run. A thread beside the core looks every 10 ms
//! whether it is still the same turn; of one that is longer than it may be, it asks Python where it is.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::api::{PyInterpreterState, PyThreadState, api};
use super::object::{self, Object, Result, import};

/// A turn of this length is told.
const LONG: Duration = Duration::from_millis(50);
/// How often a turn is looked at.
const PERIOD: Duration = Duration::from_millis(10);

/// The turns of a core's fibers.
pub(super) struct Watch(Arc<Turns>);

/// Written by the core, two plain stores for the begin of a turn and two for its end; read by the thread
/// beside it.
struct Turns {
    /// The begins and ends of turns so far.
    count: AtomicU64,
    /// The thread state of the fiber whose turn it is.
    of: AtomicPtr<PyThreadState>,
    /// The count at which a long turn was found.
    long: AtomicU64,
    found: Mutex<Option<LongTurn>>,
}

/// A turn that takes long.
struct LongTurn {
    since: Instant,
    place: String,
}

/// A turn that has begun.
pub(super) struct Turn {
    count: u64,
    /// Whose turn it was before, where one fiber ends another.
    before: *mut PyThreadState,
}

impl Watch {
    /// Starts the thread beside this core. Without one, nothing is found.
    pub(super) fn start(interpreter: *mut PyInterpreterState) -> Self {
        let turns = Arc::new(Turns {
            count: AtomicU64::new(0),
            of: AtomicPtr::new(ptr::null_mut()),
            long: AtomicU64::new(0),
            found: Mutex::default(),
        });
        let (watched, interpreter) = (Arc::downgrade(&turns), AtomicPtr::new(interpreter));
        let named = std::thread::Builder::new().name("gregaria-watch".into());
        drop(named.spawn(move || watch(&watched, interpreter.into_inner())));
        Watch(turns)
    }

    /// Notes that the turn of a fiber begins.
    pub(super) fn begin(&self, of: *mut PyThreadState) -> Turn {
        let Turns { count, of: whose, .. } = &*self.0;
        let (count, before) = (self.count_one(count), whose.load(Ordering::Relaxed));
        whose.store(of, Ordering::Release);
        Turn { count, before }
    }

    /// Notes that it has ended. Returns where it was and how long it took, if that was found to be long.
    pub(super) fn end(&self, turn: Turn) -> Option<(String, Duration)> {
        self.0.of.store(turn.before, Ordering::Release);
        self.count_one(&self.0.count);
        if self.0.long.load(Ordering::Relaxed) != turn.count { None } else { self.take_found() }
    }

    /// Counts without an atomic addition: nobody else writes.
    fn count_one(&self, count: &AtomicU64) -> u64 {
        let next = count.load(Ordering::Relaxed) + 1;
        count.store(next, Ordering::Release);
        next
    }

    #[cold]
    fn take_found(&self) -> Option<(String, Duration)> {
        let found = self.0.found.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Without a place it is not the file's: what stands still is told in any case.
        found.filter(|turn| !turn.place.is_empty()).map(|turn| (turn.place, turn.since.elapsed()))
    }
}

/// Looks at the turns of a core until that is gone.
fn watch(watched: &Weak<Turns>, interpreter: *mut PyInterpreterState) {
    let mut seen = (0, Instant::now());
    let mut own: *mut PyThreadState = ptr::null_mut();
    loop {
        std::thread::sleep(PERIOD);
        let Some(turns) = watched.upgrade() else { return };
        let count = turns.count.load(Ordering::Acquire);
        let is_idle = turns.of.load(Ordering::Acquire).is_null();
        if is_idle || seen.0 != count {
            seen = (count, Instant::now());
        } else if seen.1.elapsed() >= LONG && turns.long.load(Ordering::Relaxed) != count {
            if own.is_null() {
                // SAFETY: the interpreter runs; a new thread state needs no lock.
                own = unsafe { (api().PyThreadState_New)(interpreter) };
            }
            look(&turns, seen, own);
        }
    }
}

/// Asks Python where a turn is. While this thread holds the interpreter's lock the turn cannot end.
fn look(turns: &Turns, (count, since): (u64, Instant), own: *mut PyThreadState) {
    // SAFETY: a thread state of this thread, which does not hold the lock.
    unsafe { (api().PyEval_RestoreThread)(own) };
    let of = turns.of.load(Ordering::Acquire);
    if turns.count.load(Ordering::Acquire) == count && !of.is_null() {
        let place = place(of).unwrap_or_else(|object::Raised| {
            object::clear();
            String::new()
        });
        *turns.found.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(LongTurn { since, place });
        turns.long.store(count, Ordering::Relaxed);
    }
    // SAFETY: this thread holds the lock.
    unsafe { (api().PyEval_SaveThread)() };
}

/// Returns the file, the line and the function of the user's that a thread state runs.
fn place(of: *mut PyThreadState) -> Result<String> {
    // SAFETY: the lock is held, and the thread state is in use until this thread releases it.
    let frame = Object::owned(unsafe { (api().PyThreadState_GetFrame)(of) })?;
    Ok(import(c"locust._place")?.attr(c"of_frame")?.call1(&frame)?.to_text())
}
