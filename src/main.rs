//! The `gregaria` command.

fn main() {}
