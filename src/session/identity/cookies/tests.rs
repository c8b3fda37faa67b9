use super::*;

const NOW: Duration = Duration::from_secs(1_700_000_000);

/// Host, path and whether it is secure, from a URL.
fn cookie_url(url: &str) -> CookieUrl<'_> {
    let (scheme, rest) = url.split_once("://").unwrap();
    let at = rest.find('/').unwrap();
    CookieUrl { host: &rest[..at], path: &rest[at..], is_secure: scheme == "https" }
}

fn line(jar: &CookieJar, url: &str) -> String {
    let mut line = Vec::new();
    jar.write(cookie_url(url), NOW, &mut line);
    let cookies = line.strip_prefix(b"Cookie: ").unwrap_or(&line);
    let cookies = cookies.strip_suffix(b"\r\n").unwrap_or(cookies);
    assert_eq!(line.is_empty(), cookies.is_empty(), "one line or none");
    String::from_utf8(cookies.to_vec()).expect("UTF-8")
}

fn jar(from: &str, headers: &[&str]) -> CookieJar {
    let mut jar = CookieJar::default();
    headers.iter().for_each(|header| jar.store(header.as_bytes(), cookie_url(from), NOW));
    jar
}

/// What these headers of one URL make a user send to others.
#[track_caller]
fn check(from: &str, headers: &[&str], expected: &[(&str, &str)]) {
    let jar = jar(from, headers);
    for (url, cookies) in expected {
        assert_eq!(line(&jar, url), *cookies, "{headers:?} to {url}");
    }
}

const SHOP: &str = "http://a.example.com/x/y";
const ADDRESS: &str = "http://127.0.0.1/";

/// As `http.cookiejar` of Python 3.11 answers, but for the subdomain: RFC 6265 keeps a cookie
/// without a domain to its host.
#[test]
fn a_cookie_goes_to_its_host_and_below_its_path() {
    check(
        SHOP,
        &["a=1"],
        &[
            (SHOP, "a=1"),
            ("http://a.example.com/x", "a=1"),
            ("http://a.example.com/x/", "a=1"),
            ("http://A.EXAMPLE.com/x/z/w", "a=1"),
            ("http://a.example.com/", ""),
            ("http://a.example.com/xy", ""),
            ("http://b.a.example.com/x/", ""),
            ("http://example.com/x/", ""),
        ],
    );
    check(SHOP, &["a=1; Path=/"], &[("http://a.example.com/", "a=1"), ("http://example.com/", "")]);
    let paths = ["a=1; Path=x", "b=1; Path=", "c=1; Path=/x/y"];
    let expected = [
        (ADDRESS, "a=1; b=1"),
        ("http://127.0.0.1/x/y", "c=1; a=1; b=1"),
        ("http://127.0.0.1/x/yz", "a=1; b=1"),
    ];
    check(ADDRESS, &paths, &expected);
}

#[test]
fn a_domain_widens_to_subdomains_and_only_its_own_host_may_say_so() {
    for domain in ["example.com", ".example.com", "Example.COM"] {
        let header = format!("a=1; Path=/; Domain={domain}");
        let expected = [
            (SHOP, "a=1"),
            ("http://example.com/", "a=1"),
            ("http://b.example.com/", "a=1"),
            ("http://badexample.com/", ""),
            ("http://example.com.evil/", ""),
        ];
        check(SHOP, &[&header], &expected);
    }
    for refused in ["com", "b.example.com", "b.a.example.com", "ample.com", "a.example.com.", "."] {
        let header = format!("a=1; Path=/; Domain={refused}");
        let sent = if refused == "." { "a=1" } else { "" };
        check(SHOP, &[&header], &[(SHOP, sent), ("http://b.example.com/", "")]);
    }
    check(ADDRESS, &["a=1; Domain=127.0.0.1"], &[(ADDRESS, "a=1"), ("http://x.127.0.0.1/", "")]);
    check(ADDRESS, &["a=1; Domain=0.0.1"], &[(ADDRESS, "")]);
    let local = "http://localhost/";
    check(local, &["a=1; Domain=localhost"], &[(local, "a=1"), ("http://x.localhost/", "")]);
    check(local, &["a=1; Domain="], &[(local, "a=1")]);
}

