//! Python: users that are written in it, on fibers of a core.
//!
//! `api` looks the interpreter's functions up. `fiber` is a coroutine with a thread state of its own, in
//! which `jobs` run; what it asks for is done by the user's task on the core (`user`). `module` is what
//! Python sees of us, with the types of `client` and `response`.
//!
//! Besides `reactor`, this is the only folder with `unsafe` code. Its rule: what touches an object runs on a
//! thread that holds the interpreter's lock. A core's thread holds it whenever it does not wait.
#![allow(unsafe_code)]

mod actions;
mod api;
mod class;
mod client;
mod constants;
mod core;
mod engine;
mod failure;
mod fiber;
mod host;
mod interpreter;
mod jobs;
mod module;
mod object;
mod outside;
mod package;
mod parker;
mod process;
mod response;
mod spawned;
mod stack;
mod user;
mod watch;

pub(crate) use host::Python;
pub(crate) use interpreter::host;
