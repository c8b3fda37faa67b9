//! The header lines of a request, in one buffer.

use super::context::SPARE_BYTES_MAX;

/// Names and values of header lines in one buffer. Clearing them keeps up to 64 KiB of their memory.
#[derive(Debug, Default)]
pub(in crate::session) struct OwnHeaders {
    text: Vec<u8>,
    /// The end of the name and the end of the value of each line.
    ends: Vec<(usize, usize)>,
}

impl OwnHeaders {
    /// Appends a line, with its name in lower case. Name and value must be valid.
    pub(in crate::session) fn push(&mut self, name: &[u8], value: &[u8]) {
        let begin = self.text.len();
        self.text.extend_from_slice(name);
        self.text[begin..].make_ascii_lowercase();
        let name_end = self.text.len();
        self.text.extend_from_slice(value);
        self.ends.push((name_end, self.text.len()));
    }

    /// Returns the names and values.
    pub(in crate::session) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|&(_, end)| end));
        begins.zip(&self.ends).map(|(begin, &(name_end, end))| {
            (&self.text[begin..name_end], &self.text[name_end..end])
        })
    }

    pub(in crate::session) fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(SPARE_BYTES_MAX);
        self.ends.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_order_with_their_names_in_lower_case() {
        let mut lines = OwnHeaders::default();
        lines.push(b"X-Id", b"7");
        lines.push(b"accept", b"");
        let read: Vec<_> = lines.iter().collect();
        assert_eq!(read, [(&b"x-id"[..], &b"7"[..]), (b"accept", b"")]);
        lines.clear();
        assert_eq!(lines.iter().count(), 0);
    }
}
