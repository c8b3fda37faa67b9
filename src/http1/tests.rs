//! What holds for whole exchanges: the tables of cases, and the property that the way a stream of
//! bytes is split never changes what is read from it.

use http::Method;

use super::*;

/// Small, so that generated streams reach the caps.
const LIMITS: Limits = Limits { head_bytes: 2048, headers: 24, body_bytes: 4096 };

/// All that a caller can see of one exchange.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    head: Option<Head>,
    store: Vec<u8>,
    body_bytes: u64,
    keep_alive: bool,
    consumed: usize,
}

/// Feeds `slices`, then closes.
fn read<'a>(
    method: &Method,
    keep_body: KeepBody,
    slices: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Seen, Error> {
    let mut reader = ResponseReader::new(method, keep_body, LIMITS);
    let (mut store, mut consumed) = (Vec::new(), 0);
    for slice in slices {
        let progress = reader.feed(slice, &mut store).inspect_err(|&error| {
            assert_eq!(reader.close(), Err(error), "an error is final");
        })?;
        assert!(progress.done || progress.consumed == slice.len());
        assert!(store.len() as u64 <= LIMITS.head_bytes as u64 + LIMITS.body_bytes);
        consumed += progress.consumed;
    }
    let keep_alive = reader.keep_alive();
    reader.close()?;
    assert_eq!(reader.keep_alive(), keep_alive, "a close does not make a connection live");
    let (head, body_bytes) = (reader.head().copied(), reader.body_bytes());
    Ok(Seen { head, store, body_bytes, keep_alive, consumed })
}

fn whole(method: &Method, stream: &[u8]) -> Result<Seen, Error> {
    read(method, KeepBody::Yes, [stream])
}

/// Status, body, and whether the connection lives on.
fn check(method: &Method, stream: &str, expected: Result<(u16, &str, bool), Error>) {
    for step in [1, 2, 7, stream.len().max(1)] {
        let seen = read(method, KeepBody::Yes, stream.as_bytes().chunks(step));
        let seen = seen.map(|seen| {
            let head = seen.head.expect("a response that is done has a head");
            let body = String::from_utf8_lossy(&seen.store[head.head_len..]).into_owned();
            (head.status, body, seen.keep_alive)
        });
        let expected = expected.map(|(status, body, alive)| (status, body.to_owned(), alive));
        assert_eq!(seen, expected, "{stream:?} by {step}");
    }
}

#[test]
fn a_response_ends_where_its_framing_says() {
    let get = |stream: &str, expected| check(&Method::GET, stream, Ok(expected));
    get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", (200, "hello", true));
    get("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", (200, "", true));
    get("HTTP/1.1 200 OK\r\n\r\nhello", (200, "hello", false));
    get("HTTP/1.0 200 OK\r\n\r\n", (200, "", false));
    get("HTTP/1.1 204 No Content\r\n\r\n", (204, "", true));
    get("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", (304, "", true));
    get("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", (101, "", false));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n";
    get(chunked, (200, "hello", true));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    check(&Method::HEAD, head, Ok((200, "", true)));
}

#[test]
fn interim_responses_are_skipped_but_101_is_final() {
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let check = |interim: &str| {
        check(&Method::POST, &format!("{interim}{last}"), Ok((200, "ok", true)));
    };
    check("HTTP/1.1 100 Continue\r\n\r\n");
    check("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    check("\r\n\nHTTP/1.1 102 Processing\r\nContent-Length: 9\r\n\r\n\r\n");
}

#[test]
fn what_comes_before_a_response_has_its_cap() {
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    for before in [interim, "\r\n", "\n"] {
        let most = 16 * LIMITS.head_bytes / before.len();
        let check = |count: usize, expected| {
            check(&Method::GET, &format!("{}{last}", before.repeat(count)), expected);
        };
        check(most, Ok((200, "ok", true)));
        check(most + 1, Err(Error::HeadTooLarge));
    }
}

#[test]
fn bytes_after_the_end_are_not_consumed_and_end_the_connection() {
    for end in ["Content-Length: 2\r\n\r\nok", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"] {
        let stream = format!("HTTP/1.1 200 OK\r\n{end}");
        check(&Method::GET, &stream, whole_of(&stream, true));
        let unsolicited = format!("{stream}HTTP/1.1 408 Request Timeout\r\n\r\n");
        check(&Method::GET, &unsolicited, whole_of(&stream, false));
        let seen = whole(&Method::GET, unsolicited.as_bytes()).unwrap();
        assert_eq!(seen.consumed, stream.len());
    }
    fn whole_of(stream: &str, keep_alive: bool) -> Result<(u16, &str, bool), Error> {
        Ok((200, if stream.ends_with("ok") { "ok" } else { "" }, keep_alive))
    }
}

#[test]
fn a_close_is_told_apart_by_where_it_tears() {
    let get = |stream: &str, error| check(&Method::GET, stream, Err(error));
    get("", Error::ClosedBeforeResponse);
    get("\r\n", Error::ClosedBeforeResponse);
    get("H", Error::TornHead);
    get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Error::TornHead);
    get("HTTP/1.1 100 Continue\r\n\r\n", Error::TornHead);
    get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Error::TornBody);
    get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Error::TornBody);
}