#[test]
fn a_secure_cookie_goes_over_tls_only() {
    let headers = ["a=1; Path=/; Secure; HttpOnly; SameSite=Strict", "b=2; Path=/; httponly"];
    check(ADDRESS, &headers, &[(ADDRESS, "b=2"), ("https://127.0.0.1/", "a=1; b=2")]);
}

#[test]
fn longer_paths_come_first_and_then_older_cookies() {
    let headers = ["a=1; Path=/", "b=2; Path=/x", "c=3; Path=/", "a=4; Path=/"];
    check(ADDRESS, &headers, &[("http://127.0.0.1/x/y", "b=2; a=4; c=3")]);
}

#[test]
fn a_cookie_is_replaced_or_taken_away_by_one_of_its_name_domain_and_path() {
    let deleted = ["a=; Max-Age=0", "a=; Max-Age=-1", "a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"];
    for header in deleted {
        check(ADDRESS, &["a=1", header], &[(ADDRESS, "")]);
        check(ADDRESS, &["a=1", &format!("{header}; Path=/x")], &[(ADDRESS, "a=1")]);
        check(ADDRESS, &[header], &[(ADDRESS, "")]);
    }
    check(ADDRESS, &["a=1", "a=2", "A=3"], &[(ADDRESS, "a=2; A=3")]);
    // RFC 6265bis section 5.7, curl and requests; RFC 6265 itself does not say.
    let both = ["a=1; Path=/", "a=2; Path=/; Domain=a.example.com"];
    check(SHOP, &both, &[(SHOP, "a=1; a=2"), ("http://b.a.example.com/", "a=2")]);
}

/// RFC 6265bis section 5.6, and `http.cookiejar`; curl 7.88 drops a cookie with a HTAB in its name or
/// value.
#[test]
fn tabs_are_white_space() {
    let headers = ["\ta\t=\t1\t;\tPath\t=\t/\t", "b=x\ty", "c=3", "c=\t;\tMax-Age=\t0\t"];
    check(SHOP, &headers, &[(SHOP, "b=x\ty; a=1"), ("http://a.example.com/", "a=1")]);
    let ended = "d=1;\tExpires=Thu,\t01\tJan\t1970\t00:00:00\tGMT";
    check(SHOP, &["d=0", ended], &[(SHOP, "")]);
}

/// RFC 6265bis section 4.1.3, as browsers and curl 7.88 have it; `http.cookiejar` has no such rule.
#[test]
fn a_prefix_of_a_name_is_a_promise() {
    for (header, over_tls) in [
        ("__Secure-a=1", false),
        ("__Secure-a=1; Secure", true),
        ("__secure-a=1; Secure; Domain=example.com; Path=/x", true),
        ("__Host-a=1; Path=/", false),
        ("__Host-a=1; Secure", false),
        ("__Host-a=1; Secure; Path=/x", false),
        ("__Host-a=1; Secure; Path=/; Domain=a.example.com", false),
        ("__HOST-a=1; Secure; Path=/", true),
        ("__Host-a=1; Secure; Path=/; Domain=", true),
        ("__Hostess=1", true),
    ] {
        let secure = SHOP.replace("http:", "https:");
        let set = jar(&secure, &[header]);
        assert_eq!(!set.cookies.is_empty(), over_tls, "{header}");
        let set = jar(SHOP, &[header]);
        assert_eq!(!set.cookies.is_empty(), header == "__Hostess=1", "{header} over plain HTTP");
    }
}

