//! Forms whose parts may be files (RFC 7578).

use http::HeaderValue;

use super::upload::Upload;

/// One part of a form: a field with a value or a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    name: String,
    filename: Option<String>,
    content_type: Option<HeaderValue>,
    content: Upload,
}

impl Part {
    /// Makes a field with a text.
    pub fn value(name: impl Into<String>, value: impl Into<String>) -> Self {
        let content = Upload::from(value.into().into_bytes());
        Part { name: name.into(), filename: None, content_type: None, content }
    }

    /// Makes a field with a file of this name. Its content type is the upload's, or
    /// `application/octet-stream` (RFC 7578 section 4.4).
    pub fn file(name: impl Into<String>, filename: impl Into<String>, content: Upload) -> Self {
        let unknown = HeaderValue::from_static("application/octet-stream");
        let content_type = content.own_content_type().cloned().or(Some(unknown));
        Part { name: name.into(), filename: Some(filename.into()), content_type, content }
    }

    /// Sets the content type of the part.
    pub fn content_type(mut self, content_type: HeaderValue) -> Self {
        self.content_type = Some(content_type);
        self
    }

    /// Returns the headers of the part.
    fn head(&self) -> Vec<u8> {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(&self.name));
        if let Some(filename) = &self.filename {
            head += &format!("; filename=\"{}\"", quoted(filename));
        }
        let mut head = head.into_bytes();
        if let Some(content_type) = &self.content_type {
            head.extend_from_slice(b"\r\nContent-Type: ");
            head.extend_from_slice(content_type.as_bytes());
        }
        head.extend_from_slice(b"\r\n\r\n");
        head
    }
}

/// Returns the body of a form and its content type. The same parts give the same bytes.
pub(in crate::session) fn encode(parts: &[Part]) -> (Vec<u8>, HeaderValue) {
    let boundary = boundary(parts);
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        body.extend_from_slice(&part.head());
        body.extend_from_slice(part.content.bytes());
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
    (body, content_type.expect("a boundary is letters and digits"))
}

/// Returns the first boundary that no content has at the beginning of a line (RFC 2046 section 5.1.1).
fn boundary(parts: &[Part]) -> String {
    let is_free = |boundary: &String| {
        let delimiter = format!("--{boundary}");
        let begins = |line: &[u8]| line.starts_with(delimiter.as_bytes());
        !parts.iter().any(|part| part.content.bytes().split(|&byte| byte == b'\n').any(begins))
    };
    let mut candidates = (0_u64..).map(|number| format!("gregaria-form-{number:016x}"));
    candidates.find(is_free).expect("no content has them all")
}

/// Escapes a name as browsers and requests do (WHATWG HTML, multipart/form-data encoding).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: &str = "gregaria-form-0000000000000000";

    fn encoded(parts: &[Part]) -> (String, String) {
        let (body, content_type) = encode(parts);
        (String::from_utf8(body).unwrap(), content_type.to_str().unwrap().to_owned())
    }

    #[test]
    fn parts_are_encoded_in_their_order() {
        let png = HeaderValue::from_static("image/png");
        let json = HeaderValue::from_static("application/json");
        let file = Upload::from(b"\x89PNG".iter().map(|byte| byte & 0x7f).collect::<Vec<_>>());
        let (body, content_type) = encoded(&[
            Part::value("a", "b c"),
            Part::value("j", "{}").content_type(json),
            Part::file("f", "p.png", file.clone().content_type(png)),
            Part::file("g", "raw", file),
        ]);
        assert_eq!(content_type, format!("multipart/form-data; boundary={ZERO}"));
        assert_eq!(
            body.replace(ZERO, "B"),
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb c\r\n\
             --B\r\nContent-Disposition: form-data; name=\"j\"\r\n\
             Content-Type: application/json\r\n\r\n{}\r\n\
             --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"p.png\"\r\n\
             Content-Type: image/png\r\n\r\n\tPNG\r\n\
             --B\r\nContent-Disposition: form-data; name=\"g\"; filename=\"raw\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n\tPNG\r\n--B--\r\n"
        );
        assert_eq!(encoded(&[]).0, format!("--{ZERO}--\r\n"));
    }

    #[test]
    fn no_name_ends_its_line_or_its_quotes() {
        let (body, _) = encoded(&[Part::file("é\"\r\nX: y", "a\"b\n", Upload::from(Vec::new()))]);
        let line = "Content-Disposition: form-data; name=\"é%22%0D%0AX: y\"; filename=\"a%22b%0A\"";
        assert_eq!(body.lines().nth(1), Some(line));
    }

    #[test]
    fn a_boundary_is_not_inside_the_parts() {
        let one = ZERO.replace("0000000000000000", "0000000000000001");
        let parts = [
            Part::value("at its beginning", format!("--{ZERO} more")),
            Part::value("in a line", format!("x\r\n--{one}")),
            Part::value("no delimiter", "x--gregaria-form-0000000000000002"),
        ];
        let (body, content_type) = encoded(&parts);
        assert!(content_type.ends_with("gregaria-form-0000000000000002"), "{content_type}");
        assert!(body.ends_with("--gregaria-form-0000000000000002--\r\n"));
    }
}
