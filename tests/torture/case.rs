//! A misbehaviour as data: the requests, what the server does, and the expected outcomes.

use std::borrow::Cow;
use std::time::Duration;

use gregaria::scenario::User;
use http::Method;

/// The steps of a server on a connection. After the last one it reads and counts requests until the client
/// closes.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Reads a whole request, head and body.
    Read,
    /// Reads a request's head, and not a byte of its body.
    ReadHead,
    /// Sends this in one piece.
    Send(Cow<'static, [u8]>),
    /// Sends every byte in its own packet.
    Bytes(Cow<'static, [u8]>),
    /// Sends every byte in its own packet, at this interval.
    Trickle(Cow<'static, [u8]>, Duration),
    /// Sends this repeatedly until the client closes.
    Forever(Cow<'static, [u8]>),
    /// Does nothing for this time.
    Wait(Duration),
    /// Waits for data, and does not read them.
    Await,
    /// Stops reading, keeps the connection open, and goes on with the next one.
    Starve,
    /// Shuts down its sending side, and reads on.
    Finish,
    /// Closes without a reset, if everything was read.
    Close,
    /// Resets the connection.
    Reset,
}

/// What a user does.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// A request with a body of this many bytes.
    Request(Method, usize),
    /// Nothing for this time.
    Pause(Duration),
}

/// How a server treats new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// It accepts them.
    Open,
    /// It does not listen: the kernel refuses them.
    Shut,
    /// It listens and never accepts, and its queue is full: the kernel ignores them.
    Full,
    /// It ends while they wait to be accepted.
    Dies,
}

/// The expected outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A response with this status and body, which is a failure with this text, or a success.
    Answer(u16, Cow<'static, [u8]>, Option<&'static str>),
    /// No response, with one of these texts. There are several if it depends on the kernel.
    Failure(Vec<String>),
}

/// Which cases can run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// It uses much CPU time, and does not depend on time.
    Quick,
    /// It uses little CPU time, and depends on time.
    Waits,
    /// It uses all CPU time until it times out.
    Floods,
}

/// One misbehaviour.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) door: Door,
    pub(crate) asks: Vec<Ask>,
    /// What the server does on the connections, in the order in which they come.
    pub(crate) scripts: Vec<Vec<Act>>,
    expected: Vec<Expect>,
    /// The outcomes if bodies are only counted.
    expected_counted: Option<Vec<Expect>>,
    pub(crate) retries: u64,
    /// Whether it times out if bodies are kept, and if they are only counted.
    brief: [bool; 2],
    setting: Option<fn(User) -> User>,
    /// Whether it takes long or very many packets, so that it is not for a hundred thousand rounds.
    pub(crate) slow: bool,
}

/// Longer than any exchange that ends by itself.
const PATIENT: Duration = Duration::from_secs(20);
/// The timeout of requests that are expected to run into it.
pub(crate) const BRIEF: Duration = Duration::from_millis(800);

/// Makes a case of one GET, whose steps follow.
pub(crate) fn case(name: &'static str) -> Case {
    Case {
        name,
        door: Door::Open,
        asks: vec![Ask::Request(Method::GET, 0)],
        scripts: Vec::new(),
        expected: Vec::new(),
        expected_counted: None,
        retries: 0,
        brief: [false; 2],
        setting: None,
        slow: false,
    }
}

impl Case {
    pub(crate) fn door(mut self, door: Door) -> Self {
        self.door = door;
        self
    }

    pub(crate) fn asks(mut self, asks: impl IntoIterator<Item = Ask>) -> Self {
        self.asks = asks.into_iter().collect();
        self
    }

    /// Does this on the next connection.
    pub(crate) fn plays(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.scripts.push(acts.into_iter().collect());
        self
    }

    /// Reads a request, then does this, on the next connection.
    pub(crate) fn replies(self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.plays(std::iter::once(Act::Read).chain(acts))
    }

    /// Reads a request and answers it well, on the next connection.
    pub(crate) fn serves(self) -> Self {
        self.replies([fine()])
    }

    /// Expects a response to the next request.
    pub(crate) fn brings(mut self, status: u16, body: impl IntoBytes) -> Self {
        self.expected.push(Expect::Answer(status, body.into_bytes(), None));
        self
    }

    /// Expects what [`Case::serves`] sends as the response to the next request.
    pub(crate) fn succeeds(self) -> Self {
        self.brings(200, "fine")
    }

    /// Expects a response whose status is a failure.
    pub(crate) fn brings_bad(
        mut self,
        status: u16,
        body: &'static str,
        text: &'static str,
    ) -> Self {
        self.expected.push(Expect::Answer(status, body.into_bytes(), Some(text)));
        self
    }

    /// Expects no response to the next request.
    pub(crate) fn fails(self, text: impl Into<String>) -> Self {
        self.fails_by_chance([text.into()])
    }

    /// Expects no response to the next request, with a text that depends on the kernel.
    pub(crate) fn fails_by_chance(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.expected.push(Expect::Failure(texts.into_iter().collect()));
        self
    }

