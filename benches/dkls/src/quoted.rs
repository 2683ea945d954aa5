//! Figures that are not measured here: NEAR's fork of cait-sith is in no registry.
//!
//! near/mpc at b0b6b716, measured 2026-11-20 in the same way, on two shared cores of a 2.3 GHz Xeon.

use measured_rows::{Phase, Row};

pub const NAME: &str = "NEAR (quoted)";

/// Threshold, then milliseconds and bytes of set-up, offline (two triples and a presignature) and online.
type Figures = ((usize, usize), [(f64, f64); 3]);

const FIGURES: [Figures; 3] = [
    ((2, 3), [(1.21, 9_300.0), (41.1 + 0.232, 118_231.0), (0.140, 45.0)]),
    ((3, 5), [(5.34, 32_900.0), (82.7 + 0.235, 237_465.0), (0.122, 60.0)]),
    ((5, 8), [(18.6, 109_000.0), (164.0 + 0.238, 477_926.0), (0.105, 72.0)]),
];

pub fn rows() -> impl Iterator<Item = Row> {
    FIGURES.into_iter().flat_map(|(threshold, figures)| {
        let phases = [Phase::SetUp, Phase::Offline, Phase::Online];
        phases.into_iter().zip(figures).map(move |(phase, (millis, bytes))| Row {
            implementation: NAME.to_owned(),
            threshold,
            phase,
            micros: millis * 1_000.0,
            bytes: Some(bytes),
            runs: 0,
        })
    })
}
