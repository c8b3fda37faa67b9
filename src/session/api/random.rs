//! The random numbers of a user, for its tasks.

use std::cell::Cell;
use std::ops::RangeBounds;

use crate::session::wire::session_user::with_rng;

/// The random numbers of a user, determined by the run's seed and the user's number. The methods are
/// those of [`fastrand::Rng`], and give the same numbers.
///
/// It borrows the session only while it draws a number, so it can be used inside the call that builds a
/// request:
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
            #[doc = concat!("Returns a `", stringify!($number), "` in this range. Panics if the range is empty.")]
            pub fn $number(self, range: impl RangeBounds<$number>) -> $number {
                self.with(|rng| rng.$number(range))
            }
        )*
    };
}

impl Random<'_> {
    numbers! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize }

    /// Returns `true` or `false` with equal probability.
    pub fn bool(self) -> bool {
        self.with(fastrand::Rng::bool)
    }

    /// Returns a number from 0 (included) to 1 (excluded).
    pub fn f64(self) -> f64 {
        self.with(fastrand::Rng::f64)
    }

    /// Returns an ASCII letter or digit.
    pub fn alphanumeric(self) -> char {
        self.with(fastrand::Rng::alphanumeric)
    }

    /// Returns one of the items, each with the same probability; `None` if there are none.
    pub fn choice<I>(self, of: I) -> Option<I::Item>
    where
        I: IntoIterator<IntoIter: ExactSizeIterator>,
    {
        self.with(|rng| rng.choice(of))
    }

    /// Shuffles a slice.
    pub fn shuffle<T>(self, slice: &mut [T]) {
        self.with(|rng| rng.shuffle(slice));
    }

    /// Calls a function with the generator, for its other methods. Numbers that the function draws from the
    /// session come from another generator.
    pub fn with<T>(self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        with_rng(self.0, draw)
    }
}
