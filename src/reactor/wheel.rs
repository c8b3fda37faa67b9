//! A hierarchical timing wheel: deadlines for any number of sleepers.
//!
//! Setting and cancelling are a few pointer moves whatever the number of timers, because nearly
//! every timer of a load test is a request timeout that is cancelled long before it is due. A timer
//! sits in the level whose slots are as wide as it is far away and moves down when its slot comes
//! up; the lowest level has ticks of 4.096 us, so a timer fires at most one tick late and never
//! early. Time is a parameter: nanoseconds since any fixed origin.

use std::task::Waker;

/// log2 of the tick in nanoseconds.
const TICK_BITS: u32 = 12;
/// log2 of the slots of a level.
const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
/// Eight levels reach 2^60 ns, 36 years; anything later waits in the last slot and moves on.
const LEVELS: usize = 8;
const NONE: u32 = u32::MAX;
/// The most timers that one look at the wheel moves or fires, so that the rest of the core's work is
/// not held up by them: with a million waits of 10 to 30 s a slot of 50,000 comes up every second,
/// 7 ms of moves, and at most 0.3 ms at a time.
const MOVES_MAX: usize = 256;

/// A timer that has been set. Only the wheel that gave it can read it, and only until it fired or
/// was cancelled; an old key is recognised and does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimerKey {
    index: u32,
    generation: u32,
}

#[derive(Debug)]
struct Timer {
    generation: u32,
    /// First tick at which the timer may fire.
    tick: u64,
    waker: Option<Waker>,
    /// Neighbours in the slot's list; `next` also links the free list.
    prev: u32,
    next: u32,
    /// Where it hangs: level * SLOTS + slot, or `NONE` when free.
    place: u32,
}

