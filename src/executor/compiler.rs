//! Makes a program of instructions.

use std::rc::Rc;

use super::program::{Choice, Operation, Program};
use super::rows::DataSets;
use super::step::{CoreStep, CoreStepGroup, VaryingGroup};
use crate::scenario::{End, Instruction, Parallel, TaskAction, TaskSet, Tasks, User};
use crate::session::{Context, Defaults};
use crate::stats::GROUP;
use crate::template::{Expression, Scope, Template};

/// Makes the programs of a class. Its templates have been checked by the plan.
pub(super) struct Compiler<'c> {
    class: &'c User,
    context: &'c Context,
    defaults: &'c Defaults,
    scope: &'c Scope,
    data_sets: &'c DataSets,
    operations: Vec<Operation>,
    /// The sets that the next operation is in, the innermost last.
    sets: Vec<Ends>,
}

/// Operations that lead to ends which are not known yet.
#[derive(Default)]
struct Ends {
    of_task: Vec<usize>,
    of_set: Vec<usize>,
}

impl<'c> Compiler<'c> {
    pub(super) fn new(
        class: &'c User,
        context: &'c Context,
        defaults: &'c Defaults,
        scope: &'c Scope,
        data_sets: &'c DataSets,
    ) -> Self {
        let (operations, sets) = (Vec::new(), Vec::new());
        Compiler { class, context, defaults, scope, data_sets, operations, sets }
    }

    /// Returns the program of an action, which takes rows of these data sets each time.
    pub(super) fn program(mut self, action: &TaskAction, data: &[String]) -> Program {
        self.task(action, data);
        Program::new(self.operations)
    }

    /// Returns the requests of an instruction, if it is nothing but requests that are the same each time.
    pub(super) fn constant(&self, instruction: &Instruction) -> Option<CoreStepGroup> {
        match instruction {
            Instruction::Request(step) => {
                let step = CoreStep::new(step, self.context, self.defaults, self.scope);
                CoreStepGroup::of_one(step)
            }
            Instruction::Parallel(parallel) => {
                CoreStepGroup::new(parallel, self.context, self.defaults, self.scope)
            }
            _ => None,
        }
    }

    fn all(&mut self, instructions: &[Instruction]) {
        instructions.iter().for_each(|instruction| self.one(instruction));
    }

    fn one(&mut self, instruction: &Instruction) {
        match instruction {
            Instruction::Request(step) => {
                let step = CoreStep::new(step, self.context, self.defaults, self.scope);
                self.operations.push(Operation::Request(step));
            }
            Instruction::Parallel(parallel) => self.parallel(parallel),
            Instruction::Pause(time) => self.operations.push(Operation::Pause(time.clone())),
            Instruction::Set(values) => {
                for (name, value) in values {
                    let slot = self.scope.slot(name).expect("the scope has all names");
                    self.operations.push(Operation::Set(slot, self.template(value)));
                }
            }
            Instruction::If { condition, then, otherwise } => {
                let unless = self.unless(condition);
                self.all(then);
                if otherwise.is_empty() {
                    return self.lead_here(unless);
                }
                let jump = self.later(Operation::Jump(0));
                self.lead_here(unless);
                self.all(otherwise);
                self.lead_here(jump);
            }
            Instruction::While { condition, body } => {
                let start = self.operations.len();
                let unless = self.unless(condition);
                self.all(body);
                self.operations.push(Operation::Again(start));
                self.lead_here(unless);
            }
            Instruction::Repeat { times, body } => {
                let times = self.expression(times);
                self.operations.push(Operation::Count(times));
                let start = self.operations.len();
                let round = self.later(Operation::Round(0));
                self.all(body);
                self.operations.push(Operation::Again(start));
                self.lead_here(round);
            }
            Instruction::Group { name, body } => {
                let name = self.template(name);
                self.operations.push(match name.constant() {
                    Some(name) => {
                        Operation::Open(self.context.recorder.borrow_mut().entry(GROUP, name))
                    }
                    None => Operation::OpenNamed(name),
                });
                self.all(body);
                self.operations.push(Operation::Close);
            }
            Instruction::Tasks(set) => self.set(set),
            Instruction::End(end) => self.end(*end),
        }
    }

