//! The text of a scenario file for whoever reads of its runs: without what it sends as credentials.

use std::ops::Range;

use toml::de::DeValue;

use crate::credentials::hidden;

/// What stands in the place of a credential.
const MARK: &str = "\"***\"";

/// Headers that are credentials, or hold them (RFC 9110 section 11, RFC 6265).
const SECRET_HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// The text without passwords, tokens, headers that are credentials, and the credentials of URLs. A
/// text that is no TOML has none of the former at known places, and makes no run.
pub(super) fn shown(text: &str) -> String {
    let mut spans = Vec::new();
    if let Ok(toml) = super::toml(text)
        && let Some(users) = toml.get_ref().get("user")
    {
        find(users.get_ref(), &mut spans);
    }
    spans.sort_by_key(|span| span.start);
    let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
    for span in spans {
        shown.push_str(&text[end..span.start]);
        shown.push_str(MARK);
        end = span.end;
    }
    shown.push_str(&text[end..]);
    hidden(&shown).into_owned()
}

/// Finds the values of credentials, but for those that name a parameter: whoever reads the file may
/// know where a secret comes from.
fn find(value: &DeValue<'_>, spans: &mut Vec<Range<usize>>) {
    match value {
        DeValue::Array(array) => array.iter().for_each(|value| find(value.get_ref(), spans)),
        DeValue::Table(entries) => {
            for (key, value) in entries {
                let key = key.get_ref().to_ascii_lowercase();
                let is_secret =
                    matches!(&*key, "password" | "bearer") || SECRET_HEADERS.contains(&&*key);
                match value.get_ref() {
                    DeValue::String(text) if is_secret && !text.contains("${") => {
                        spans.push(value.span());
                    }
                    other => find(other, spans),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown_and_all_else_is() {
        let text = r#"host = "http://u:pw@h" # é
[parameter.password]
default = "known"
[[user]]
name = "password = 'x'"
digest_auth = { user = "u", password = 'p"w' }
headers = { Authorization = "Basic dTpwdw==", X-Id = "1", cookie = "a=b" }
[[user.task]]
get = "/"
bearer = """
t
oken"""
[[user.task]]
steps = [{ get = "/", basic_auth = { password = "${password}", user = "u" } }, { get = "/",
  headers = { "Proxy-Authorization" = "Bearer \"x" }, json = { user = 1 } }]
"#;
        let expected = r#"host = "http://***@h" # é
[parameter.password]
default = "known"
[[user]]
name = "password = 'x'"
digest_auth = { user = "u", password = "***" }
headers = { Authorization = "***", X-Id = "1", cookie = "***" }
[[user.task]]
get = "/"
bearer = "***"
[[user.task]]
steps = [{ get = "/", basic_auth = { password = "${password}", user = "u" } }, { get = "/",
  headers = { "Proxy-Authorization" = "***" }, json = { user = 1 } }]
"#;
        assert_eq!(shown(text), expected);
        assert_eq!(shown("host = \"http://u:pw@h"), "host = \"http://***@h");
    }
}
