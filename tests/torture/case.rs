//! A misbehaviour as data: what is asked, what the server does, and what must come of it.

use std::borrow::Cow;
use std::time::Duration;

use gregaria::scenario::User;
use http::Method;

/// What a server does on a connection, one after the other. Behind the last act it reads, and counts
/// requests, until the client goes away.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Reads a whole request, head and body.
    Read,
    /// Reads a request's head, and not a byte of what is behind it.
    ReadHead,
    /// Sends this in one piece.
    Send(Cow<'static, [u8]>),
    /// Sends every byte in a packet of its own.
    Bytes(Cow<'static, [u8]>),
    /// Sends every byte in a packet of its own, this far apart.
    Trickle(Cow<'static, [u8]>, Duration),
    /// Sends this over and over, until the client goes away.
    Forever(Cow<'static, [u8]>),
    /// Does nothing for so long.
    Wait(Duration),
    /// Waits until something has come, and does not read it.
    Await,
    /// Reads nothing more, keeps the connection, and turns to the next.
    Starve,
    /// Sends nothing more, and says so; what comes is still read.
    Finish,
    /// Closes in order, if everything that came was read.
    Close,
    /// Resets the connection.
    Reset,
}

/// What a user does.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// A request with a body of so many bytes.
    Request(Method, usize),
    /// Nothing for so long.
    Pause(Duration),
}

/// How a server treats those who connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// It accepts them.
    Open,
    /// It does not listen: the kernel refuses them.
    Shut,
    /// It listens and never accepts, and there is no room to wait: the kernel ignores them.
    Full,
    /// It dies while they wait to be accepted.
    Dies,
}

/// What a request must come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A response with this status and body, which counts as a failure under this text, or as none.
    Answer(u16, Cow<'static, [u8]>, Option<&'static str>),
    /// No response, under one of these texts: more than one where the kernel decides.
    Failure(Vec<String>),
}

/// What a case does to its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// It uses the machine, and does not care about time.
    Quick,
    /// It leaves the machine alone, and cares about time.
    Waits,
    /// It uses all of the machine until its time is over.
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
    /// What is expected instead where bodies are only counted.
    expected_counted: Option<Vec<Expect>>,
    pub(crate) retries: u64,
    /// Whether time runs out where bodies are kept, and where they are only counted.
    brief: [bool; 2],
    setting: Option<fn(User) -> User>,
    /// Takes its time, or very many packets: not for a hundred thousand rounds.
    pub(crate) slow: bool,
}

/// Far more than any exchange here takes that ends by itself.
const PATIENT: Duration = Duration::from_secs(20);
/// The timeout of requests that are expected to run into it.
pub(crate) const BRIEF: Duration = Duration::from_millis(800);

/// A misbehaviour in answer to one GET, to be told.
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

    /// The next request brings a response.
    pub(crate) fn brings(mut self, status: u16, body: impl IntoBytes) -> Self {
        self.expected.push(Expect::Answer(status, body.into_bytes(), None));
        self
    }

    /// The next request brings what [`Case::serves`] sends.
    pub(crate) fn succeeds(self) -> Self {
        self.brings(200, "fine")
    }

    /// The next request brings a response that is a failure by its status.
    pub(crate) fn brings_bad(
        mut self,
        status: u16,
        body: &'static str,
        text: &'static str,
    ) -> Self {
        self.expected.push(Expect::Answer(status, body.into_bytes(), Some(text)));
        self
    }

    /// The next request brings no response.
    pub(crate) fn fails(self, text: impl Into<String>) -> Self {
        self.fails_by_chance([text.into()])
    }

    /// The next request brings no response, and the kernel decides why.
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

    /// So many requests are sent again on another connection.
    pub(crate) fn retries(mut self, count: u64) -> Self {
        self.retries = count;
        self
    }

    /// Requests have little time.
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

    /// The user class is not an ordinary one.
    pub(crate) fn setting(mut self, setting: fn(User) -> User) -> Self {
        self.setting = Some(setting);
        self.slow()
    }

    /// A class of one user that has what this takes.
    pub(crate) fn user(&self, kept: bool) -> User {
        let timeout = if self.brief[usize::from(!kept)] { BRIEF } else { PATIENT };
        let user = User::new(self.name).fixed_count(1).timeout(timeout);
        match self.setting {
            Some(setting) => setting(user),
            None => user,
        }
    }

    /// Cases that go together. Where the time matters, the machine is not to be too busy.
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

    /// What must come of the requests.
    pub(crate) fn expected(&self, kept: bool) -> &[Expect] {
        match &self.expected_counted {
            Some(expected) if !kept => expected,
            _ => &self.expected,
        }
    }

    /// Whether the kernel decides what becomes of a request.
    pub(crate) fn is_by_chance(&self) -> bool {
        let several = |expect: &Expect| matches!(expect, Expect::Failure(texts) if texts.len() > 1);
        self.expected.iter().any(several)
    }

    /// How many connections the server must see.
    pub(crate) fn connections(&self) -> u64 {
        self.scripts.len() as u64
    }

    /// How many requests the server must see.
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

/// The answer that is beyond reproach.
pub(crate) fn fine() -> Act {
    send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")
}

/// A head of status 200 with these lines, each with its line end, and what is behind it.
pub(crate) fn head(lines: &str, rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n{rest}")
}

/// The same with a chunked body.
pub(crate) fn chunked(chunks: &str) -> String {
    head("Transfer-Encoding: chunked\r\n", chunks)
}
