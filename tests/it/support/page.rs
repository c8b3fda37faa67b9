//! The binary with its web page, and a simple HTTP client for the page.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Output, Run, Running, Signal};

/// The time limit, which is far longer than any response takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A run of the binary with its web page open.
pub(crate) struct Page {
    pub(crate) running: Running,
    /// The page's address, as it was logged.
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pub(crate) base_path: String,
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

/// The event stream as a page reads it.
pub(crate) struct Events(BufReader<TcpStream>);

/// An event: its name and its data.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Run {
    /// Starts the run with a web page on a free port.
    pub(crate) fn open_page(self) -> Page {
        let mut running = self.args(["--web", "-P", "0"]).start();
        let line = running.stderr_line("Starting web interface at ");
        let url = line.trim_end().split(" at ").nth(1).unwrap().to_owned();
        let (authority, path) = match url.split_once("://").unwrap().1.split_once('/') {
            Some((authority, path)) => (authority, format!("/{path}")),
            None => (url.split_once("://").unwrap().1, String::new()),
        };
        let path = path.split('?').next().unwrap().trim_end_matches('/').to_owned();
        let address = authority.replace("0.0.0.0", "127.0.0.1").parse().unwrap();
        Page { running, address, base_path: path, url }
    }
}

impl Page {
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, &[], &body.to_string())
    }

    /// Sends a POST that must succeed.
    #[track_caller]
    pub(crate) fn command(&self, path: &str, body: &Value) -> Value {
        let reply = self.post(path, body);
        assert!((200..300).contains(&reply.status), "{path}: {reply:?}");
        reply.json()
    }

    /// Returns the JSON of a GET.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> Value {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.json()
    }

    pub(crate) fn view(&self) -> Value {
        self.read("/api/v1/view")
    }

    /// Sends a request below the base path. These headers replace default ones of the same name.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut stream = self.connect();
        let mut head =
            format!("{method} {}{path} HTTP/1.1\r\nConnection: close\r\n", self.base_path);
        let address = self.address.to_string();
        let length = body.len().to_string();
        for (name, value) in [("Host", &*address), ("Content-Length", &length)] {
            if !headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name)) {
                head += &format!("{name}: {value}\r\n");
            }
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        // A server that has already answered may not read the rest.
        let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
        Reply::read(stream)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Returns a connection that has requested events and read nothing yet.
    pub(crate) fn ask_for_events(&self) -> TcpStream {
        let mut stream = self.connect();
        let (base, host) = (&self.base_path, self.address);
        write!(stream, "GET {base}/api/v1/events HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        stream
    }

    #[track_caller]
    pub(crate) fn events(&self) -> Events {
        let mut events = Events(BufReader::new(self.ask_for_events()));
        let head = events.lines_to_blank();
        assert!(head[0].starts_with("HTTP/1.1 200"), "{head:?}");
        events
    }

    /// Ends the process with SIGINT.
    pub(crate) fn quit(self) -> Output {
        self.running.signal(Signal::INT);
        self.running.wait()
    }
}

impl Reply {
    /// Reads to the end.
    #[track_caller]
    pub(crate) fn read(mut stream: TcpStream) -> Self {
        let mut text = Vec::new();
        let read = stream.read_to_end(&mut text);
        let text = String::from_utf8(text).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            panic!("no answer: {read:?} {text:?}");
        };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the fields of its errors.
    #[track_caller]
    pub(crate) fn fields(&self) -> Vec<String> {
        let json = self.json();
        let errors = json["errors"].as_array().unwrap().iter();
        errors.map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}

impl Events {
    /// Returns the next event, or `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "there are no more events");
            let chunk = self.chunk()?;
            let text = String::from_utf8(chunk).unwrap();
            let lines = text.lines().filter_map(|line| line.split_once(": "));
            let (mut name, mut data) = (None, None);
            for (key, value) in lines {
                match key {
                    "event" => name = Some(value.to_owned()),
                    "data" => data = Some(serde_json::from_str(value).unwrap()),
                    _ => {}
                }
            }
            if let (Some(name), Some(data)) = (name, data) {
                return Some(Event { name, data });
            }
        }
    }

    /// Waits for the first event that matches.
    #[track_caller]
    pub(crate) fn find(&mut self, is_it: impl Fn(&Event) -> bool) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let event = self.next().expect("the stream goes on");
            if is_it(&event) {
                return event;
            }
            assert!(Instant::now() < deadline, "only others come, such as {event:?}");
        }
    }

    fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let length = usize::from_str_radix(line.trim(), 16).ok().filter(|length| *length > 0)?;
        let mut chunk = vec![0; length + 2];
        self.0.read_exact(&mut chunk).unwrap();
        chunk.truncate(length);
        Some(chunk)
    }

    fn lines_to_blank(&mut self) -> Vec<String> {
        let lines = self.0.by_ref().lines().map(|line| line.unwrap());
        lines.take_while(|line| !line.is_empty()).collect()
    }
}
