//! What differs between two runs is given a name: ids are numbered in the order in which they appear.

use std::collections::BTreeMap;

/// Names of things that are different in every run.
#[derive(Debug, Default)]
pub struct Names {
    literal: Vec<(String, String)>,
    ids: BTreeMap<String, usize>,
    keep: Vec<String>,
}

impl Names {
    /// Shows `text` as `name` from now on.
    pub fn call(&mut self, text: &str, name: &str) {
        self.literal.push((text.to_owned(), name.to_owned()));
    }

    /// Shows the words of a command line as they are, unless they were named before.
    pub fn keep(&mut self, text: &str) {
        for token in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let result = token.starts_with("quorate1") || (is_hex(token) && token.len() > 66);
            if token.len() >= 8 && !result && !self.ids.contains_key(key(token)) {
                self.keep.push(token.to_owned());
            }
        }
    }

    /// Numbers an id before it is seen in a transcript.
    pub fn number(&mut self, id: &str) {
        self.token(id);
    }

    /// Returns a line as it goes into a transcript.
    pub fn line(&mut self, line: &str) -> String {
        let mut line = line.to_owned();
        for (text, name) in &self.literal {
            line = line.replace(text, name);
        }
        if let Some(words) = safety_words(&line) {
            return words;
        }
        let line = between(&between(&line, "Safety words: ", ""), "\"words\":[", "]");
        let line = numbers(&progress(&line));
        columns(&fingerprints(&self.tokens(&line)))
    }

    fn tokens(&mut self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while !rest.is_empty() {
            let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
            let long = rest.find(|c| !inside(c)).unwrap_or(rest.len());
            let short = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            if let Some(after) = shortened(rest, short) {
                out.push_str("<short>");
                rest = after;
                continue;
            }
            let fraction = out.ends_with('.') && rest[..short].bytes().all(|b| b.is_ascii_digit());
            if fraction && short > 0 {
                let (digits, after) = rest.split_at(short);
                out.push_str(digits);
                rest = after;
                continue;
            }
            let (token, after) = if is_base64(&rest[..long]) {
                rest.split_at(long)
            } else if short > 0 {
                rest.split_at(short)
            } else {
                rest.split_at(rest.chars().next().map_or(1, char::len_utf8))
            };
            out.push_str(&self.token(token));
            rest = after;
        }
        out
    }

    fn token(&mut self, token: &str) -> String {
        if self.keep.iter().any(|kept| kept == token) {
            return token.to_owned();
        }
        let kind = match token {
            _ if is_hex(token) && token.len() > 66 => return "<bytes>".to_owned(),
            _ if token.strip_prefix("0x").is_some_and(is_evm) => "address",
            _ if token.strip_prefix("0x").is_some_and(is_hex) => match token.len() {
                0..=66 => "hash",
                _ => return "0x<bytes>".to_owned(),
            },
            _ if is_amount(token) => return token.to_owned(),
            _ if is_hex(token) && token.len() == 8 => "id",
            _ if is_hex(token) && token.len() > 8 => "hex",
            _ if token.starts_with("quorate1") && token.len() > 40 => "invite",
            _ if ["bc1", "tb1", "bcrt1", "cosmos1", "osmo1"].iter().any(|hrp| token.starts_with(hrp))
                && token.len() > 20 =>
            {
                "address"
            }
            _ if is_base58(token) => "base58",
            _ if is_base64(token) => return "<base64>".to_owned(),
            _ => return token.to_owned(),
        };
        let next = self.ids.len() + 1;
        let number = self.ids.entry(key(token).to_owned()).or_insert(next);
        format!("<{kind}-{number}>")
    }
}

/// An id and its beginning are the same thing.
fn key(token: &str) -> &str {
    if is_hex(token) { &token[..8] } else { token }
}

fn is_hex(token: &str) -> bool {
    let lower = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let upper = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'F');
    (token.len() >= 8 && token.bytes().all(lower)) || (token.len() >= 64 && token.bytes().all(upper))
}

/// Ids have 8 or 64 digits.
fn is_amount(token: &str) -> bool {
    (9..64).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit())
}

/// An address of Ethereum's, whose letters are of either case.
fn is_evm(token: &str) -> bool {
    token.len() == 40 && token.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A key, an address, a transaction's id or a signature.
fn is_base58(token: &str) -> bool {
    let letters = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l');
    (25..=88).contains(&token.len())
        && token.bytes().all(letters)
        && token.bytes().any(|b| b.is_ascii_uppercase())
        && (token.bytes().any(|b| b.is_ascii_digit())
            || token.bytes().filter(u8::is_ascii_uppercase).count() >= 5)
}

fn is_base64(token: &str) -> bool {
    token.len() >= 80
        && !is_base58(token)
        && token.bytes().any(|b| b.is_ascii_uppercase())
        && token.bytes().any(|b| b.is_ascii_lowercase())
}

/// Both ends of a long id with an ellipsis between them.
fn shortened(text: &str, head: usize) -> Option<&str> {
    let tail = text.get(head..)?.strip_prefix('\u{2026}').filter(|_| head == 16)?;
    let end = tail.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tail.len());
    (end == 8).then(|| &tail[end..])
}

