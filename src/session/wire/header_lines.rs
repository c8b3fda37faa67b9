//! The header lines that a request says itself, written one behind the other.

use super::context::SPARE_BYTES_MAX;

/// Header lines as they are sent, and where the name and the value of each end. Clearing them keeps
/// their memory, up to 64 KiB.
#[derive(Debug, Default)]
pub(in crate::session) struct HeaderLines {
    text: Vec<u8>,
    /// For each line the end of its name and the end of its value.
    ends: Vec<(usize, usize)>,
}

impl HeaderLines {
    /// Appends a line; its name is written in lower case. Both have been checked.
    pub(in crate::session) fn push(&mut self, name: &[u8], value: &[u8]) {
        let begin = self.text.len();
        self.text.extend_from_slice(name);
        self.text[begin..].make_ascii_lowercase();
        let name_end = self.text.len();
        self.text.extend_from_slice(value);
        self.ends.push((name_end, self.text.len()));
    }

    /// The names and values.
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
        let mut lines = HeaderLines::default();
        lines.push(b"X-Id", b"7");
        lines.push(b"accept", b"");
        let read: Vec<_> = lines.iter().collect();
        assert_eq!(read, [(&b"x-id"[..], &b"7"[..]), (b"accept", b"")]);
        lines.clear();
        assert_eq!(lines.iter().count(), 0);
    }
}
