//! The tutorial's API on Flask's development server, and what it saw.

use crate::script::{Script, python_with};

/// Starts it, `fine` or `broken`, or says that there is none.
pub(crate) fn start(variant: &str) -> Option<Script> {
    Some(Script::start(python_with("flask")?, "api.py", &[variant]))
}
