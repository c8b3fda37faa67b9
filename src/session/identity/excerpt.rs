//! Excerpts of bodies: one is kept of each kind of failure.

use super::secrets::Secrets;
use crate::credentials::hidden;

/// How many bytes of a body are shown.
const SHOWN_BYTES: usize = 200;

/// Returns the first 200 bytes of a body as text, with secrets and the credentials of URLs masked. Bytes
/// that are not UTF-8 are written as `\xff`; a character that is cut off at the end is left out.
pub(in crate::session) fn excerpt(body: &[u8], is_whole: bool, secrets: &[&Secrets]) -> String {
    let body = match std::str::from_utf8(body) {
        Ok(text) => hidden(text).into_owned().into_bytes(),
        Err(_) => body.to_vec(),
    };
    let masked =
        secrets.iter().fold(body, |body, secrets| secrets.mask(&body, is_whole).into_owned());
    let shown = &masked[..masked.len().min(SHOWN_BYTES)];
    let is_cut = !is_whole || shown.len() < masked.len();
    let mut text = String::new();
    let mut chunks = shown.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text += chunk.valid();
        let is_last = chunks.peek().is_none();
        let is_begun = is_last && is_cut && begins_a_character(chunk.invalid());
        if !is_begun {
            text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
        }
    }
    text
}

/// Returns whether these bytes are the beginning of a character.
fn begins_a_character(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_bytes_are_shown_and_no_part_of_a_character() {
        let none = Secrets::default();
        let of = |body: &[u8]| excerpt(body, true, &[&none]);
        assert_eq!(of("é".repeat(300).as_bytes()), "é".repeat(100));
        assert_eq!(
            of(("a".to_owned() + &"é".repeat(300)).as_bytes()),
            "a".to_owned() + &"é".repeat(99)
        );
        assert_eq!(of(b"ok\0\xff\xc3"), "ok\0\\xff\\xc3", "that is where it ends");
        assert_eq!(excerpt(b"ok\xc3", false, &[&none]), "ok");
        assert_eq!(of(b""), "");
    }

    #[test]
    fn a_secret_over_the_end_of_what_is_shown_is_masked() {
        let secrets = Secrets::new(["s3cret-s3cret".to_owned()]);
        let body = "x".repeat(195) + "s3cret-s3cret and more";
        assert_eq!(excerpt(body.as_bytes(), true, &[&secrets]), "x".repeat(195) + "*** a");
    }
}
