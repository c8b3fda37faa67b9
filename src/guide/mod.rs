//! The guide: one page for each question.

/// How a locustfile runs here, what is different, and how to make it faster.
#[doc = include_str!("locustfiles.md")]
pub mod locustfiles {}