/// Each attribute by RFC 6265 section 5.2: what is void is as if it were not there, and of those that
/// are left the last one counts.
#[test]
fn void_attributes_are_ignored_and_the_last_of_the_others_counts() {
    let past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let lives = |attributes: &str| {
        let jar = jar(ADDRESS, &[&format!("a=1; {attributes}")]);
        !line(&jar, ADDRESS).is_empty()
    };
    for attributes in [
        "Max-Age=",
        "Max-Age=+0",
        "Max-Age=-",
        "Max-Age=--1",
        "Max-Age=0x",
        "Max-Age=0.5",
        "Max-Age=\"0\"",
        "Max-Age=0; Max-Age=100",
        "Max-Age=100; Max-Age=now",
        &format!("{past}; Max-Age=1"),
        &format!("{past}; Expires=Fri, 31 Dec 9999 23:59:59 GMT"),
        "Expires=0",
        "Expires=-1",
        "Max-Age-=0",
    ] {
        assert!(lives(attributes), "{attributes}");
    }
    for attributes in [
        "Max-Age=0",
        "max-age = 0 ",
        "Max-Age=000",
        "Max-Age=-99999999999999999999999",
        "Max-Age=100; Max-Age=0",
        "Max-Age=0; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
        &format!("Expires=Fri, 31 Dec 9999 23:59:59 GMT; {past}"),
        &format!("{past}; Expires=never"),
        &format!("EXPIRES = {past}", past = &past[8..]),
    ] {
        assert!(!lives(attributes), "{attributes}");
    }
    let shop = |attributes: &str| line(&jar(SHOP, &[&format!("a=1; {attributes}")]), SHOP);
    let long = "x".repeat(1025);
    for attributes in [
        "Path=/elsewhere; Path=/",
        "Path=/elsewhere; Path=no-path",
        "Path=/elsewhere; Path",
        "Domain=elsewhere.com; Domain=example.com",
        "Domain=elsewhere.com; Domain=",
        &format!("Domain={long}; Path=/{long}"),
        "; ;=; =x; HttpOnly; SameSite=None; Priority=High; Partitioned",
    ] {
        assert_eq!(shop(attributes), "a=1", "{attributes}");
    }
    for attributes in ["Path=/; Path=/elsewhere", "Domain=example.com; Domain=elsewhere.com"] {
        assert_eq!(shop(attributes), "", "{attributes}");
    }
}

/// Octets in a domain are nobody's.
#[test]
fn a_domain_that_is_no_name_is_refused() {
    for domain in [&b"\xe9xample.com"[..], "\u{e9}xample.com".as_bytes(), b"exam ple.com", b"."] {
        let mut jar = CookieJar::default();
        jar.store(&[b"a=1; Domain=", domain].concat(), cookie_url(SHOP), NOW);
        assert_eq!(jar.cookies.is_empty(), domain != b".", "{domain:?}");
    }
}

#[test]
fn a_cookie_lives_as_long_as_it_says() {
    let expires = "Expires=Wed, 21 Oct 2015 07:28:00 GMT";
    let headers = [
        &format!("a=1; {expires}"),
        &format!("b=2; {expires}; Max-Age=100"),
        "c=3; Max-Age=0; Expires=Wed, 21 Oct 2055 07:28:00 GMT",
        "d=4; Expires=Wed, 21-Oct-2055 07:28:00 GMT",
        "e=5; Expires=nonsense",
        "f=6; Max-Age=x",
        "g=7; Expires=Wednesday, 21-Oct-55 07:28:00 GMT",
        "h=8; Expires=Wed Oct 21 07:28:00 2055",
        "i=9; Max-Age=99999999999999999999999",
    ];
    let jar = jar(ADDRESS, &headers);
    let all = "b=2; d=4; e=5; f=6; g=7; h=8; i=9";
    assert_eq!(line(&jar, ADDRESS), all);
    let (mut late, mut out) = (Duration::from_secs(100), Vec::new());
    jar.write(cookie_url(ADDRESS), NOW + late - Duration::from_millis(1), &mut out);
    assert!(out.starts_with(b"Cookie: b=2; "));
    out.clear();
    jar.write(cookie_url(ADDRESS), NOW + late, &mut out);
    assert!(out.starts_with(b"Cookie: d=4; "));
    out.clear();
    late = Duration::from_secs(3_000_000_000);
    jar.write(cookie_url(ADDRESS), NOW + late, &mut out);
    assert_eq!(out, b"Cookie: e=5; f=6; i=9\r\n");
    assert_eq!(jar.get("d", NOW + late), None);
    assert_eq!(jar.get("d", NOW), Some(&b"4"[..]));
}

#[test]
fn values_are_sent_as_they_came() {
    let headers = ["a=\"q v\"", "b=", "c", "=d", "e=1=2", " f = 7 ;", "g=%20+\u{e9}"];
    check(ADDRESS, &headers, &[(ADDRESS, "a=\"q v\"; b=; e=1=2; f=7; g=%20+\u{e9}")]);
    let controls = ["a=1\r\n X: y", "b=\u{7f}", "c=1; Path=/\r\n x", "d=\0", "e=1; Path=/\x07"];
    assert!(jar(ADDRESS, &controls).cookies.is_empty());

    // Latin-1, in a name, a value and a path: the same octets go back.
    let mut jar = CookieJar::default();
    jar.store(b"caf\xe9=\xfc\xff; Path=/\xe9", cookie_url(ADDRESS), NOW);
    jar.store(b"caf\xe9=\xdf", cookie_url(ADDRESS), NOW);
    let mut out = Vec::new();
    jar.write(cookie_url(ADDRESS), NOW, &mut out);
    assert_eq!(out, b"Cookie: caf\xe9=\xdf\r\n");
    assert_eq!(jar.all(NOW).next(), Some((&b"caf\xe9"[..], &b"\xfc\xff"[..])));
}