/// The timers of one core.
#[derive(Debug)]
pub(super) struct Wheel {
    timers: Vec<Timer>,
    free: u32,
    heads: [u32; LEVELS * SLOTS],
    /// One bit per slot that has timers.
    occupied: [u64; LEVELS],
    /// All ticks before this one have fired.
    tick: u64,
    len: usize,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Wheel {
            timers: Vec::new(),
            free: NONE,
            heads: [NONE; LEVELS * SLOTS],
            occupied: [0; LEVELS],
            tick: 0,
            len: 0,
        }
    }

    /// Sets a timer for `deadline` nanoseconds after the origin.
    pub(super) fn set(&mut self, deadline: u64, waker: Waker) -> TimerKey {
        // Rounded up: a timer that fires early makes its sleeper wait a second time.
        let tick = deadline.div_ceil(1 << TICK_BITS).max(self.tick);
        let index = self.allocate();
        let timer = &mut self.timers[index as usize];
        timer.tick = tick;
        timer.waker = Some(waker);
        let key = TimerKey { index, generation: timer.generation };
        self.link(index);
        self.len += 1;
        key
    }

    /// Replaces the waker of a timer; `false` if it has fired already.
    pub(super) fn update(&mut self, key: TimerKey, waker: &Waker) -> Result<Option<Waker>, Fired> {
        let timer = self.live(key).ok_or(Fired)?;
        match &timer.waker {
            Some(old) if old.will_wake(waker) => Ok(None),
            _ => Ok(timer.waker.replace(waker.clone())),
        }
    }

    /// Takes a timer back; its waker, if it had not fired yet.
    pub(super) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        self.live(key)?;
        self.unlink(key.index);
        Some(self.release(key.index))
    }

    /// Fires the timers that are due at `now`, or as many of them as one call may: then the next
    /// deadline is at once, and the next call continues.
    pub(super) fn expire(&mut self, now: u64, fired: &mut Vec<Waker>) {
        let now = now >> TICK_BITS;
        let mut left = MOVES_MAX;
        while self.len > 0
            && let Some((level, slot, start)) = self.next_slot()
        {
            if start > now {
                break;
            }
            self.tick = self.tick.max(start);
            left = self.empty_slot(level * SLOTS + slot, now, left, fired);
            if left == 0 {
                return;
            }
        }
        self.tick = self.tick.max(now);
    }

    /// Returns when the wheel is to be looked at next: no later than the first timer is due.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        if self.len == 0 {
            return None;
        }
        self.next_slot().map(|(_, _, start)| start << TICK_BITS)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The occupied slot that starts first: level, slot, first tick.
    ///
    /// A slot of a higher level can start before every timer of a lower one; where two start
    /// together the higher comes first, so that its timers move down before anything fires.
    fn next_slot(&self) -> Option<(usize, usize, u64)> {
        let mut first: Option<(usize, usize, u64)> = None;
        for level in 0..LEVELS {
            let Some((slot, start)) = self.next_in_level(level) else { continue };
            if first.is_none_or(|(_, _, earliest)| start <= earliest) {
                first = Some((level, slot, start));
            }
        }
        first
    }

    fn next_in_level(&self, level: usize) -> Option<(usize, u64)> {
        if self.occupied[level] == 0 {
            return None;
        }
        let shift = LEVEL_BITS * level as u32;
        let position = self.tick >> shift;
        let here = (position % SLOTS as u64) as u32;
        // Rotated so that bit 0 is the current slot: the first set bit is the next one in time.
        let ahead = self.occupied[level].rotate_right(here).trailing_zeros() as u64;
        let slot = ((position + ahead) % SLOTS as u64) as usize;
        let start = (position + ahead) << shift;
        Some((slot, start.max(self.tick)))
    }

    /// Fires what is due in a slot and links the rest again, closer to its time: at most `left`
    /// timers. Returns how many more it might have been.
    fn empty_slot(
        &mut self,
        place: usize,
        now: u64,
        mut left: usize,
        fired: &mut Vec<Waker>,
    ) -> usize {
        while left > 0 && self.heads[place] != NONE {
            let index = self.heads[place];
            self.unlink(index);
            if self.timers[index as usize].tick <= now {
                fired.push(self.release(index));
            } else {
                self.link(index);
            }
            left -= 1;
        }
        left
    }

    /// Hangs a timer into the level whose slots are as wide as it is far away.
    fn link(&mut self, index: u32) {
        let tick = self.timers[index as usize].tick;
        let distance = tick - self.tick;
        let highest = 63 - (distance | 1).leading_zeros();
        let level = ((highest / LEVEL_BITS) as usize).min(LEVELS - 1);
        let shift = LEVEL_BITS * level as u32;
        // Beyond the last level's reach: its farthest slot, from where it is linked again.
        let farthest = (self.tick >> shift) + SLOTS as u64 - 1;
        let slot = ((tick >> shift).min(farthest) % SLOTS as u64) as usize;
        let place = level * SLOTS + slot;

        let head = std::mem::replace(&mut self.heads[place], index);
        if head != NONE {
            self.timers[head as usize].prev = index;
        }
        let timer = &mut self.timers[index as usize];
        (timer.prev, timer.next, timer.place) = (NONE, head, place as u32);
        self.occupied[level] |= 1 << slot;
    }

    fn unlink(&mut self, index: u32) {
        let Timer { prev, next, place, .. } = self.timers[index as usize];
        if next != NONE {
            self.timers[next as usize].prev = prev;
        }
        if prev != NONE {
            self.timers[prev as usize].next = next;
            return;
        }
        self.heads[place as usize] = next;
        if next == NONE {
            self.occupied[place as usize / SLOTS] &= !(1 << (place as usize % SLOTS));
        }
    }

    fn live(&mut self, key: TimerKey) -> Option<&mut Timer> {
        let timer = self.timers.get_mut(key.index as usize)?;
        (timer.generation == key.generation && timer.place != NONE).then_some(timer)
    }

    fn allocate(&mut self) -> u32 {
        if self.free == NONE {
            let index = self.timers.len() as u32;
            let timer =
                Timer { generation: 0, tick: 0, waker: None, prev: NONE, next: NONE, place: NONE };
            self.timers.push(timer);
            return index;
        }
        let index = self.free;
        self.free = self.timers[index as usize].next;
        index
    }

    fn release(&mut self, index: u32) -> Waker {
        let timer = &mut self.timers[index as usize];
        timer.generation = timer.generation.wrapping_add(1);
        timer.place = NONE;
        timer.next = std::mem::replace(&mut self.free, index);
        self.len -= 1;
        timer.waker.take().expect("a linked timer has a waker")
    }
}

