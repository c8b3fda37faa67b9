//! The client of a case, and its outcomes.

use std::fmt;

use gregaria::session::Session;

use super::case::{Ask, Case, Expect};

/// How requests are made. Outcomes must not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    /// Whether they are rendered once and sent from the reactor's memory, or rendered for every send.
    pub(crate) prepared: bool,
    /// Whether bodies are kept, or only counted.
    pub(crate) kept: bool,
}

pub(crate) const WAYS: [Way; 4] = [
    Way { prepared: true, kept: true },
    Way { prepared: true, kept: false },
    Way { prepared: false, kept: true },
    Way { prepared: false, kept: false },
];

/// The outcome of a request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The status, and the body if it was kept.
    Answer(u16, Option<Vec<u8>>),
    Failure(String),
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Answer(status, None) => write!(f, "{status}"),
            Outcome::Answer(status, Some(body)) if body.len() > 60 => {
                write!(f, "{status} with {} bytes", body.len())
            }
            Outcome::Answer(status, Some(body)) => {
                write!(f, "{status} with {:?}", String::from_utf8_lossy(body))
            }
            Outcome::Failure(text) => write!(f, "{text:?}"),
        }
    }
}

impl Expect {
    pub(crate) fn is_met_by(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Expect::Answer(expected, body, _), Outcome::Answer(status, kept)) => {
                status == expected && kept.as_ref().is_none_or(|kept| kept[..] == body[..])
            }
            (Expect::Failure(texts), Outcome::Failure(text)) => {
                texts.iter().any(|expected| matches(expected, text))
            }
            _ => false,
        }
    }

    /// Returns how many body bytes it adds to the statistics.
    pub(crate) fn body_bytes(&self) -> u64 {
        match self {
            Expect::Answer(_, body, _) => body.len() as u64,
            Expect::Failure(_) => 0,
        }
    }

    /// Returns the text of the failure, or `None` for a success.
    pub(crate) fn failure(&self, outcome: &Outcome) -> Option<String> {
        match (self, outcome) {
            (Expect::Answer(_, _, text), _) => text.map(str::to_owned),
            (_, Outcome::Failure(text)) => Some(text.clone()),
            (_, Outcome::Answer(status, _)) => Some(format!("answered: {status}")),
        }
    }
}

/// Returns whether a text is as expected; `*` matches anything.
fn matches(expected: &str, text: &str) -> bool {
    match expected.split_once('*') {
        None => text == expected,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

/// Makes the requests of a case.
pub(crate) async fn run(session: &mut Session, case: &'static Case, way: Way) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for ask in &case.asks {
        let (method, length) = match ask {
            Ask::Pause(duration) => {
                session.sleep(*duration).await;
                continue;
            }
            Ask::Request(method, length) => (method.clone(), *length),
        };
        let call = match way.prepared {
            true => session.request(method, "/").name(case.name),
            false => session.request(method, "/".to_owned()).name(case.name),
        };
        let call = if length > 0 { call.body(vec![b'x'; length]) } else { call };
        let call = if way.kept { call } else { call.discard_body() };
        outcomes.push(match call.send().await {
            Ok(response) => {
                let body = way.kept.then(|| response.body().to_vec());
                Outcome::Answer(response.status(), body)
            }
            Err(failed) => Outcome::Failure(failed.to_string()),
        });
    }
    outcomes
}
