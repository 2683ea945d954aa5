//! A script of `node/` that answers lines of JSON, and numbers drawn from a seed.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use quorate_acceptors::missing;
use serde_json::Value;

/// Gives a script one line per question and returns its answers; nothing when its packages are missing.
pub fn ask(script: &str, questions: &[Value]) -> Option<Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    if !folder.join("node_modules").exists() {
        missing("node/node_modules is not there: run `npm ci` in it");
        return None;
    }
    let mut command = Command::new("node");
    command.arg(folder.join(script)).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("node is installed");
    let mut stdin = child.stdin.take().expect("a pipe");
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let mut text = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut text).expect("text");
    let status = child.wait().expect("it ends");
    assert!(status.success(), "{script}: {status}");
    writer.join().expect("no panic").expect("all lines are read");
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), questions.len());
    for (answer, question) in answers.iter().zip(questions) {
        assert!(answer.get("error").is_none(), "{answer} to {question}");
    }
    Some(answers)
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number of up to `bits` bits, of every length alike.
    pub fn sized(&mut self, bits: u64) -> u64 {
        let shift = 64 - bits + self.below(bits);
        self.next() >> shift
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.next().to_le_bytes()[3])
    }

    pub fn choose<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    pub fn text(&mut self, longest: u64) -> String {
        let letters: Vec<char> = "abc XYZ 019 \"\\/ ä漢😀é\u{202e}<>&'".chars().collect();
        (0..self.below(longest)).map(|_| self.choose(&letters)).collect()
    }
}
