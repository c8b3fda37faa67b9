//! A declared request as one core makes it.

use form_urlencoded::byte_serialize;

use super::memory::Memory;
use crate::http1::KeepBody;
use crate::scenario::{
    AuthTemplate, BodyTemplate, HeaderTemplate, Parallel, RequestTemplate, Step, TaskError,
};
use crate::session::{
    Auth, Body, Capture, Check, Context, Defaults, PendingRequest, Prepared, Response, Session,
    needs_body,
};
use crate::stats::EntryId;
use crate::template::{Fault, Scope, SlotId, Template};

/// A declared request, and the checks on its response.
pub(super) struct CoreStep {
    request: CoreRequest,
    checks: Vec<Check>,
    /// What is taken out of the response, and the variables that it goes to.
    captures: Captures,
}

type Captures = Vec<(SlotId, String, Capture)>;

// There are only as many as a scenario declares, and a box would be one more place to look at for each request.
#[expect(clippy::large_enum_variant)]
enum CoreRequest {
    /// Rendered once.
    Constant(Prepared),
    /// Rendered each time, with the values of its user.
    Varying(Box<Varying>),
}

struct Varying {
    request: RequestTemplate,
    /// The entry, unless its name varies.
    entry: Option<EntryId>,
    keep_body: KeepBody,
    keep_trail: bool,
}

impl CoreStep {
    /// Makes the step ready. Its checks are copied, so that cores share nothing while they run.
    pub(super) fn new(step: &Step, context: &Context, defaults: &Defaults, scope: &Scope) -> Self {
        let request = template(step, scope);
        // What is taken from is made as one that varies: few requests are, and they keep more of the response.
        let request = match request.constant().filter(|_| step.captures.is_empty()) {
            Some(request) => CoreRequest::Constant(
                Prepared::new(context, defaults, &request, keep_body(step))
                    .expect("the plan has checked every URL of the scenario"),
            ),
            None => CoreRequest::Varying(Varying::new(step, request, context)),
        };
        CoreStep { request, checks: step.checks.clone(), captures: captures(step, scope) }
    }

    /// Returns its request and checks, if the request is the same each time and nothing is taken from its
    /// response.
    fn into_constant(self) -> Option<(Prepared, Vec<Check>)> {
        match self.request {
            CoreRequest::Constant(prepared) => Some((prepared, self.checks)),
            CoreRequest::Varying(_) => None,
        }
    }

    /// Makes the request for a user. Returns whether it was a success.
    ///
    /// # Errors
    ///
    /// Returns why the task cannot go on: an expression has no value, so there is no request, or there is
    /// nothing to take, which is a failure of the request.
    pub(super) async fn run(
        &self,
        memory: &mut Memory,
        session: &mut Session,
    ) -> Result<bool, TaskError> {
        match &self.request {
            CoreRequest::Constant(prepared) => Ok(session.run_step(prepared, &self.checks).await),
            CoreRequest::Varying(varying) => {
                let request = varying.build(memory, session)?;
                let response = session.send_built(request).await;
                judge(response, &self.checks, &self.captures, memory, session)
            }
        }
    }
}

fn captures(step: &Step, scope: &Scope) -> Captures {
    let of = |(name, capture): &(String, Capture)| {
        let slot = scope.slot(name).expect("the scope has all names");
        (slot, name.clone(), capture.clone())
    };
    step.captures.iter().map(of).collect()
}

/// Applies the checks to a response and takes the captures out of it. Returns whether it is a success.
///
/// # Errors
///
/// Returns an error if there is nothing to take, which is a failure of the request.
fn judge(
    response: Option<Response>,
    checks: &[Check],
    captures: &Captures,
    memory: &mut Memory,
    session: &mut Session,
) -> Result<bool, TaskError> {
    let Some(mut response) = response else {
        return memory.take_defaults(captures).map(|()| false);
    };
    response.apply_checks(checks);
    let taken = memory.take_all(captures, &mut response, session);
    taken.map(|()| response.is_success())
}

