use super::*;

fn head(challenge: &str) -> String {
    format!("HTTP/1.1 401 Unauthorized\r\nX: y\r\n{challenge}\r\n\r\n")
}

fn digest(challenge: &str, user: &str, password: &str) -> Option<DigestSession> {
    let credentials = Rc::new((user.to_owned(), password.to_owned()));
    let head = head(&format!("WWW-Authenticate: {challenge}"));
    DigestSession::new(head.as_bytes(), &credentials, || 0x0123)
}

fn line(digest: &mut DigestSession, method: &str, target: &str) -> String {
    let mut line = Vec::new();
    digest.write(method, target, &mut line);
    let line = String::from_utf8(line).unwrap();
    line.strip_prefix("Authorization: ").unwrap().strip_suffix("\r\n").unwrap().to_owned()
}

fn parameter_of(line: &str, name: &str) -> Option<String> {
    let (_, parameters) = line.split_once(' ').unwrap();
    elements(parameters).filter_map(parameter).find(|(n, _)| *n == name).map(|(_, v)| v)
}

/// RFC 7616 section 3.9.1, and RFC 2617 section 3.5.
#[test]
fn the_examples_of_the_standard_come_out() {
    let challenge = |algorithm| {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", {algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    for (algorithm, response) in [
        ("algorithm=MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("algorithm=SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let mut digest = digest(&challenge(algorithm), "Mufasa", "Circle of Life").unwrap();
        digest.client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".into();
        let line = line(&mut digest, "GET", "/dir/index.html");
        assert_eq!(parameter_of(&line, "response").as_deref(), Some(response));
        assert!(line.contains(algorithm), "{line}");
    }
    let old = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let mut digest = digest(old, "Mufasa", "Circle Of Life").unwrap();
    digest.client_nonce = "0a4f113b".into();
    assert_eq!(
        line(&mut digest, "GET", "/dir/index.html"),
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
         response=\"6629fae49393a05397450978507c4ef1\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, cnonce=\"0a4f113b\""
    );
}

/// By hand, with Python's hashlib.
#[test]
fn sessions_user_hashes_and_servers_without_qop_are_answered() {
    for (more, response) in [
        ("", "f23121ca97143c6b358da620220c83b4"),
        (", qop=auth", "9fa4ebfc1dd3d426a7ad25627d2f7ac0"),
        (", qop=\"auth\", algorithm=MD5-sess", "86855a0322156f8e5acb763cb7dbe404"),
        (
            ", qop=\"auth\", algorithm=SHA-256-sess",
            "d55573d36f1e79957e2355840c9a0fe737d434673c5e11f2a87f0e9b8cfe6b9f",
        ),
        (
            ", qop=\"auth\", algorithm=SHA-512-256",
            "9dfa1159868a8afca2055dd2bc65c34cabfc47fd1a90e0960b747212822e5cc0",
        ),
    ] {
        let challenge = format!("Digest realm=\"r\", nonce=\"n\"{more}");
        let line = line(&mut digest(&challenge, "u", "p").unwrap(), "GET", "/");
        assert_eq!(parameter_of(&line, "response").as_deref(), Some(response), "{more}");
        assert_eq!(line.contains("nc="), more.contains("qop"), "{line}");
    }
    let challenge = "Digest realm=\"r\", nonce=\"n\", qop=auth, userhash=true";
    let line = line(&mut digest(challenge, "u", "p").unwrap(), "GET", "/");
    assert_eq!(
        parameter_of(&line, "username").as_deref(),
        Some("ba84be203fdfc7d34e054a76d285d0c9")
    );
    assert!(line.ends_with(", userhash=true"), "{line}");
}

#[test]
fn the_count_goes_on_until_there_is_another_nonce() {
    let mut digest = digest("Digest realm=r, nonce=n, qop=auth", "u", "p").unwrap();
    let count_and_nonce = |digest: &mut DigestSession| {
        let line = line(digest, "GET", "/");
        ["nc", "nonce"].map(|name| parameter_of(&line, name).unwrap())
    };
    assert_eq!(count_and_nonce(&mut digest), ["00000001", "n"]);
    assert_eq!(count_and_nonce(&mut digest), ["00000002", "n"]);
    digest.update(b"HTTP/1.1 200 OK\r\nAuthentication-Info: qop=auth, nc=00000002\r\n\r\n");
    assert_eq!(count_and_nonce(&mut digest), ["00000003", "n"]);
    digest.update(b"HTTP/1.1 200 OK\r\nauthentication-info: NextNonce=\"m\"\r\n\r\n");
    assert_eq!(count_and_nonce(&mut digest), ["00000001", "m"]);
}

#[test]
fn the_first_challenge_that_can_be_answered_is() {
    let realm = |challenge: &str| digest(challenge, "u", "p").map(|it| it.challenge.realm);
    let digest = "Digest realm=\"one, two\", nonce=\"n\"";
    for challenge in [
        digest,
        "digest REALM = \"one, two\" ,, Nonce=n",
        &format!("Basic realm=\"b\", {digest}, Negotiate"),
        &format!("Negotiate, NTLM TlRMTVNTUAAC==, {digest}"),
        &format!("Digest realm=x, nonce=y, algorithm=FUTURE, {digest}"),
        &format!("Digest realm=x, nonce=y, qop=auth-int, {digest}"),
        &format!("Basic realm=\"\u{fc}\\\", Digest realm=x\", {digest}"),
        &format!("Basic\r\nWWW-Authenticate: {digest}"),
        "Digest\trealm\t=\t\"one, two\"\t,\tnonce=\"n\"\t",
    ] {
        assert_eq!(realm(challenge).as_deref(), Some("one, two"), "{challenge}");
    }
    for none in [
        "",
        "Basic realm=\"b\"",
        "Digest",
        "Digest realm=\"r\"",
        "Digest nonce=\"n\"",
        "Digest realm=\"r\", nonce=\"n",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        "Digest realm=\"r\", nonce=\"n\", algorithm=SHA",
    ] {
        assert_eq!(realm(none), None, "{none}");
    }
}

#[test]
fn quotes_come_back_as_they_came() {
    let challenge = "Digest realm=\"a\\\"b\\\\c\", nonce=\"n\"";
    let line = line(&mut digest(challenge, "u\"x", "p").unwrap(), "GET", "/");
    assert!(line.contains("realm=\"a\\\"b\\\\c\", "), "{line}");
    assert!(line.contains("username=\"u\\\"x\", "), "{line}");
}

/// As curl 7.88 has it: Python's requests hashes the UTF-8 of what it takes for Latin-1.
#[test]
fn a_realm_in_any_encoding_is_hashed_and_sent_as_it_came() {
    for (realm, response) in [
        (&b"caf\xe9"[..], "28e47908a2aedf89ee5c90903dfeefa2"),
        ("caf\u{e9}\u{a0}".as_bytes(), "520c2fed414e182be624f0903bc44c8e"),
    ] {
        let mut digest = {
            let line = [b"WWW-Authenticate: Digest realm=\"", realm, b"\", nonce=\"n\""].concat();
            let head = [b"HTTP/1.1 401 No\r\n", &line[..], b"\r\n\r\n"].concat();
            let credentials = Rc::new(("\u{fc}".to_owned(), "p".to_owned()));
            DigestSession::new(&head, &credentials, || 1).unwrap()
        };
        let mut line = Vec::new();
        digest.write("GET", "/", &mut line);
        let quoted = [b"username=\"\xc3\xbc\", realm=\"", realm, b"\", "].concat();
        assert!(line.windows(quoted.len()).any(|part| part == quoted), "{line:?}");
        let response = format!("response=\"{response}\"");
        assert!(line.windows(response.len()).any(|part| part == response.as_bytes()), "{line:?}");
    }
}

/// No challenge is a panic, and no answer is more than one line.
#[test]
fn a_garbled_challenge_is_answered_in_one_line_or_not_at_all() {
    let challenge = b"Basic realm=\"b\", Digest realm=\"a\\\"b\", nonce=\"n\", qop=\"auth\", \
        opaque=\"o\", algorithm=MD5-sess, userhash=true";
    let mut answered = 0;
    for seed in 0..5000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut challenge = challenge.to_vec();
        for _ in 0..rng.usize(1..5) {
            let at = rng.usize(..challenge.len());
            match rng.u8(..3) {
                0 => challenge[at] = rng.u8(..),
                1 => challenge[at] = *rng.choice(b"\r\n\0\\\",= ").unwrap(),
                _ => drop(challenge.remove(at)),
            }
        }
        let head = [b"HTTP/1.1 401 No\r\nWWW-Authenticate: ", &challenge[..], b"\r\n\r\n"].concat();
        let credentials = Rc::new(("u".to_owned(), "p".to_owned()));
        let Some(mut digest) = DigestSession::new(&head, &credentials, || 7) else { continue };
        let mut line = Vec::new();
        digest.write("GET", "/", &mut line);
        let end = line.len() - 2;
        assert!(line.ends_with(b"\r\n") && !line[..end].contains(&b'\n'), "seed {seed}");
        answered += 1;
    }
    assert!((1000..4500).contains(&answered), "the damage is one-sided: {answered}");
}
