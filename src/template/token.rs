//! The words of an expression, with their places.

use std::borrow::Cow;
use std::ops::Range;

use super::error::Error;

/// A token of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'t> {
    /// `12`, `0.5`, as written.
    Number(&'t str),
    /// `'text'` or `"text"`, without its escapes.
    Text(Cow<'t, str>),
    /// `token`, `accounts.name`, `order.items.0`.
    Name(&'t str),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

/// All signs; longer ones first.
const SIGNS: [&str; 16] =
    ["==", "!=", "<=", ">=", "${", "<", ">", "(", ")", "}", ",", "+", "-", "*", "/", "%"];

/// Reads the tokens of an expression one after the other.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Tokens<'t> {
    /// Begins at this byte of a text.
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Tokens { text, at }
    }

    /// Returns where the next token begins, or where the text ends.
    pub(super) fn place(&mut self) -> usize {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }

    /// Returns the next token and where it stands; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<(Token<'t>, Range<usize>)>, Error> {
        let start = self.place();
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let (token, len) = match first {
            '\'' | '"' => text(rest, first, start)?,
            '0'..='9' => number(rest),
            _ if is_name_start(first) => name(rest),
            _ => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
                Some(sign) => (Token::Sign(sign), sign.len()),
                None => {
                    let end = start + first.len_utf8();
                    return Err(Error::new(start..end, sign_error(rest, first)));
                }
            },
        };
        self.at = start + len;
        Ok(Some((token, start..self.at)))
    }
}

fn sign_error(rest: &str, first: char) -> String {
    let cure = match rest.get(..2) {
        Some("&&") => "; write 'and'",
        Some("||") => "; write 'or'",
        _ => match first {
            '!' => "; write 'not', or '!=' between two values",
            '=' => "; write '==' to compare",
            _ => "",
        },
    };
    format!("unexpected '{first}'{cure}")
}

fn text(rest: &str, quote: char, start: usize) -> Result<(Token<'_>, usize), Error> {
    let mut text = Cow::Borrowed("");
    let mut characters = rest.char_indices().skip(1);
    let mut plain = 1;
    while let Some((at, c)) = characters.next() {
        if c == quote {
            text += &rest[plain..at];
            return Ok((Token::Text(text), at + c.len_utf8()));
        }
        if c == '\\' {
            text += &rest[plain..at];
            let Some((at, escaped)) = characters.next() else { break };
            match escaped {
                'n' => text += "\n",
                't' => text += "\t",
                'r' => text += "\r",
                '\\' | '\'' | '"' => text += &rest[at..=at],
                _ => {
                    let place = start + at - 1..start + at + escaped.len_utf8();
                    let message = format!(
                        "'\\{escaped}' is no escape; there are \\n, \\t, \\r, \\\\, \\' and \\\""
                    );
                    return Err(Error::new(place, message));
                }
            }
            plain = at + escaped.len_utf8();
        }
    }
    let message = format!("this text has no end; add a {quote}");
    Err(Error::new(start..start + rest.len(), message))
}

fn number(rest: &str) -> (Token<'_>, usize) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut len = digits(rest);
    if let Some(fraction) = rest[len..].strip_prefix('.')
        && digits(fraction) > 0
    {
        len += 1 + digits(fraction);
    }
    (Token::Number(&rest[..len]), len)
}

/// Reads a name: letters, digits, `_`, and inside it `.` and `-`.
fn name(rest: &str) -> (Token<'_>, usize) {
    let is_inside = |c: char| is_name_start(c) || c.is_ascii_digit();
    let mut end = 0;
    for (at, c) in rest.char_indices() {
        if is_inside(c) {
            end = at + c.len_utf8();
        } else if !matches!(c, '.' | '-') || end != at {
            break;
        }
    }
    (Token::Name(&rest[..end]), end)
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Token<'_>> {
        let mut tokens = Tokens::new(text, 0);
        std::iter::from_fn(|| tokens.next().unwrap()).map(|(token, _)| token).collect()
    }

    #[test]
    fn an_expression_is_cut_into_tokens() {
        use Token::{Name, Number, Sign, Text};
        let text = |text: &str| Text(Cow::Owned(text.to_owned()));
        for (written, expected) in [
            ("", vec![]),
            ("  a.b-c ", vec![Name("a.b-c")]),
            ("a - 1", vec![Name("a"), Sign("-"), Number("1")]),
            ("a-", vec![Name("a"), Sign("-")]),
            ("items.0.id", vec![Name("items.0.id")]),
            ("f(1,'x')", vec![Name("f"), Sign("("), Number("1"), Sign(","), text("x"), Sign(")")]),
            ("1.5<=2", vec![Number("1.5"), Sign("<="), Number("2")]),
            (r#""a\"b\n" 'é\\'"#, vec![text("a\"b\n"), text("é\\")]),
            ("${a}>=1", vec![Sign("${"), Name("a"), Sign("}"), Sign(">="), Number("1")]),
        ] {
            assert_eq!(all(written), expected, "{written}");
        }
    }

    #[test]
    fn a_wrong_sign_is_told_with_its_place_and_the_cure() {
        for (text, place, message) in [
            ("a && b", 2..3, "unexpected '&'; write 'and'"),
            ("a || b", 2..3, "unexpected '|'; write 'or'"),
            ("a = b", 2..3, "unexpected '='; write '==' to compare"),
            ("!a", 0..1, "unexpected '!'; write 'not', or '!=' between two values"),
            ("a ü? b", 2..4, "unexpected 'ü'"),
            ("2.", 1..2, "unexpected '.'"),
            ("'abc", 0..4, "this text has no end; add a '"),
            (r"'a\x'", 2..4, r#"'\x' is no escape; there are \n, \t, \r, \\, \' and \""#),
        ] {
            let mut tokens = Tokens::new(text, 0);
            let error = loop {
                match tokens.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("{text} has no error"),
                    Err(error) => break error,
                }
            };
            assert_eq!((error.place, error.message.as_str()), (place, message), "{text}");
        }
    }
}