fn template(step: &Step, scope: &Scope) -> RequestTemplate {
    let request = RequestTemplate::parse(&step.request, scope);
    request.expect("the plan has checked every text of the scenario")
}

fn keep_body(step: &Step) -> KeepBody {
    let captures = step.captures.iter().any(|(_, capture)| capture.needs_body());
    if captures || needs_body(&step.checks) { KeepBody::Yes } else { KeepBody::No }
}

/// Requests that are the same each time: several at the same time, or nearly always one.
pub(super) struct CoreStepGroup {
    steps: Vec<(Prepared, Vec<Check>)>,
    width: usize,
}

impl CoreStepGroup {
    /// Makes the group ready; `None` if one of its requests varies.
    pub(super) fn new(
        parallel: &Parallel,
        context: &Context,
        defaults: &Defaults,
        scope: &Scope,
    ) -> Option<Self> {
        let step = |step| CoreStep::new(step, context, defaults, scope).into_constant();
        let steps = parallel.steps.iter().map(step).collect::<Option<_>>()?;
        Some(CoreStepGroup { steps, width: parallel.width() })
    }

    /// Makes a group of one step; `None` if it varies.
    pub(super) fn of_one(step: CoreStep) -> Option<Self> {
        Some(CoreStepGroup { steps: vec![step.into_constant()?], width: 1 })
    }

    /// Makes the requests. Returns whether all were successes.
    pub(super) async fn run(&self, session: &mut Session) -> bool {
        if let [(request, checks)] = &self.steps[..] {
            return session.run_step(request, checks).await;
        }
        let steps = self.steps.iter().map(|(request, checks)| (request, &checks[..]));
        // On the heap, because few tasks have such a group and all would have room for it.
        Box::pin(session.run_parallel_steps(steps, self.width)).await
    }
}

/// Requests that are made at the same time, and that are not all the same each time.
pub(super) struct VaryingGroup {
    steps: Vec<(Box<Varying>, Vec<Check>, Captures)>,
    width: usize,
}

impl VaryingGroup {
    pub(super) fn new(parallel: &Parallel, context: &Context, scope: &Scope) -> Self {
        let varying = |step: &Step| Varying::new(step, template(step, scope), context);
        let steps = parallel.steps.iter();
        let steps = steps.map(|step| (varying(step), step.checks.clone(), captures(step, scope)));
        VaryingGroup { steps: steps.collect(), width: parallel.width() }
    }

    /// Makes the requests for a user. Returns whether all were successes.
    ///
    /// # Errors
    ///
    /// As [`CoreStep::run`].
    pub(super) async fn run(
        &self,
        memory: &mut Memory,
        session: &mut Session,
    ) -> Result<bool, TaskError> {
        let built = self.steps.iter().map(|(varying, ..)| varying.build(memory, session));
        let built = built.collect::<Result<Vec<_>, Fault>>()?;
        let responses = session.parallel(built, self.width).await;
        let mut ended = Ok(true);
        for (response, (_, checks, captures)) in responses.into_iter().zip(&self.steps) {
            match (judge(response.ok(), checks, captures, memory, session), &mut ended) {
                (Ok(is_success), Ok(all_succeed)) => *all_succeed &= is_success,
                (Err(error), Ok(_)) => ended = Err(error),
                (_, Err(_)) => {}
            }
        }
        ended
    }
}

impl Varying {
    fn new(step: &Step, request: RequestTemplate, context: &Context) -> Box<Self> {
        let is_named = request.name.as_ref().is_none_or(|name| name.constant().is_some());
        // Its own name, or its path with names in place of values.
        let entry = is_named.then(|| {
            let method = step.request.method.as_str();
            context.recorder.borrow_mut().entry(method, &step.report_name())
        });
        let keep_trail = step.captures.iter().any(|(_, capture)| capture.needs_trail());
        Box::new(Varying { request, entry, keep_body: keep_body(step), keep_trail })
    }

