//! Secrets that are masked in excerpts of responses, because servers may repeat what they were sent.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use form_urlencoded::byte_serialize;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::session::request::Request;
use crate::session::request::auth::{Auth, Credentials};
use crate::session::request::base_url::{BaseUrl, is_absolute};

/// The replacement for a secret.
const MASK: &[u8] = b"***";

/// Texts that are masked, each also in its forms in JSON and in URLs.
///
/// These are the credentials of requests and the secret parameters of a scenario. What a server hands
/// out, such as the value of a cookie, is not masked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Secrets {
    /// Sorted for binary search: a scenario may have very many.
    texts: Vec<Vec<u8>>,
    /// The lengths of the texts, the longest first, so that a secret is not taken for the beginning of a
    /// longer one.
    lengths: Vec<usize>,
}

impl Secrets {
    /// Masks these texts in all of their forms.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut forms: Vec<Vec<u8>> =
            texts.into_iter().flat_map(|text| forms(&text)).map(String::into_bytes).collect();
        forms.retain(|form| !form.is_empty());
        forms.sort_unstable();
        forms.dedup();
        let lengths: BTreeSet<usize> = forms.iter().map(Vec::len).collect();
        Secrets { texts: forms, lengths: lengths.into_iter().rev().collect() }
    }

    /// Masks the secrets of a request that was sent: those in its header lines, and the password for
    /// challenges.
    pub(in crate::session) fn of_sent<'l>(
        lines: impl Iterator<Item = (&'l [u8], &'l [u8])>,
        credentials: Option<&Credentials>,
    ) -> Self {
        let of_lines = lines.flat_map(|(name, value)| secrets_of_line(name, value));
        // The scheme is not a secret, and what follows it is masked separately.
        let has_scheme = |text: &str| text.starts_with("Basic ") || text.starts_with("Bearer ");
        let of_lines = of_lines.filter(|text| !has_scheme(text));
        let digest = credentials.map(|credentials| credentials.1.clone());
        Secrets::new(of_lines.chain(digest))
    }

    /// Returns the bytes with each secret masked. If the bytes are not whole, the beginning of a secret at
    /// their end is masked as well.
    pub(in crate::session) fn mask<'b>(&self, bytes: &'b [u8], is_whole: bool) -> Cow<'b, [u8]> {
        if self.texts.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let (mut masked, mut rest) = (Vec::new(), bytes);
        while let [first, after @ ..] = rest {
            let secrets = self.beginning_with(*first);
            let is_secret = |text| secrets.binary_search_by(|secret| secret[..].cmp(text)).is_ok();
            let mut lengths = self.lengths.iter().filter(|_| !secrets.is_empty());
            let length = lengths.find(|&&length| rest.get(..length).is_some_and(is_secret));
            if let Some(&length) = length {
                masked.extend_from_slice(MASK);
                rest = &rest[length..];
            } else if !is_whole && begin_with(secrets, rest) {
                masked.extend_from_slice(MASK);
                break;
            } else {
                masked.push(*first);
                rest = after;
            }
        }
        Cow::Owned(masked)
    }

    fn beginning_with(&self, byte: u8) -> &[Vec<u8>] {
        let from = self.texts.partition_point(|text| text[0] < byte);
        let behind = &self.texts[from..];
        &behind[..behind.partition_point(|text| text[0] == byte)]
    }

    /// Does the same for a whole text.
    pub(in crate::session) fn mask_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.mask(text.as_bytes(), true) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        }
    }
}

/// Returns whether one of these sorted texts begins with this.
fn begin_with(texts: &[Vec<u8>], beginning: &[u8]) -> bool {
    let first = texts.get(texts.partition_point(|text| &text[..] < beginning));
    first.is_some_and(|text| text.starts_with(beginning))
}

impl Auth {
    /// Returns the texts that must be masked.
    pub fn secrets(&self) -> Vec<String> {
        match self {
            Auth::Basic { user, password } => {
                vec![password.clone(), BASE64.encode(format!("{user}:{password}"))]
            }
            Auth::Digest { password, .. } => vec![password.clone()],
            Auth::Bearer(token) => vec![token.clone()],
        }
    }
}

impl Request {
    /// Returns the texts that must be masked: the credentials, wherever they are.
    pub fn secrets(&self) -> Vec<String> {
        let auth = self.auth.iter().flat_map(Auth::secrets);
        let url = is_absolute(&self.path).then(|| secrets_of_url(&self.path));
        auth.chain(secrets_of_headers(&self.headers)).chain(url.into_iter().flatten()).collect()
    }
}

/// Returns the secrets in headers of authentication and cookies: their values, and what follows a scheme.
pub(crate) fn secrets_of_headers(
    headers: &[(HeaderName, HeaderValue)],
) -> impl Iterator<Item = String> {
    headers
        .iter()
        .flat_map(|(name, value)| secrets_of_line(name.as_str().as_bytes(), value.as_bytes()))
}

