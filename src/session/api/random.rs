//! A user's random numbers as its tasks draw them.

use std::cell::Cell;
use std::ops::RangeBounds;

/// The random numbers of a user, determined by the run's seed and the user's number. The methods are
/// those of [`fastrand::Rng`], and give the same numbers.
///
/// Borrows the session no longer than a draw takes, so that a number can stand where a request is put
/// together:
///
/// ```
/// # use gregaria::session::Session;
/// # async fn task(http: &mut Session) -> gregaria::scenario::TaskResult {
/// http.get(format!("/items/{}", http.rng().u32(1..100))).name("/items/[id]").send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Random<'s>(pub(super) &'s Cell<fastrand::Rng>);

/// Methods of the same name.
macro_rules! numbers {
    ($($number:ident)*) => {
        $(
            #[doc = concat!("A `", stringify!($number), "` in this range. Panics where it is empty.")]
            pub fn $number(self, range: impl RangeBounds<$number>) -> $number {
                self.with(|rng| rng.$number(range))
            }
        )*
    };
}

impl Random<'_> {
    numbers! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize }

    /// `true` as often as `false`.
    pub fn bool(self) -> bool {
        self.with(fastrand::Rng::bool)
    }

    /// From 0 to below 1.
    pub fn f64(self) -> f64 {
        self.with(fastrand::Rng::f64)
    }

    /// A letter or a digit of ASCII.
    pub fn alphanumeric(self) -> char {
        self.with(fastrand::Rng::alphanumeric)
    }

    /// One of these, each as likely as any other; `None` where there are none.
    pub fn choice<I>(self, of: I) -> Option<I::Item>
    where
        I: IntoIterator<IntoIter: ExactSizeIterator>,
    {
        self.with(|rng| rng.choice(of))
    }

    /// Puts these into a random order.
    pub fn shuffle<T>(self, slice: &mut [T]) {
        self.with(|rng| rng.shuffle(slice));
    }

    /// Draws with whatever else the generator has.
    pub fn with<T>(self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        let mut rng = self.0.replace(fastrand::Rng::with_seed(0));
        let drawn = draw(&mut rng);
        self.0.set(rng);
        drawn
    }
}
