//! Rust source without what does not run: comments and the contents of strings are blanked.

/// Returns `text` with comments, string contents and character literals replaced by spaces; lines stay lines.
///
/// This is a reader for well-formed code, as a compiler has accepted it: raw strings, nested block comments
/// and lifetimes are understood.
pub fn code_only(text: &str) -> String {
    let mut reader = Reader { rest: text, out: String::with_capacity(text.len()) };
    while reader.step() {}
    reader.out
}

/// The part of a file before its unit tests, which come last in every file here. A declaration of tests that lie in
/// another file may stand anywhere, and ends nothing.
pub fn before_tests(code: &str) -> &str {
    const MARK: &str = "#[cfg(test)]";
    let is_declaration = |after: &str| {
        let item = after.trim_start().lines().next().unwrap_or_default().trim_end();
        (item.starts_with("mod ") || item.starts_with("pub(crate) mod ")) && item.ends_with(';')
    };
    let of_tests = |at: &usize| code.get(at + MARK.len()..).is_some_and(|after| !is_declaration(after));
    let found = code.match_indices(MARK).map(|(at, _)| at).find(of_tests);
    found.and_then(|at| code.get(..at)).unwrap_or(code)
}

struct Reader<'a> {
    rest: &'a str,
    out: String,
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if self.rest.starts_with("//") {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.blank(end);
        } else if self.rest.starts_with("/*") {
            let end = block_comment_len(self.rest);
            self.blank(end);
        } else if let Some(len) = raw_string_len(self.rest).filter(|_| !self.inside_word()) {
            self.blank(len);
        } else if first == '"' {
            let len = quoted_len(self.rest, '"');
            self.blank(len);
        } else if let Some(len) = char_literal_len(self.rest) {
            self.blank(len);
        } else {
            self.keep(first.len_utf8());
        }
        true
    }

    fn inside_word(&self) -> bool {
        self.out.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
    }

    fn keep(&mut self, len: usize) {
        let taken = self.take(len);
        self.out.push_str(taken);
    }

    fn blank(&mut self, len: usize) {
        let taken = self.take(len);
        self.out.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
    }

    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

fn block_comment_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` and so on, if `text` starts with one.
fn raw_string_len(text: &str) -> Option<usize> {
    let after_prefix = ["br", "cr", "r"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let body = after_prefix.trim_start_matches('#');
    let hashes = after_prefix.len() - body.len();
    let content = body.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let opened = text.len() - content.len();
    Some(content.find(&end).map_or(text.len(), |at| opened + at + end.len()))
}

/// The length of a quoted literal at the start of `text`, escapes understood.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal at the start of `text`; a lifetime is none.
fn char_literal_len(text: &str) -> Option<usize> {
    let mut chars = text.strip_prefix('\'')?.chars();
    let first = chars.next()?;
    (first == '\\' || chars.next() == Some('\'')).then(|| quoted_len(text, '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_become_spaces_and_code_stays() {
        let text = "let a = \"unsafe \\\" x\"; // unsafe\n/* unsafe /* y */ unsafe */ unsafe { 'u' }";
        let code = code_only(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.matches("unsafe").count(), 1);
        assert!(code.contains("unsafe {"));
        assert_eq!(code.lines().count(), 2);
    }

    #[test]
    fn raw_strings_lifetimes_and_escaped_quotes_are_understood() {
        let text = "fn f<'a>(x: &'a str) { g(r#\"unsafe \" \"#, '\\'', '\"', br\"unsafe\"); tokio }";
        let code = code_only(text);
        assert!(!code.contains("unsafe"));
        assert!(code.contains("<'a>(x: &'a str)"));
        assert!(code.contains("tokio"));
    }

    #[test]
    fn tests_at_the_end_are_left_out() {
        assert_eq!(before_tests("a\n#[cfg(test)]\nmod tests {\n}"), "a\n");
        assert_eq!(before_tests("a\n#[cfg(test)]\nuse b;\nc"), "a\n");
        assert_eq!(before_tests("a"), "a");
    }

    #[test]
    fn what_follows_a_declaration_of_tests_is_code() {
        let code =
            "#[cfg(test)]\nmod tests;\n#[cfg(test)]\npub(crate) mod tests;\na\n#[cfg(test)]\nmod more {\n}";
        assert_eq!(before_tests(code).lines().last(), Some("a"));
    }
}