    fn parallel(&mut self, parallel: &Parallel) {
        let group = CoreStepGroup::new(parallel, self.context, self.defaults, self.scope);
        self.operations.push(match group {
            Some(group) => Operation::Parallel(group),
            None => Operation::Varying(VaryingGroup::new(parallel, self.context, self.scope)),
        });
    }

    /// Enters a set, chooses one task after the other, waits after each, and leaves the set where a task does.
    fn set(&mut self, set: &TaskSet) {
        let enter = self.later(Operation::Enter(0));
        self.sets.push(Ends::default());
        self.all(&set.on_start);
        let again = self.operations.len();
        let tasks = Tasks::new(&set.tasks, set.order);
        let choose = self.later(Operation::Choose(Choice { tasks, targets: Vec::new() }));
        let mut targets = Vec::new();
        for task in &set.tasks {
            let place = format!("user {}, task {}", self.class.name, task.name);
            targets.push((self.operations.len(), Rc::from(place)));
            self.task(&task.action, &task.data);
            let end = self.later(Operation::Jump(0));
            self.innermost().of_task.push(end);
        }
        if let Operation::Choose(choice) = &mut self.operations[choose] {
            choice.targets = targets;
        }
        let Ends { of_task, of_set } = self.sets.pop().unwrap_or_default();
        of_task.into_iter().chain([enter]).for_each(|operation| self.lead_here(operation));
        self.operations.push(Operation::Wait(self.class.wait_time.clone()));
        self.operations.push(Operation::Again(again));
        of_set.into_iter().for_each(|operation| self.lead_here(operation));
        self.operations.push(Operation::Leave);
        self.all(&set.on_stop);
    }

    fn task(&mut self, action: &TaskAction, data: &[String]) {
        let sources = self.data_sets.sources(data, self.scope);
        self.operations.extend(sources.into_iter().map(Operation::Take));
        match action {
            TaskAction::Steps(instructions) => self.all(instructions),
            TaskAction::Run(task) => self.operations.push(Operation::Run(task.clone())),
        }
    }

    fn innermost(&mut self) -> &mut Ends {
        self.sets.last_mut().expect("this is inside of a set")
    }

    fn end(&mut self, end: End) {
        match end {
            End::Task | End::TaskWithoutWait if !self.sets.is_empty() => {
                let waits = end == End::Task;
                let finish = self.later(Operation::Finish { end: 0, waits });
                self.innermost().of_task.push(finish);
            }
            End::Set => {
                let exit = self.later(Operation::Exit(0));
                self.innermost().of_set.push(exit);
            }
            _ => self.operations.push(Operation::End(end)),
        }
    }

    fn unless(&mut self, condition: &str) -> usize {
        let condition = self.expression(condition);
        self.later(Operation::Unless(condition, 0))
    }

    /// Adds an operation that leads to a place that is not known yet.
    fn later(&mut self, operation: Operation) -> usize {
        self.operations.push(operation);
        self.operations.len() - 1
    }

    /// Has an operation lead to what comes next.
    fn lead_here(&mut self, operation: usize) {
        let here = self.operations.len();
        match &mut self.operations[operation] {
            Operation::Unless(_, target)
            | Operation::Jump(target)
            | Operation::Round(target)
            | Operation::Enter(target)
            | Operation::Exit(target)
            | Operation::Finish { end: target, .. } => *target = here,
            _ => {}
        }
    }

    fn template(&self, text: &str) -> Template {
        Template::parse(text, self.scope).expect("the plan has checked every text")
    }

    fn expression(&self, text: &str) -> Expression {
        Expression::parse(text, self.scope).expect("the plan has checked every condition")
    }
}
