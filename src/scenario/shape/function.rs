//! Functions of the elapsed time in load shapes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A function of the time since the start; it returns `None` at the end of the run.
///
/// Every core calls it, so it must return the same value for the same time. Values are equal only if
/// one is a clone of the other.
pub struct ShapeFn<T>(Arc<dyn Fn(Duration) -> Option<T> + Send + Sync>);

impl<T> ShapeFn<T> {
    /// Takes a function of the elapsed time.
    pub fn new(function: impl Fn(Duration) -> Option<T> + Send + Sync + 'static) -> Self {
        ShapeFn(Arc::new(function))
    }

    pub(super) fn call(&self, elapsed: Duration) -> Option<T> {
        (self.0)(elapsed)
    }
}

impl<T> Clone for ShapeFn<T> {
    fn clone(&self) -> Self {
        ShapeFn(self.0.clone())
    }
}

impl<T> fmt::Debug for ShapeFn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShapeFn")
    }
}

impl<T> PartialEq for ShapeFn<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