/// The timer had fired before it was polled.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fired;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::Wake;

    use super::*;

    const TICK: u64 = 1 << TICK_BITS;

    /// Remembers when it was woken, by a clock the test moves.
    struct Probe {
        clock: Arc<AtomicU64>,
        woken_at: AtomicU64,
    }

    impl Wake for Probe {
        fn wake(self: Arc<Self>) {
            self.woken_at.store(self.clock.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    fn probe(clock: &Arc<AtomicU64>) -> Arc<Probe> {
        Arc::new(Probe { clock: clock.clone(), woken_at: AtomicU64::new(0) })
    }

    /// Jumps from one wanted look to the next, as the reactor does, up to `end`.
    fn run(wheel: &mut Wheel, clock: &AtomicU64, end: u64) {
        let mut fired = Vec::new();
        while let Some(next) = wheel.next_deadline().filter(|&next| next <= end) {
            let now = next.max(clock.load(Ordering::Relaxed));
            clock.store(now, Ordering::Relaxed);
            wheel.expire(now, &mut fired);
            fired.drain(..).for_each(Waker::wake);
        }
        clock.store(end, Ordering::Relaxed);
        wheel.expire(end, &mut fired);
        fired.drain(..).for_each(Waker::wake);
    }

    #[test]
    fn every_timer_fires_once_never_early_and_within_two_ticks() {
        for seed in 0..50 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let clock = Arc::new(AtomicU64::new(0));
            let mut wheel = Wheel::new();
            let mut timers = Vec::new();
            for _ in 0..200 {
                let deadline = 1 + (rng.u64(..) >> rng.u32(4..60));
                let probe = probe(&clock);
                let key = wheel.set(deadline, probe.clone().into());
                timers.push((deadline, probe, key, rng.u8(..4) == 0));
            }
            for (_, _, key, cancelled) in &timers {
                assert!(!cancelled || wheel.cancel(*key).is_some(), "seed {seed}");
                assert!(!cancelled || wheel.cancel(*key).is_none(), "seed {seed}");
            }
            run(&mut wheel, &clock, 1 << 61);
            assert_eq!(wheel.len(), 0, "seed {seed}");
            for (deadline, probe, _, cancelled) in timers {
                let woken = probe.woken_at.load(Ordering::Relaxed);
                if cancelled {
                    assert_eq!(woken, 0, "seed {seed}: cancelled, yet fired");
                } else {
                    let late = woken.checked_sub(deadline);
                    assert!(late.is_some_and(|late| late < 2 * TICK), "seed {seed}: {late:?}");
                }
            }
        }
    }

    #[test]
    fn timers_set_while_time_passes_fire_in_their_time() {
        for seed in 0..50 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let clock = Arc::new(AtomicU64::new(0));
            let mut wheel = Wheel::new();
            let mut timers = Vec::new();
            let mut now = 0;
            for _ in 0..300 {
                now += rng.u64(..50 * TICK);
                run(&mut wheel, &clock, now);
                let reach = 1 << rng.u32(10..32);
                let deadline = now + rng.u64(..reach);
                let probe = probe(&clock);
                wheel.set(deadline, probe.clone().into());
                timers.push((deadline, probe));
            }
            run(&mut wheel, &clock, now + (1 << 33));
            for (deadline, probe) in timers {
                let woken = probe.woken_at.load(Ordering::Relaxed);
                let late = woken.checked_sub(deadline);
                assert!(late.is_some_and(|late| late < 2 * TICK), "seed {seed}: {late:?}");
            }
        }
    }

    #[test]
    fn an_old_key_does_nothing_to_the_timer_that_took_its_place() {
        let clock = Arc::new(AtomicU64::new(0));
        let mut wheel = Wheel::new();
        let old = wheel.set(TICK, probe(&clock).into());
        assert!(wheel.cancel(old).is_some());
        let new = wheel.set(TICK, probe(&clock).into());
        assert!(wheel.cancel(old).is_none());
        assert_eq!(wheel.update(old, Waker::noop()).err(), Some(Fired));
        assert!(wheel.cancel(new).is_some());
    }

    #[test]
    fn a_crowd_of_timers_takes_several_looks_and_all_of_them_fire() {
        let count = 10 * MOVES_MAX + 1;
        let mut wheel = Wheel::new();
        // From a slot of a higher level, so that every one of them is moved before it fires.
        let due = 100 * TICK;
        let keys: Vec<_> = (0..count).map(|_| wheel.set(due, Waker::noop().clone())).collect();
        let mut fired = Vec::new();
        let mut looks = 0;
        while wheel.next_deadline().is_some() {
            let before = fired.len();
            wheel.expire(due, &mut fired);
            assert!(fired.len() - before <= MOVES_MAX);
            assert!(
                wheel.next_deadline().is_none_or(|next| next <= due),
                "the rest is due at once"
            );
            looks += 1;
            assert!(looks < 50, "{} fired", fired.len());
        }
        assert_eq!(fired.len(), keys.len());
    }

    #[test]
    fn what_a_late_look_leaves_is_not_lost_however_late_the_next_one_is() {
        for seed in 0..20 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut wheel = Wheel::new();
            let count = 3 * MOVES_MAX;
            (0..count).for_each(|_| {
                let far = rng.u64(..TICK << 20);
                wheel.set(far, Waker::noop().clone());
            });
            let (mut now, mut fired) = (0, Vec::new());
            while fired.len() < count && now < TICK << 22 {
                let step = TICK << rng.u32(1..18);
                now += rng.u64(..step);
                wheel.expire(now, &mut fired);
            }
            assert_eq!((fired.len(), wheel.len()), (count, 0), "seed {seed}");
        }
    }
}
