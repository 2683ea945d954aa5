//! Lines from outside, each bounded before it is held.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// The longest line, in bytes.
pub(super) const MAX_LINE: usize = 1024 * 1024;

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its bytes.
    Whole(Vec<u8>),
    /// It was longer than any may be, and was not kept.
    TooLong,
}

/// Lines of a source.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    begun: Vec<u8>,
    too_long: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Takes a source.
    pub(super) fn new(source: R) -> Self {
        Self { reader: BufReader::new(source), begun: Vec::new(), too_long: false }
    }

    /// Waits for the next line; `None` at the end. May be dropped and called again at any time.
    pub(super) async fn next(&mut self) -> Option<Line> {
        loop {
            let available = self.reader.fill_buf().await.ok()?;
            if available.is_empty() {
                let is_over = self.begun.is_empty() && !self.too_long;
                return if is_over { None } else { Some(self.take()) };
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            let used = part.len() + usize::from(end.is_some());
            if self.begun.len() + part.len() > MAX_LINE {
                self.too_long = true;
                self.begun = Vec::new();
            }
            if !self.too_long {
                self.begun.extend_from_slice(part);
            }
            self.reader.consume(used);
            if end.is_some() {
                return Some(self.take());
            }
        }
    }

    fn take(&mut self) -> Line {
        let line = core::mem::take(&mut self.begun);
        if core::mem::take(&mut self.too_long) { Line::TooLong } else { Line::Whole(line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            assert!(lines.begun.capacity() <= 2 * MAX_LINE);
            all.push(line);
        }
        all
    }

    #[tokio::test]
    async fn lines_end_with_a_line_feed_or_the_source() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        assert!(all(b"").await.is_empty());
        assert_eq!(all(b"a\n\nbc").await, [whole("a"), whole(""), whole("bc")]);
        assert_eq!(all(b"\xff\n").await, [Line::Whole(vec![0xff])]);
    }

    #[tokio::test]
    async fn e2_a_line_that_is_too_long_is_not_kept_and_the_next_one_is_read() {
        let longest = vec![b'x'; MAX_LINE];
        let input = [&longest[..], b"\n", &longest, &longest, &longest, b"y\nnext\n"].concat();
        let expected = [Line::Whole(longest), Line::TooLong, Line::Whole(b"next".to_vec())];
        assert_eq!(all(&input).await, expected);
    }
}