#[test]
fn caps_hold_for_whole_exchanges() {
    let get = |stream: &str, error| check(&Method::GET, stream, Err(error));
    get(&format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(4000)), Error::HeadTooLarge);
    get(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "a:\r\n".repeat(25)), Error::TooManyHeaders);
    get("HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n", Error::BodyTooLarge);
    get(&format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(4097)), Error::BodyTooLarge);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    get(&format!("{chunked}ffffffffffffffff\r\n"), Error::BodyTooLarge);
    get(&format!("{chunked}fffffffffffffffff\r\n"), Error::BadChunk);
}

#[test]
fn a_body_that_is_not_kept_is_still_counted() {
    let stream = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let seen = read(&Method::GET, KeepBody::No, [&stream[..]]).unwrap();
    assert_eq!((seen.store.len(), seen.body_bytes), (stream.len() - 5, 5));
}

#[test]
fn a_reader_is_reused_and_the_store_keeps_what_it_had() {
    let mut reader = ResponseReader::new(&Method::GET, KeepBody::Yes, LIMITS);
    let mut store = b"before".to_vec();
    for (method, body) in [(Method::GET, "ok"), (Method::HEAD, ""), (Method::GET, "ok")] {
        reader.reset(&method, KeepBody::Yes);
        store.truncate("before".len());
        let stream = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{body}");
        let (first, second) = stream.as_bytes().split_at(9);
        assert!(!reader.has_begun());
        assert!(!reader.feed(first, &mut store).unwrap().done);
        assert!(reader.has_begun() && reader.head().is_none());
        assert!(reader.feed(second, &mut store).unwrap().done);
        assert!(reader.keep_alive());
        assert_eq!(store, format!("before{stream}").as_bytes());
    }
}

#[test]
fn another_protocols_greeting_is_refused_before_its_connection_closes() {
    let mut reader = ResponseReader::new(&Method::GET, KeepBody::Yes, LIMITS);
    let (mut store, greeting) = (Vec::new(), b"220 mail.example ESMTP ready\r\n");
    let refused = greeting.chunks(1).find_map(|byte| reader.feed(byte, &mut store).err());
    assert_eq!(refused, Some(Error::MalformedHead(Malformed::Version)));
}

#[test]
fn a_head_that_turns_bad_is_refused_before_it_has_doubled() {
    let bad = b"HTTP/1.1 200 OK\r\nA: \0";
    let mut reader = ResponseReader::new(&Method::GET, KeepBody::Yes, LIMITS);
    let mut store = Vec::new();
    let stream = bad.iter().copied().chain(std::iter::repeat(b'x'));
    let refused =
        stream.take(2 * bad.len()).find_map(|byte| reader.feed(&[byte], &mut store).err());
    assert_eq!(refused, Some(Error::MalformedHead(Malformed::HeaderValue)));
}

/// Each has a head's length for itself.
#[test]
fn long_interim_responses_leave_the_head_its_room() {
    let long = |start: &str, end: &str| {
        let room = LIMITS.head_bytes - start.len() - end.len() - "A: \r\n".len();
        format!("{start}A: {}\r\n{end}", "x".repeat(room))
    };
    let hints = long("HTTP/1.1 103 Early Hints\r\n", "\r\n");
    let last = long("HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n\r\n") + "ok";
    check(&Method::GET, &format!("{}{last}", hints.repeat(16)), Ok((200, "ok", true)));
    check(&Method::GET, &format!("{}{last}", hints.repeat(17)), Err(Error::HeadTooLarge));
    let bent = "HTTP/1.1 103 Early Hints\r\nA[: b\r\n\r\n";
    check(&Method::GET, &format!("{bent}{last}"), Ok((200, "ok", true)));
}

