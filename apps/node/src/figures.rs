//! The node's figures, in the Prometheus text format: the recorder behind the `metrics` macros.
//!
//! Small on purpose: a registry with a bound, and one set of buckets for everything that is measured in seconds or blocks. A
//! label that takes ever new values cannot fill the memory; what does not fit is not counted.

use core::fmt::Write;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use metrics::{
    Counter, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

/// Series that are kept.
const MAX_SERIES: usize = 4096;

/// Upper bounds of the buckets.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 250.0];

/// All figures of this process.
#[derive(Clone, Default)]
pub struct Figures(Arc<Mutex<Registry>>);

/// Series by name and labels.
#[derive(Default)]
struct Registry {
    counters: BTreeMap<Series, Arc<AtomicU64>>,
    gauges: BTreeMap<Series, Arc<AtomicU64>>,
    histograms: BTreeMap<Series, Arc<Buckets>>,
}

/// One series: a name, and its labels as the format writes them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    name: String,
    labels: String,
}

#[derive(Default)]
struct Buckets {
    /// Not cumulative; the last is what is above every bound.
    counts: [AtomicU64; BUCKETS.len() + 1],
    /// The bits of the sum.
    sum: AtomicU64,
}

impl Figures {
    /// Returns the figures of this process, and has the macros count there from the first call on.
    #[must_use]
    pub fn of_this_process() -> Self {
        static FIGURES: OnceLock<Figures> = OnceLock::new();
        FIGURES
            .get_or_init(|| {
                let figures = Self::default();
                // Another recorder was set by whoever links this library; then the figures are there.
                let _ = metrics::set_global_recorder(figures.clone());
                figures
            })
            .clone()
    }

    /// Returns the text for `/metrics`.
    #[must_use]
    pub fn render(&self) -> String {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        render_each(&mut text, "counter", &registry.counters, |text, series, value| {
            line(text, &series.name, &series.labels, value.load(Ordering::Relaxed));
        });
        render_each(&mut text, "gauge", &registry.gauges, |text, series, value| {
            line(text, &series.name, &series.labels, f64::from_bits(value.load(Ordering::Relaxed)));
        });
        render_each(&mut text, "histogram", &registry.histograms, |text, series, value| {
            value.render(text, series);
        });
        text
    }

    fn with<T>(&self, act: impl FnOnce(&mut Registry) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recorder for Figures {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let found: Option<Arc<AtomicU64>> = self.with(|registry| registry.counters.series(key));
        found.map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let found: Option<Arc<AtomicU64>> = self.with(|registry| registry.gauges.series(key));
        found.map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let found: Option<Arc<Buckets>> = self.with(|registry| registry.histograms.series(key));
        found.map_or_else(Histogram::noop, Histogram::from_arc)
    }
}

/// Finding a series, or making it while there is room.
trait Find<T> {
    fn series(&mut self, key: &Key) -> Option<Arc<T>>;
}

impl<T: Default> Find<T> for BTreeMap<Series, Arc<T>> {
    fn series(&mut self, key: &Key) -> Option<Arc<T>> {
        let series = Series::of(key);
        if !self.contains_key(&series) && self.len() >= MAX_SERIES {
            return None;
        }
        Some(self.entry(series).or_default().clone())
    }
}

impl Series {
    fn of(key: &Key) -> Self {
        let label = |label: &metrics::Label| format!("{}=\"{}\"", label.key(), escaped(label.value()));
        let labels: Vec<String> = key.labels().map(label).collect();
        Self { name: key.name().to_owned(), labels: labels.join(",") }
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let at = BUCKETS.iter().position(|bound| value <= *bound).unwrap_or(BUCKETS.len());
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        GaugeFn::increment(&self.sum, value);
    }
}

impl Buckets {
    fn render(&self, text: &mut String, series: &Series) {
        let bounds = BUCKETS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        let name = format!("{}_bucket", series.name);
        let mut total = 0;
        for (bound, count) in bounds.zip(&self.counts) {
            total += count.load(Ordering::Relaxed);
            let separator = if series.labels.is_empty() { "" } else { "," };
            line(text, &name, &format!("{}{separator}le=\"{bound}\"", series.labels), total);
        }
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed));
        line(text, &format!("{}_sum", series.name), &series.labels, sum);
        line(text, &format!("{}_count", series.name), &series.labels, total);
    }
}

fn render_each<T>(
    text: &mut String,
    kind: &str,
    all: &BTreeMap<Series, Arc<T>>,
    render: impl Fn(&mut String, &Series, &T),
) {
    let mut last = "";
    for (series, value) in all {
        if series.name != last {
            // Writing to a String does not fail.
            let _ = writeln!(text, "# TYPE {} {kind}", series.name);
            last = &series.name;
        }
        render(text, series, value);
    }
}

fn line(text: &mut String, name: &str, labels: &str, value: impl core::fmt::Display) {
    let _ = if labels.is_empty() {
        writeln!(text, "{name} {value}")
    } else {
        writeln!(text, "{name}{{{labels}}} {value}")
    };
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_rendered() {
        let figures = Figures::default();
        metrics::with_local_recorder(&figures, || {
            metrics::counter!("asked", "kind" => "a\"b").increment(2);
            metrics::counter!("asked", "kind" => "c").increment(1);
            metrics::gauge!("height").set(7.0);
            metrics::histogram!("seconds", "domain" => "0").record(0.004);
            metrics::histogram!("seconds", "domain" => "0").record(1000.0);
        });
        let text = figures.render();
        for expected in [
            "# TYPE asked counter\nasked{kind=\"a\\\"b\"} 2\nasked{kind=\"c\"} 1\n",
            "# TYPE height gauge\nheight 7\n",
            "seconds_bucket{domain=\"0\",le=\"0.0025\"} 0\n",
            "seconds_bucket{domain=\"0\",le=\"0.005\"} 1\n",
            "seconds_bucket{domain=\"0\",le=\"+Inf\"} 2\nseconds_sum{domain=\"0\"} 1000.004\nseconds_count{domain=\"0\"} 2\n",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn labels_cannot_fill_the_memory() {
        let figures = Figures::default();
        metrics::with_local_recorder(&figures, || {
            for number in 0..2 * MAX_SERIES {
                metrics::counter!("asked", "who" => number.to_string()).increment(1);
            }
        });
        assert_eq!(figures.render().lines().count(), 1 + MAX_SERIES);
    }
}