/// Replaces what stands between two marks; without a second mark, the rest of the line.
fn between(line: &str, before: &str, after: &str) -> String {
    let Some(start) = line.find(before).map(|at| at + before.len()) else { return line.to_owned() };
    let stop = if after.is_empty() { None } else { line[start..].find(after).map(|at| start + at) };
    format!("{}<words>{}", &line[..start], stop.map_or("", |stop| &line[stop..]))
}

/// A line of nothing but four words, indented as safety words are.
fn safety_words(line: &str) -> Option<String> {
    let words: Vec<&str> = line.trim().trim_start_matches("2| ").split_whitespace().collect();
    let plain = words.len() == 4 && words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase()));
    let indented = line.starts_with("2|     ");
    (plain && indented).then(|| "2|     <word>  <word>  <word>  <word>".to_owned())
}

/// Eight groups of eight digits are one fingerprint.
fn fingerprints(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    while let Some(start) =
        words.windows(8).position(|eight| eight.iter().all(|word| word.starts_with("<id-")))
    {
        words.splice(start..start + 8, ["<fingerprint>"]);
    }
    words.join(" ")
}

/// What was replaced had a length of its own, and so has the gap behind it.
fn columns(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(end) = rest.find('>').map(|at| at + 1) {
        let (head, tail) = rest.split_at(end);
        let ours = head.ends_with("<short>") || head[..end - 1].ends_with(|c: char| c.is_ascii_digit());
        out.push_str(head);
        let gap = tail.len() - tail.trim_start_matches(' ').len();
        rest = if ours && gap > 2 { &tail[gap - 2..] } else { tail };
    }
    out + rest
}

/// Who is awaited depends on who was faster.
fn progress(line: &str) -> String {
    match (line.find("| ["), line.find(", waiting for ")) {
        (Some(2 | 1), Some(at)) if line.contains("/6]") => line[..at].to_owned(),
        _ => line.to_owned(),
    }
}

/// Times and sizes: `in 9 min 58 s`, `12 ms`, `"elapsed":12`.
fn numbers(line: &str) -> String {
    let mut line = line.to_owned();
    for (before, after, name) in [
        ("ends in ", "", "<time>"),
        ("Ends   in ", "", "<time>"),
        ("\"expires\":", ",}", "<time>"),
        ("\"elapsed\":", ",}", "<ms>"),
        ("\"ceremony_ms\":", ",}", "<ms>"),
        ("\"pairing_ms\":", ",}", "<ms>"),
        ("pairs were set up ", " ", "<n>"),
        ("pairs set up after ", " ", "<n>"),
        ("certified by all three devices after ", " ", "<n>"),
        ("that nobody holds, made in ", " ", "<n>"),
        ("relay at ws://127.0.0.1:", ",", "<port>"),
    ] {
        let mut from = 0;
        while let Some(found) = line[from..].find(before) {
            let start = from + found + before.len();
            let stop = line[start..].find(|c| is_end(c, after)).map_or(line.len(), |at| start + at);
            line.replace_range(start..stop, name);
            from = start + name.len();
        }
    }
    milliseconds(&line)
}

/// A number of milliseconds in the last column of a table.
fn milliseconds(line: &str) -> String {
    let Some(rest) = line.strip_suffix(" ms") else { return line.to_owned() };
    let digits = rest.len() - rest.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 { line.to_owned() } else { format!("{}<n> ms", &rest[..rest.len() - digits]) }
}

fn is_end(c: char, ends: &str) -> bool {
    if ends.is_empty() { !(c.is_ascii_digit() || " dhmins".contains(c)) } else { ends.contains(c) }
}

#[test]
fn ids_are_numbered_in_the_order_of_appearance() {
    let mut names = Names::default();
    names.call("/tmp/x", "<dir>");
    names.keep("--utxo 4a5e1e4baab89f3a:0:5");
    for (line, expected) in [
        ("1| 0a1b2c3d  treasury", "1| <id-1>  treasury"),
        ("approve 0a1b2c3d in /tmp/x/a", "approve <id-1> in <dir>/a"),
        (&format!("id {}", "0a1b2c3d".repeat(8)), "id <hex-1>"),
        ("4a5e1e4baab89f3a", "4a5e1e4baab89f3a"),
        ("2|     alpha  hold    code     butter", "2|     <word>  <word>  <word>  <word>"),
        ("2| [1/6] committing, waiting for b, c", "2| [1/6] committing"),
        ("1| needs your answer, ends in 9 min 58 s", "1| needs your answer, ends in <time>"),
        (r#"{"expires":1732000000000,"elapsed":5}"#, r#"{"expires":<time>,"elapsed":<ms>}"#),
        ("EZ9fxALUELgNZ57kv9W9fxphMZc9fqHrA31MzGR4zRwv", "<base58-2>"),
    ] {
        assert_eq!(names.line(line), expected);
    }
}