/// Returns the secrets of one header: its value, what follows a scheme in it, and the password of that, if
/// the header is one of authentication or cookies.
fn secrets_of_line(name: &[u8], value: &[u8]) -> Vec<String> {
    let secret = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];
    if !secret.iter().any(|header| name.eq_ignore_ascii_case(header.as_str().as_bytes())) {
        return Vec::new();
    }
    let value = String::from_utf8_lossy(value).into_owned();
    let behind = value.split_once(' ').map(|(scheme, behind)| (scheme, behind.trim().to_owned()));
    let password = behind.as_ref().filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let password = password.and_then(|(_, behind)| {
        let both = String::from_utf8(BASE64.decode(behind).ok()?).ok()?;
        Some(both.split_once(':')?.1.to_owned())
    });
    let behind = behind.map(|(_, behind)| behind);
    behind.into_iter().chain([value.clone()]).chain(password).collect()
}

/// Returns the secrets of a URL, `http://user:password@host`.
fn secrets_of_url(url: &str) -> Vec<String> {
    let auth = BaseUrl::split(url).ok().and_then(|(base, _)| base.basic_auth);
    auth.map(|(user, password)| Auth::basic(user, password).secrets()).unwrap_or_default()
}

/// Returns a text as it is, in JSON, in a URL and in a form.
fn forms(text: &str) -> [String; 4] {
    let json = serde_json::Value::from(text).to_string();
    let json = json.trim_matches('"').to_owned();
    let url = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    [text.to_owned(), json, url, byte_serialize(text.as_bytes()).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &[&str], text: &str, is_whole: bool) -> String {
        let secrets = Secrets::new(secrets.iter().map(|&secret| secret.to_owned()));
        String::from_utf8(secrets.mask(text.as_bytes(), is_whole).into_owned()).unwrap()
    }

    #[test]
    fn secrets_are_masked_in_every_form_and_the_longest_first() {
        let text = r#"{"got": "hunter\"2", "q": "x=hunter%222&y=hunter%222%20"} hunter"2"#;
        let expected = r#"{"got": "***", "q": "x=***&y=***%20"} ***"#;
        assert_eq!(masked(&["hunter\"2"], text, true), expected);
        assert_eq!(masked(&["ab", "abcd"], "abcd ab abc", true), "*** *** ***c");
        assert_eq!(masked(&["", "x"], "axb", true), "a***b");
        assert_eq!(masked(&[], "nothing to hide", true), "nothing to hide");
    }

    #[test]
    fn many_secrets_are_masked_as_by_trying_each() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut word =
            |most| -> String { (0..rng.usize(1..most)).map(|_| rng.char('a'..='c')).collect() };
        for _ in 0..200 {
            let secrets = Secrets::new((0..20).map(|_| word(8)));
            let text = word(60);
            for is_whole in [true, false] {
                let (mut expected, mut rest) = (String::new(), text.as_str());
                while let Some(first) = rest.chars().next() {
                    let texts = secrets.texts.iter().map(|text| str::from_utf8(text).unwrap());
                    let longest = texts
                        .clone()
                        .filter(|text| rest.starts_with(text))
                        .max_by_key(|text| text.len());
                    let is_begun = texts.clone().any(|text| text.starts_with(rest));
                    let taken = match longest {
                        Some(secret) => secret.len(),
                        None if !is_whole && is_begun => rest.len(),
                        None => 0,
                    };
                    if taken == 0 {
                        expected.push(first)
                    } else {
                        expected += "***"
                    }
                    rest = &rest[taken.max(1)..];
                }
                let masked = secrets.mask(text.as_bytes(), is_whole);
                assert_eq!(str::from_utf8(&masked), Ok(&*expected), "{text} {is_whole}");
            }
        }
    }

    #[test]
    fn a_secret_that_the_end_cuts_off_is_masked_as_well() {
        assert_eq!(masked(&["token-1234"], "your tok", false), "your ***");
        assert_eq!(masked(&["token-1234"], "your tok", true), "your tok");
        assert_eq!(masked(&["token-1234"], "a tok b", false), "a tok b");
    }

    #[test]
    fn a_requests_credentials_are_secrets_wherever_they_stand() {
        let mut request = Request::new(http::Method::GET, "http://joe:pw@host/");
        request.auth = Some(Auth::basic("u", "letmein"));
        request.headers.push((AUTHORIZATION, "Bearer abc".try_into().unwrap()));
        request.headers.push((http::header::ACCEPT, "text/html".try_into().unwrap()));
        let secrets = request.secrets();
        let expected =
            ["letmein", "dTpsZXRtZWlu", "abc", "Bearer abc", "pw", "am9lOnB3"].map(str::to_owned);
        assert_eq!(secrets, expected);
    }
}