#[test]
fn a_user_keeps_so_many_cookies_and_no_more() {
    let long = "x".repeat(PAIR_BYTES_MAX - 1);
    let path = format!("/{}", "p".repeat(1024));
    let headers = [&format!("a={long}"), &format!("ab={long}"), &*format!("c=1; Path={path}")];
    check(ADDRESS, &headers, &[(ADDRESS, &format!("a={long}; c=1"))]);

    let mut jar = CookieJar::default();
    let mut set = |n: usize, host: usize, more: &str| {
        let host = format!("h{host}.example");
        let url = CookieUrl { host: &host, path: "/", is_secure: false };
        jar.store(format!("n{n}=1{more}").as_bytes(), url, NOW + Duration::from_secs(n as u64));
        jar.cookies.len()
    };
    assert_eq!(set(0, 0, "; Max-Age=50"), 1);
    assert_eq!((1..50).map(|n| set(n, 0, "")).last(), Some(50));
    assert_eq!(set(50, 0, ""), 50, "the one that is over goes");
    assert_eq!(set(51, 0, "; Path=/longer"), 50, "the oldest goes");
    assert_eq!((52..5000).map(|n| set(n, n, "")).max(), Some(COOKIES_MAX));
    assert!(jar.get("n51", NOW).is_none() && jar.get("n4999", NOW).is_some());
    assert!(jar.get("n1999", NOW).is_none() && jar.get("n2000", NOW).is_some());
}

fn octets<'t>((name, value): (&'t str, &'t str)) -> (&'t [u8], &'t [u8]) {
    (name.as_bytes(), value.as_bytes())
}

#[test]
fn a_task_sets_looks_up_and_takes_away() {
    let mut jar = jar("http://h/x/y", &["sid=1", "other=2; Path=/"]);
    jar.set("mine", "3", "H", NOW);
    assert_eq!((jar.get("sid", NOW), jar.get("SID", NOW)), (Some(&b"1"[..]), None));
    assert_eq!(line(&jar, "http://h/"), "other=2; mine=3");
    let all: Vec<_> = jar.all(NOW).collect();
    assert_eq!(all, [("sid", "1"), ("other", "2"), ("mine", "3")].map(octets));
    jar.remove("other");
    assert_eq!(line(&jar, "http://h/"), "mine=3");
}

#[test]
fn a_users_first_cookie_is_all_the_memory_it_needs() {
    let jar = jar(ADDRESS, &["session=1; Path=/"]);
    assert_eq!(jar.cookies.capacity(), 1);
    assert!(size_of::<Cookie>() <= 80, "{}", size_of::<Cookie>());
}

/// No header is a panic, and none puts anything into a request but a `Cookie` line.
#[test]
fn a_garbled_header_changes_nothing_but_cookies() {
    let header = b"sid=abc; Path=/x; Domain=.example.com; Max-Age=10; Secure; \
        Expires=Wed, 21 Oct 2055 07:28:00 GMT";
    let mut kept = 0;
    for seed in 0..5000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut header = header.to_vec();
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(..header.len());
            match rng.u8(..3) {
                0 => header[at] = rng.u8(..),
                1 => header[at] = *rng.choice(b"\r\n\0;=, .-/").unwrap(),
                _ => header.truncate(at.max(1)),
            }
        }
        let mut jar = CookieJar::default();
        jar.store(&header, cookie_url("https://a.example.com/x/y"), NOW);
        let mut line = Vec::new();
        jar.write(cookie_url("https://a.example.com/x/y"), NOW, &mut line);
        let is_one_line = line.ends_with(b"\r\n") && !line[..line.len() - 2].contains(&b'\n');
        assert!(line.is_empty() || (line.starts_with(b"Cookie: ") && is_one_line), "seed {seed}");
        kept += usize::from(!line.is_empty());
    }
    assert!((1000..4500).contains(&kept), "the damage is one-sided: {kept}");
}