    /// Where bodies are only counted, the one request fails otherwise.
    pub(crate) fn counted_fails(mut self, text: impl Into<String>) -> Self {
        self.expected_counted = Some(vec![Expect::Failure(vec![text.into()])]);
        self
    }

    /// Where bodies are only counted, the one request brings a response.
    pub(crate) fn counted_brings(mut self, status: u16, body: impl IntoBytes) -> Self {
        self.expected_counted = Some(vec![Expect::Answer(status, body.into_bytes(), None)]);
        self
    }

    /// Expects this many requests to be sent again on another connection.
    pub(crate) fn retries(mut self, count: u64) -> Self {
        self.retries = count;
        self
    }

    /// Sets a short timeout.
    pub(crate) fn brief(mut self) -> Self {
        self.brief = [true; 2];
        self.slow()
    }

    /// Where bodies are only counted, the one request has little time, and fails.
    pub(crate) fn counted_times_out(mut self, doing: &str) -> Self {
        self.brief[1] = true;
        self.counted_fails(super::texts::timed_out(doing)).slow()
    }

    pub(crate) fn slow(mut self) -> Self {
        self.slow = true;
        self
    }

    /// Changes the user class.
    pub(crate) fn setting(mut self, setting: fn(User) -> User) -> Self {
        self.setting = Some(setting);
        self.slow()
    }

    /// Makes a class of one user for the case.
    pub(crate) fn user(&self, kept: bool) -> User {
        let timeout = if self.brief[usize::from(!kept)] { BRIEF } else { PATIENT };
        let user = User::new(self.name).fixed_count(1).timeout(timeout);
        match self.setting {
            Some(setting) => setting(user),
            None => user,
        }
    }

    /// Returns which cases can run at the same time.
    pub(crate) fn group(&self, kept: bool) -> Group {
        let pauses = self.asks.iter().any(|ask| matches!(ask, Ask::Pause(_)));
        let waits = pauses || self.setting.is_some();
        let floods = self.scripts.iter().flatten().any(|act| matches!(act, Act::Forever(_)));
        match self.brief[usize::from(!kept)] {
            true if floods => Group::Floods,
            true => Group::Waits,
            false if waits => Group::Waits,
            false => Group::Quick,
        }
    }

    /// Returns the expected outcomes.
    pub(crate) fn expected(&self, kept: bool) -> &[Expect] {
        match &self.expected_counted {
            Some(expected) if !kept => expected,
            _ => &self.expected,
        }
    }

    /// Returns whether an outcome depends on the kernel.
    pub(crate) fn is_by_chance(&self) -> bool {
        let several = |expect: &Expect| matches!(expect, Expect::Failure(texts) if texts.len() > 1);
        self.expected.iter().any(several)
    }

    /// Returns the expected number of connections.
    pub(crate) fn connections(&self) -> u64 {
        self.scripts.len() as u64
    }

    /// Returns the expected number of requests.
    pub(crate) fn requests(&self) -> u64 {
        let reads = |act: &&Act| matches!(act, Act::Read | Act::ReadHead);
        self.scripts.iter().flatten().filter(reads).count() as u64
    }
}

pub(crate) trait IntoBytes {
    fn into_bytes(self) -> Cow<'static, [u8]>;
}

impl IntoBytes for &'static str {
    fn into_bytes(self) -> Cow<'static, [u8]> {
        Cow::Borrowed(self.as_bytes())
    }
}

impl IntoBytes for &'static [u8] {
    fn into_bytes(self) -> Cow<'static, [u8]> {
        Cow::Borrowed(self)
    }
}

impl IntoBytes for String {
    fn into_bytes(self) -> Cow<'static, [u8]> {
        Cow::Owned(self.into_bytes())
    }
}

impl IntoBytes for Vec<u8> {
    fn into_bytes(self) -> Cow<'static, [u8]> {
        Cow::Owned(self)
    }
}

pub(crate) fn send(bytes: impl IntoBytes) -> Act {
    Act::Send(bytes.into_bytes())
}

pub(crate) fn forever(bytes: impl IntoBytes) -> Act {
    Act::Forever(bytes.into_bytes())
}

pub(crate) fn wait(millis: u64) -> Act {
    Act::Wait(Duration::from_millis(millis))
}

pub(crate) fn get() -> Ask {
    Ask::Request(Method::GET, 0)
}

pub(crate) fn pause(millis: u64) -> Ask {
    Ask::Pause(Duration::from_millis(millis))
}

/// A correct response.
pub(crate) fn fine() -> Act {
    send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")
}

/// Makes a response of status 200 with these header lines, each with its line end, and a body.
pub(crate) fn head(lines: &str, rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n{rest}")
}

/// Makes a response with a chunked body.
pub(crate) fn chunked(chunks: &str) -> String {
    head("Transfer-Encoding: chunked\r\n", chunks)
}
