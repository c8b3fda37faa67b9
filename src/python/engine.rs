//! What we call of the `locust` package that we bring along.

use std::ffi::CStr;

use super::object::{Object, Raised, Result, import};

/// The functions of `locust._engine`, and classes of exceptions.
pub(super) struct Engine {
    pub(super) start: Object,
    pub(super) on_start: Object,
    pub(super) on_stop: Object,
    pub(super) task: Object,
    pub(super) wait: Object,
    pub(super) outcome: Object,
    pub(super) table: Object,
    pub(super) needs_wait: Object,
    pub(super) greenlet_exit: Object,
    pub(super) json_loads: Object,
    /// `json.dumps`, and its way for an `HttpUser`: requests refuses what is not JSON, such as NaN.
    pub(super) json_dumps: Object,
    pub(super) json_dumps_strictly: Object,
}

impl Engine {
    pub(super) fn import() -> Result<Self> {
        let engine = import(c"locust._engine")?;
        let of_engine = |name: &CStr| engine.attr(name);
        Ok(Engine {
            start: of_engine(c"start")?,
            on_start: of_engine(c"on_start")?,
            on_stop: of_engine(c"on_stop")?,
            task: of_engine(c"task")?,
            wait: of_engine(c"wait")?,
            outcome: of_engine(c"outcome")?,
            table: of_engine(c"task_table")?,
            needs_wait: of_engine(c"needs_wait")?,
            greenlet_exit: import(c"_gregaria")?.attr(c"GreenletExit")?,
            json_loads: import(c"json")?.attr(c"loads")?,
            json_dumps: import(c"json")?.attr(c"dumps")?,
            json_dumps_strictly: import(c"locust._http.body")?.attr(c"strictly")?,
        })
    }
}

impl Engine {
    /// Makes the exception that ends a fiber.
    pub(super) fn greenlet_exit(&self) -> Object {
        self.greenlet_exit.call(&[]).unwrap_or_else(|Raised| Object::none())
    }
}

/// What a core knows of a class.
pub(super) struct ClassTable {
    /// The tasks, and whether each is called with the user and nothing else.
    pub(super) tasks: Vec<(Object, bool)>,
    /// Whether the wait after a task is a function of the file's.
    pub(super) needs_wait: bool,
}

impl ClassTable {
    pub(super) fn read(engine: &Engine, class: usize) -> Result<Self> {
        let class = Object::int(class as i64)?;
        let table = engine.table.call1(&class)?;
        let rows = table.view().items().unwrap_or_default();
        let task = |row: Object| {
            let mut parts = row.view().items()?.into_iter();
            parts.next().zip(parts.next()).map(|(task, plain)| (task, plain.view().is_true()))
        };
        let needs_wait = engine.needs_wait.call1(&class)?.view().is_true();
        Ok(ClassTable { tasks: rows.into_iter().filter_map(task).collect(), needs_wait })
    }
}
