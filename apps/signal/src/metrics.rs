//! The relay's figures in the Prometheus text format. Labels name kinds, never anybody.

use core::fmt::Write;

use crate::relay::Stats;

/// Returns the text for `/metrics`.
pub fn render(stats: &Stats, ready: bool) -> String {
    let mut text = String::with_capacity(2048);
    let gauges = [
        ("quorate_signal_ready", "1 while new clients are taken", u64::from(ready)),
        ("quorate_signal_connections", "open connections", stats.connections),
        ("quorate_signal_rooms", "rooms", stats.rooms),
        ("quorate_signal_stored_bytes", "bytes in mailboxes", stats.stored_bytes),
    ];
    for (name, help, value) in gauges {
        metric(&mut text, name, help, "gauge", value);
    }
    let counters = [
        ("quorate_signal_accepted_connections_total", "connections taken", stats.accepted_connections),
        ("quorate_signal_created_rooms_total", "rooms made", stats.created_rooms),
        ("quorate_signal_frames_in_total", "frames read", stats.frames_in),
        ("quorate_signal_bytes_in_total", "bytes read in frames", stats.bytes_in),
        ("quorate_signal_frames_out_total", "frames written", stats.frames_out),
        ("quorate_signal_bytes_out_total", "bytes written in frames", stats.bytes_out),
        ("quorate_signal_stored_frames_total", "frames put into mailboxes", stats.stored_frames),
        ("quorate_signal_expired_frames_total", "frames forgotten at their deadline", stats.expired_frames),
        ("quorate_signal_slow_consumers_total", "connections closed for not reading", stats.slow_consumers),
    ];
    for (name, help, value) in counters {
        metric(&mut text, name, help, "counter", value);
    }
    refusals(&mut text, stats);
    text
}

fn metric(text: &mut String, name: &str, help: &str, kind: &str, value: u64) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
}

fn refusals(text: &mut String, stats: &Stats) {
    let name = "quorate_signal_refusals_total";
    let _ = writeln!(text, "# HELP {name} refusals by kind\n# TYPE {name} counter");
    for (code, count) in &stats.refusals {
        let _ = writeln!(text, "{name}{{kind=\"{code:?}\"}} {count}");
    }
}

#[cfg(test)]
mod tests {
    use quorate_transport::RefusalCode;

    use super::*;

    #[test]
    fn every_line_is_a_comment_or_a_sample() {
        let mut stats = Stats { rooms: 3, ..Stats::default() };
        stats.count_refusal(RefusalCode::RoomFull);
        let text = render(&stats, true);
        assert!(text.contains("\nquorate_signal_rooms 3\n"));
        assert!(text.contains("\nquorate_signal_refusals_total{kind=\"RoomFull\"} 1\n"));
        for line in text.lines() {
            let sample = line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<u64>().is_ok());
            assert!(line.starts_with("# ") || sample, "{line}");
        }
    }
}
