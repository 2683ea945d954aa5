//! One table: every implementation beside ours.

use std::fmt::Write as _;

use measured_rows::{Phase, Row};

use crate::ours::{BATCHED, OURS, WITH_C};

const NOTES: &str = "\
Milliseconds of CPU and bytes sent, one party; ×: the peer's time over ours. Total: offline and online. Runs: set-up, \
offline, online.
quorate, 16 at once: presignatures made in one batch, for each. quorate, libsecp256k1: the acceptance by the C library.
dkls23 binds its message first: nothing can be made ahead, so that all of its total is online when a message comes.
tsslib: presignatures without a check of the multiplications; the checked signature makes nothing ahead.
cggmp24: one run of set-up, with safe primes made beforehand (four of 1536 bits, a minute or more of CPU a party).
";

/// The goals at 2-of-3: milliseconds.
const GOALS: [(&str, f64); 2] = [("total", 1.3), ("online", 0.14)];

pub fn of(rows: &[Row], thresholds: &[(usize, usize)]) -> String {
    let mut text = String::new();
    for threshold in thresholds {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.threshold == *threshold).collect();
        let _ = writeln!(
            text,
            "{:22} {:>9} {:>9} {:>7} {:>9} {:>9} {:>7} {:>9} {:>7} {:>7} {:>9} {:>7}  runs",
            format!("{}-of-{}", threshold.0, threshold.1),
            "set-up",
            "bytes",
            "×",
            "offline",
            "bytes",
            "×",
            "online",
            "bytes",
            "×",
            "total",
            "×"
        );
        for name in names(&rows) {
            line(&mut text, &rows, name);
        }
        text.push('\n');
    }
    let goals: Vec<String> = GOALS.iter().map(|(what, goal)| format!("{what} ≤ {goal} ms")).collect();
    let _ = writeln!(text, "Goals at 2-of-3: {}.", goals.join(", "));
    text + NOTES
}

/// Ours first, then the others as they come.
fn names<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
    let mut names: Vec<&str> = rows.iter().map(|row| row.implementation.as_str()).collect();
    let place =
        |name: &&str| [OURS, BATCHED, WITH_C].iter().position(|ours| ours == name).unwrap_or(usize::MAX);
    names.sort_by_key(place);
    let mut seen = Vec::new();
    names.retain(|name| {
        let new = !seen.contains(name);
        seen.push(*name);
        new
    });
    names
}

fn line(text: &mut String, rows: &[&Row], name: &str) {
    let find = |name: &str, phase| rows.iter().find(|row| row.implementation == name && row.phase == phase);
    // Our variants differ in one phase and share the others.
    let figure = |name: &str, phase| {
        let base = [BATCHED, WITH_C].contains(&name).then_some(OURS);
        find(name, phase).or_else(|| find(base?, phase))
    };
    let total = |name: &str| {
        let parts = [Phase::Offline, Phase::Online].map(|phase| figure(name, phase).map(|row| row.micros));
        parts[1].map(|online| online + parts[0].unwrap_or(0.0))
    };
    let ratio = |theirs: Option<f64>, ours: Option<f64>| match (theirs, ours) {
        (Some(theirs), Some(ours)) if name != OURS => format!("{:.2}", theirs / ours),
        _ => String::new(),
    };
    let _ = write!(text, "{name:22}");
    for phase in [Phase::SetUp, Phase::Offline, Phase::Online] {
        let row = figure(name, phase);
        let micros = row.map(|row| row.micros);
        let bytes =
            row.and_then(|row| row.bytes).map_or_else(|| "–".to_owned(), |bytes| format!("{bytes:.0}"));
        let ratio = ratio(micros, figure(OURS, phase).map(|row| row.micros));
        let wide = if phase == Phase::Online { 7 } else { 9 };
        let _ = write!(text, " {:>9} {bytes:>wide$} {ratio:>7}", millis(micros));
    }
    let runs = [Phase::SetUp, Phase::Offline, Phase::Online].map(|phase| {
        let runs = figure(name, phase).map_or(0, |row| row.runs);
        if runs == 0 { "–".to_owned() } else { runs.to_string() }
    });
    let ratio = ratio(total(name), total(OURS));
    let _ = writeln!(text, " {:>9} {ratio:>7}  {}", millis(total(name)), runs.join("/"));
}

fn millis(micros: Option<f64>) -> String {
    micros.map_or_else(|| "–".to_owned(), |micros| format!("{:.3}", micros / 1_000.0))
}