#[test]
fn any_split_of_a_valid_response_reads_the_same() {
    for seed in 0..2000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (method, stream, body) = generate(&mut rng);
        let expected = whole(&method, &stream);
        let seen = expected.as_ref().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let head = seen.head.unwrap();
        assert_eq!(&seen.store[head.head_len..], body, "seed {seed}");
        assert_eq!(seen.body_bytes, body.len() as u64, "seed {seed}");
        assert_same_headers(&seen.store[..head.head_len], seed);
        assert_eq!(read(&method, KeepBody::Yes, stream.chunks(1)), expected, "seed {seed}");
        for _ in 0..4 {
            let slices = split(&mut rng, &stream);
            assert_eq!(read(&method, KeepBody::Yes, slices), expected, "seed {seed}");
        }
    }
}

#[test]
fn any_split_of_a_damaged_response_reads_the_same() {
    let (mut fine, mut bad) = (0, 0);
    for seed in 0..6000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (method, mut stream, _) = generate(&mut rng);
        for _ in 0..rng.usize(1..4) {
            damage(&mut rng, &mut stream);
        }
        let expected = whole(&method, &stream);
        let bytewise = read(&method, KeepBody::Yes, stream.chunks(1));
        assert_alike(&expected, &bytewise, seed);
        for _ in 0..4 {
            let seen = read(&method, KeepBody::Yes, split(&mut rng, &stream));
            assert_alike(&expected, &seen, seed);
        }
        if expected.is_ok() { fine += 1 } else { bad += 1 }
    }
    assert!(fine > 500 && bad > 500, "the damage is one-sided: {fine} fine, {bad} bad");
}

#[test]
fn a_garbled_request_is_never_a_panic_and_any_longer_prefix_agrees() {
    let request = b"POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\
        Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";
    for seed in 0..3000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut stream = request.to_vec();
        for _ in 0..rng.usize(0..4) {
            damage(&mut rng, &mut stream);
        }
        let whole = parse_request(&stream, &LIMITS);
        for end in 0..stream.len() {
            let part = parse_request(&stream[..end], &LIMITS);
            assert!(part == Ok(Parsed::Partial) || part == whole, "seed {seed} at {end}");
        }
    }
}

/// The same, except that a head which turns bad far from its end may be torn by the close before
/// the parser is asked again.
fn assert_alike(whole: &Result<Seen, Error>, parts: &Result<Seen, Error>, seed: u64) {
    let late = matches!(whole, Err(Error::MalformedHead(_) | Error::TooManyHeaders))
        && *parts == Err(Error::TornHead);
    assert!(late || whole == parts, "seed {seed}:\n whole {whole:?}\n parts {parts:?}");
}

/// The lazy look at headers sees what the parser saw.
fn assert_same_headers(head: &[u8], seed: u64) {
    let mut table = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut table);
    let config = response::lenient();
    config.parse_response(&mut response, head).unwrap();
    let parsed: Vec<_> =
        response.headers.iter().map(|header| (header.name, header.value.trim_ascii())).collect();
    assert_eq!(headers(head).collect::<Vec<_>>(), parsed, "seed {seed}");
}

/// A valid stream with the body it carries.
fn generate(rng: &mut fastrand::Rng) -> (Method, Vec<u8>, Vec<u8>) {
    let end = *rng.choice(&["\r\n", "\r\n", "\r\n", "\n"]).unwrap();
    let mut stream = String::new();
    for _ in 0..rng.usize(0..6) / 3 {
        let hint = if rng.bool() { "Link: </style.css>" } else { "X: y" };
        stream +=
            &format!("HTTP/1.1 {} Wait{end}{hint}{end}{end}", rng.choice([100, 103]).unwrap());
    }
    let method = if rng.u8(..8) == 0 { Method::HEAD } else { Method::GET };
    let status = *rng.choice(&[200, 200, 200, 404, 500, 204, 304, 101]).unwrap();
    let version = if rng.u8(..4) == 0 { "1.0" } else { "1.1" };
    stream += &format!("HTTP/{version} {status} Some reason{end}");
    for number in 0..rng.usize(0..12) {
        let fold = if rng.u8(..8) == 0 { "\r\n " } else { "" };
        let value = "v".repeat(rng.usize(0..60));
        stream += &format!("X-Header-{number}: {value}{fold}{value}{end}");
        if rng.u8(..16) == 0 {
            stream += rng.choice(&["X[1]: y", "no colon", "A: \x07", ": z"]).unwrap();
            stream += &format!("{fold}{end}");
        }
    }
    let connection = rng.choice(["close", "keep-alive", "Upgrade, Keep-Alive"]).unwrap();
    if rng.bool() {
        stream += &format!("Connection: {connection}{end}");
    }
    let bodiless = method == Method::HEAD || [101, 204, 304].contains(&status);
    let body: Vec<u8> = (0..rng.usize(0..300)).map(|_| rng.u8(..)).collect();
    let framed = frame(rng, &mut stream, end, &body);
    let mut stream = stream.into_bytes();
    if bodiless {
        return (method, stream, Vec::new());
    }
    stream.extend_from_slice(&framed);
    (method, stream, body)
}

