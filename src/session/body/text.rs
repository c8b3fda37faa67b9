//! The text of a body: its bytes, decoded by their charset.
//!
//! The charset of `Content-Type` is used, as in `Response.text` of Python's requests. Without one,
//! requests uses UTF-8 for `application/json`, ISO-8859-1 for `text/*`, and otherwise guesses. Here
//! `application/json` is UTF-8, and anything else is UTF-16 or UTF-32 if it begins like that, UTF-8 if
//! that is possible, and ISO-8859-1 otherwise. So a page in UTF-8 without a charset is read as in
//! browsers.
//!
//! A byte order mark stays in the text where requests leaves it there: in `application/json` (RFC 8259
//! section 8.1), in `text/*` and with any charset but `utf-16`, which it belongs to. So the same texts
//! are JSON here and in requests.

use std::borrow::Cow;
use std::str;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::http1::{self, charset, media_type};

/// The bytes that JSON, or JSON of Python, can begin with.
const JSON_STARTS: &[u8] = b"{[\"-0123456789tfnNI \t\r\n";

/// Returns the text of a body. UTF-8, as nearly every body is, is borrowed.
pub(in crate::session) fn text<'b>(
    head: &[u8],
    body: &'b [u8],
    other_charset: bool,
) -> Cow<'b, str> {
    if !other_charset
        && !is_marked(body)
        && let Ok(text) = str::from_utf8(body)
    {
        return Cow::Borrowed(text);
    }
    decode(http1::header(head, "content-type").unwrap_or_default(), body)
}

/// Returns whether a body begins with zeros, as text in UTF-8 does not, or with a byte order mark.
fn is_marked(body: &[u8]) -> bool {
    matches!(body, [0xef, 0xbb, 0xbf, ..] | [0, ..] | [_, 0, ..])
}

#[cold]
fn decode<'b>(content_type: &[u8], body: &'b [u8]) -> Cow<'b, str> {
    if let Some(charset) = charset(content_type) {
        return by_name(charset, body);
    }
    let media_type = media_type(content_type).to_ascii_lowercase();
    if media_type == b"application/json" {
        return String::from_utf8_lossy(body);
    }
    let is_text = media_type.starts_with(b"text/");
    by_mark(body, is_text)
        .or_else(|| by_zeros(body).filter(|_| !is_text))
        .unwrap_or_else(|| utf8_or_latin1(body))
}

/// Decodes by the charset of this name, or as UTF-8 if it is unknown.
fn by_name<'b>(name: &[u8], body: &'b [u8]) -> Cow<'b, str> {
    if name.eq_ignore_ascii_case(b"utf-16")
        && let Some((encoding, mark)) = Encoding::for_bom(body).filter(|(it, _)| *it != UTF_8)
    {
        return encoding.decode_without_bom_handling(&body[mark..]).0;
    }
    // Python knows names with other separators, such as 'latin-1'.
    let joined = || name.iter().copied().filter(|byte| !b"-_".contains(byte)).collect::<Vec<_>>();
    let encoding = Encoding::for_label_no_replacement(name)
        .or_else(|| Encoding::for_label_no_replacement(&joined()));
    encoding.unwrap_or(UTF_8).decode_without_bom_handling(body).0
}

/// Decodes by the byte order mark, which stays in the text if `stays`.
fn by_mark(body: &[u8], stays: bool) -> Option<Cow<'_, str>> {
    match body {
        [0xff, 0xfe, 0, 0, rest @ ..] => Some(utf32(rest, u32::from_le_bytes)),
        [0, 0, 0xfe, 0xff, rest @ ..] => Some(utf32(rest, u32::from_be_bytes)),
        _ => {
            let (encoding, mark) = Encoding::for_bom(body)?;
            let text = if stays { body } else { &body[mark..] };
            Some(encoding.decode_without_bom_handling(text).0)
        }
    }
}

/// Decodes by the rule for JSON (RFC 4627 section 3): it begins with two ASCII characters, and the
/// positions of their zero bytes show the encoding.
fn by_zeros(body: &[u8]) -> Option<Cow<'_, str>> {
    let &[a, b, c, d, ..] = body else { return None };
    let starts = |byte: u8| JSON_STARTS.contains(&byte);
    match [a, b, c, d] {
        [0, 0, 0, d] if starts(d) => Some(utf32(body, u32::from_be_bytes)),
        [a, 0, 0, 0] if starts(a) => Some(utf32(body, u32::from_le_bytes)),
        [0, b, 0, d] if starts(b) && d != 0 => Some(UTF_16BE.decode_without_bom_handling(body).0),
        [a, 0, _, 0] if starts(a) => Some(UTF_16LE.decode_without_bom_handling(body).0),
        _ => None,
    }
}

fn utf32(body: &[u8], number: fn([u8; 4]) -> u32) -> Cow<'static, str> {
    let (characters, rest) = body.as_chunks::<4>();
    let character = |&bytes: &[u8; 4]| char::from_u32(number(bytes));
    let torn = (!rest.is_empty()).then_some(None);
    let characters = characters.iter().map(character).chain(torn);
    characters.map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Decodes as UTF-8, also if a few bytes are invalid, or as ISO-8859-1 if there are more invalid sequences
/// than valid characters beyond ASCII.
fn utf8_or_latin1(body: &[u8]) -> Cow<'_, str> {
    let beyond_ascii = |text: &str| text.chars().filter(|character| !character.is_ascii()).count();
    let (mut right, mut broken) = (0, 0);
    for chunk in body.utf8_chunks() {
        right += beyond_ascii(chunk.valid());
        broken += usize::from(!chunk.invalid().is_empty());
    }
    if broken > right {
        WINDOWS_1252.decode_without_bom_handling(body).0
    } else {
        String::from_utf8_lossy(body)
    }
}

#[cfg(test)]
mod tests;