    fn build(&self, memory: &Memory, session: &mut Session) -> Result<PendingRequest, Fault> {
        let RequestTemplate { request, path, name, query, headers, body, auth } = &self.request;
        let mut target = session.spare_text();
        path.write(&mut memory.scene(session), &mut target)?;
        for (name, value) in query {
            let (name, value) = (text(name, memory, session)?, text(value, memory, session)?);
            append_pair(&mut target, &name, &value);
        }
        let mut built = session.request(request.method.clone(), target).later();
        let mut value = session.spare_text();
        for (name, template) in headers {
            value.clear();
            let bytes = match template {
                HeaderTemplate::Bytes(bytes) => bytes.as_bytes(),
                HeaderTemplate::Text(template) => {
                    template.write(&mut memory.scene(session), &mut value)?;
                    value.as_bytes()
                }
            };
            built = session.resume(built).header(name, bytes).later();
        }
        session.recycle_text(value);
        built = self.with_body(body, built, memory, session)?;
        if let Some(auth) = auth {
            let auth = self::auth(auth, memory, session)?;
            built = session.resume(built).auth(auth).later();
        }
        let name = match (self.entry, name) {
            (None, Some(name)) => Some(text(name, memory, session)?),
            _ => None,
        };
        let mut builder = session.resume(built).keep_body(self.keep_body);
        builder = match (self.entry, name) {
            (Some(entry), _) => builder.counted_as(entry),
            (None, Some(name)) => builder.name(name),
            (None, None) => builder,
        };
        if self.keep_trail {
            builder = builder.keep_trail();
        }
        if request.expect_continue {
            builder = builder.expect_continue();
        }
        if let Some(follow) = request.redirects {
            builder = builder.redirects(follow);
        }
        if let Some(timeout) = request.timeout {
            builder = builder.timeout(timeout);
        }
        Ok(builder.later())
    }

    fn with_body(
        &self,
        body: &BodyTemplate,
        built: PendingRequest,
        memory: &Memory,
        session: &mut Session,
    ) -> Result<PendingRequest, Fault> {
        let body = match body {
            BodyTemplate::Constant(Body::Empty) => return Ok(built),
            BodyTemplate::Constant(body) => body.clone(),
            BodyTemplate::Text(body) => Body::Bytes(text(body, memory, session)?.into_bytes()),
            BodyTemplate::Json(body) => {
                let mut json = session.spare_text();
                body.write(&mut memory.scene(session), &mut json)?;
                Body::JsonText(json.into_bytes())
            }
            BodyTemplate::Form(form) => {
                let mut pairs = Vec::with_capacity(form.len());
                for (name, value) in form {
                    pairs.push((text(name, memory, session)?, text(value, memory, session)?));
                }
                Body::Form(pairs)
            }
        };
        Ok(session.resume(built).with_body(body).later())
    }
}

/// Writes a template into a text that is empty.
fn text(template: &Template, memory: &Memory, session: &mut Session) -> Result<String, Fault> {
    let mut text = session.spare_text();
    template.write(&mut memory.scene(session), &mut text)?;
    Ok(text)
}

fn auth(template: &AuthTemplate, memory: &Memory, session: &mut Session) -> Result<Auth, Fault> {
    let mut text = |template| text(template, memory, session);
    Ok(match template {
        AuthTemplate::Basic(user, password) => Auth::basic(text(user)?, text(password)?),
        AuthTemplate::Bearer(token) => Auth::Bearer(text(token)?),
        AuthTemplate::Digest(user, password) => Auth::digest(text(user)?, text(password)?),
    })
}

/// Appends a pair to the query of a path, as forms are encoded.
fn append_pair(path: &mut String, name: &str, value: &str) {
    path.push(if path.contains('?') { '&' } else { '?' });
    path.extend(byte_serialize(name.as_bytes()));
    path.push('=');
    path.extend(byte_serialize(value.as_bytes()));
}