/// Ends the head with the headers of a random framing, and gives `body` in it.
fn frame(rng: &mut fastrand::Rng, head: &mut String, end: &str, body: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    match rng.u8(..4) {
        0 => framed.extend_from_slice(body),
        1 => {
            *head += &format!("content-length : {0}, {0}{end}", body.len());
            framed.extend_from_slice(body);
        }
        _ => {
            *head += &format!("Transfer-Encoding: gzip, Chunked{end}");
            let mut rest = body;
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(rng.usize(1..=rest.len().min(90)));
                let extension = *rng.choice(&["", "", " ", ";a=b", " ;a=\"b c\""]).unwrap();
                framed.extend(format!("{:03X}{extension}{end}", chunk.len()).bytes());
                framed.extend_from_slice(chunk);
                framed.extend(end.bytes());
                rest = after;
            }
            framed.extend(format!("0{end}").bytes());
            for _ in 0..rng.usize(0..3) {
                framed.extend(format!("Trailer: value{end}").bytes());
            }
            framed.extend(end.bytes());
        }
    }
    *head += end;
    framed
}

fn damage(rng: &mut fastrand::Rng, stream: &mut Vec<u8>) {
    if stream.is_empty() {
        return;
    }
    let at = rng.usize(..stream.len());
    match rng.u8(..6) {
        0 => stream[at] = rng.u8(..),
        1 => stream[at] = *rng.choice(b"\r\n :;,0fF\0").unwrap(),
        2 => stream.insert(at, *rng.choice(b"\r\n :;,0fF\0").unwrap()),
        3 => drop(stream.remove(at)),
        4 => stream.truncate(at),
        _ => {
            let copy = stream[at..stream.len().min(at + rng.usize(1..80))].to_vec();
            let to = rng.usize(..stream.len());
            stream.splice(to..to, copy);
        }
    }
}

fn split<'a>(rng: &mut fastrand::Rng, mut rest: &'a [u8]) -> Vec<&'a [u8]> {
    let mut slices = Vec::new();
    let longest = *rng.choice(&[4, 50, 400]).unwrap();
    while !rest.is_empty() {
        let (slice, after) = rest.split_at(rng.usize(0..=rest.len().min(longest)));
        slices.push(slice);
        rest = after;
    }
    slices
}

/// Whatever came before, a head that is known is read as one that is parsed.
#[test]
fn a_known_head_changes_nothing_but_the_work() {
    let get = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let streams = [
        format!("{get}hello"),
        format!("{get}world"),
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n".to_owned() + &"x".repeat(50),
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(2000)),
        format!("\r\n{get}hello"),
        format!("{get}hello and more"),
        "HTTP/1.1 302 Found\r\nset-cookie: a=1\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX".to_owned(),
    ];
    let mut known = KnownHead::default();
    let mut rng = fastrand::Rng::with_seed(3);
    let mut setting = 0;
    for _ in 0..500 {
        let stream = streams[rng.usize(..streams.len())].as_bytes();
        let method = if rng.bool() { Method::GET } else { Method::HEAD };
        let cut = if rng.bool() { stream.len() } else { rng.usize(..=stream.len()) };
        let mut plain = ResponseReader::new(&method, KeepBody::Yes, LIMITS);
        let mut knowing = plain.clone();
        let (mut store, mut knowing_store) = (Vec::new(), Vec::new());
        for slice in [&stream[..cut], &stream[cut..]] {
            let progress = plain.feed(slice, &mut store);
            assert_eq!(
                knowing.feed_with_known_head(slice, &mut knowing_store, &mut known),
                progress
            );
        }
        assert_eq!((knowing.head(), &knowing_store), (plain.head(), &store));
        assert_eq!(knowing.keep_alive(), plain.keep_alive());
        let sets = stream.starts_with(b"HTTP/1.1 302");
        let head = knowing.head().copied();
        assert!(head.is_none_or(|head| head.set_cookie == sets), "{head:?}");
        setting += usize::from(head.is_some_and(|head| head.set_cookie));
        assert_eq!(
            (knowing.body_bytes(), knowing.has_begun()),
            (plain.body_bytes(), plain.has_begun())
        );
    }
    assert!(setting > 10, "{setting}");
}
