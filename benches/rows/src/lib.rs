//! The clock of the benchmarks, medians, and the lines in which one program hands another what it measured.
//!
//! All parties of a run are in one thread, and the clock is that thread's CPU time, so that a busy machine disturbs
//! little. A figure is the median over runs of the mean over parties.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A part of the life of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Key generation, and whatever pairs or moduli it needs before the first signature.
    SetUp,
    /// What one signature needs before its message.
    Offline,
    /// From the message to the verified signature.
    Online,
}

/// One figure of one implementation.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Whose.
    pub implementation: String,
    /// How many sign, of how many.
    pub threshold: (usize, usize),
    /// Which part.
    pub phase: Phase,
    /// CPU time of one party, microseconds.
    pub micros: f64,
    /// What one party sends, a copy for every recipient; `None` if it can not be seen.
    pub bytes: Option<f64>,
    /// How many runs the figure is the median of; 0 for one that is quoted.
    pub runs: usize,
}

/// What one run cost each party.
pub struct Run {
    spent: Vec<Duration>,
    sent: Vec<usize>,
}

/// How long one figure may take.
#[derive(Clone, Copy)]
pub struct Patience {
    /// No further run begins after this.
    pub time: Duration,
    /// So many runs are made in any case, unless one takes longer than ten times the patience.
    pub least: usize,
    /// So many are enough.
    pub most: usize,
}

impl Run {
    /// Begins a run of so many parties.
    pub fn new(parties: usize) -> Self {
        Self { spent: vec![Duration::ZERO; parties], sent: vec![0; parties] }
    }

    /// Does a party's work on its account.
    pub fn timed<T>(&mut self, party: usize, work: impl FnOnce() -> T) -> T {
        let started = now();
        let result = std::hint::black_box(work());
        self.spent[party] += now() - started;
        result
    }

    /// Does the work of all parties, which can not be told apart.
    pub fn timed_together<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let started = now();
        let result = std::hint::black_box(work());
        let each = (now() - started) / u32::try_from(self.spent.len()).expect("few parties");
        self.spent.iter_mut().for_each(|spent| *spent += each);
        result
    }

    /// Notes what a party sends.
    pub fn sends(&mut self, party: usize, bytes: usize) {
        self.sent[party] += bytes;
    }

    /// Returns the mean of what the parties spent, microseconds.
    pub fn mean_micros(&self) -> f64 {
        self.spent.iter().map(Duration::as_secs_f64).sum::<f64>() * 1e6 / self.spent.len() as f64
    }

    fn mean_bytes(&self) -> f64 {
        self.sent.iter().sum::<usize>() as f64 / self.sent.len() as f64
    }
}

/// Measures one phase: returns its row, and what the last run made.
pub fn measure<T>(
    implementation: &str,
    threshold: (usize, usize),
    phase: Phase,
    patience: Patience,
    mut run: impl FnMut() -> (T, Run),
) -> (Row, T) {
    let started = Instant::now();
    let (mut times, mut bytes) = (Vec::new(), 0.0);
    let mut made;
    loop {
        let (result, cost) = run();
        made = result;
        times.push(cost.mean_micros());
        bytes = cost.mean_bytes().max(bytes);
        let (count, elapsed) = (times.len(), started.elapsed());
        let enough = count >= patience.least && elapsed >= patience.time;
        if enough || count >= patience.most || elapsed >= patience.time * 10 {
            break;
        }
    }
    let runs = times.len();
    let bytes = (bytes > 0.0).then_some(bytes);
    let implementation = implementation.to_owned();
    (Row { implementation, threshold, phase, micros: median(times), bytes, runs }, made)
}

/// Measures one operation, in microseconds.
pub fn time_of<T>(mut work: impl FnMut() -> T) -> f64 {
    const AT_ONCE: u32 = 16;
    let mut sample = || {
        let started = now();
        for _ in 0..AT_ONCE {
            std::hint::black_box(work());
        }
        (now() - started).as_secs_f64() * 1e6 / f64::from(AT_ONCE)
    };
    sample();
    median((0..51).map(|_| sample()).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl Row {
    /// Writes the row as a line.
    pub fn to_line(&self) -> String {
        let (t, n) = self.threshold;
        let phase = match self.phase {
            Phase::SetUp => "set-up",
            Phase::Offline => "offline",
            Phase::Online => "online",
        };
        let bytes = self.bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        format!("{}\t{t}\t{n}\t{phase}\t{}\t{bytes}\t{}", self.implementation, self.micros, self.runs)
    }

    /// Reads a line; `None` if it is none.
    pub fn from_line(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [implementation, t, n, phase, micros, bytes, runs] = fields.as_slice() else { return None };
        Some(Self {
            implementation: (*implementation).to_owned(),
            threshold: (t.parse().ok()?, n.parse().ok()?),
            phase: match *phase {
                "set-up" => Phase::SetUp,
                "offline" => Phase::Offline,
                "online" => Phase::Online,
                _ => return None,
            },
            micros: micros.parse().ok()?,
            bytes: if *bytes == "-" { None } else { Some(bytes.parse().ok()?) },
            runs: runs.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let seen = Row {
            implementation: "somebody 1.0".to_owned(),
            threshold: (2, 3),
            phase: Phase::Offline,
            micros: 1234.5,
            bytes: Some(42_000.0),
            runs: 7,
        };
        let unseen = Row { bytes: None, phase: Phase::SetUp, ..seen.clone() };
        for row in [seen, unseen] {
            assert_eq!(Row::from_line(&row.to_line()), Some(row));
        }
        assert_eq!(Row::from_line("somebody\t2\t3\tlunch\t1\t-\t1"), None);
    }

    #[test]
    fn a_figure_is_the_median_of_the_means_over_parties() {
        let patience = Patience { time: Duration::from_secs(60), least: 3, most: 3 };
        let mut millis = [9, 1, 2].into_iter();
        let (row, last) = measure("somebody", (2, 3), Phase::Online, patience, || {
            let spent = Duration::from_millis(millis.next().unwrap());
            (spent, Run { spent: vec![spent, spent * 3], sent: vec![10, 20] })
        });
        assert_eq!((row.micros, row.bytes, row.runs), (4_000.0, Some(15.0), 3));
        assert_eq!(last, Duration::from_millis(2));
    }
}
