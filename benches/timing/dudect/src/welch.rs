//! Welch's t-test, with the slowest samples cut off.

/// Running times of both classes, in nanoseconds.
#[derive(Default)]
pub struct Samples {
    pub fixed: Vec<u32>,
    pub random: Vec<u32>,
}

/// Shares of the samples that are kept, of a thousand: what interrupts a program makes the slowest.
const KEPT: [usize; 7] = [1000, 999, 990, 950, 900, 750, 500];

/// Count, mean and variance of a class.
struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Samples {
    /// The mean of all that are kept at 99 %.
    pub fn mean(&self) -> f64 {
        let limit = *self.limits(&[990]).first().expect("one");
        Moments::of(self.fixed.iter().chain(&self.random), limit).mean
    }

    /// How much longer the random class took, in the mean of all that are kept at 99 %.
    pub fn difference(&self) -> f64 {
        let limit = *self.limits(&[990]).first().expect("one");
        Moments::of(self.random.iter(), limit).mean - Moments::of(self.fixed.iter(), limit).mean
    }

    /// The largest |t| over all cuts.
    pub fn max_t(&self) -> f64 {
        let of =
            |limit| welch(&Moments::of(self.fixed.iter(), limit), &Moments::of(self.random.iter(), limit));
        self.limits(&KEPT).into_iter().map(|limit| of(limit).abs()).fold(0.0, f64::max)
    }

    /// The percentiles of both classes together, so that a cut says nothing about a class.
    fn limits(&self, kept: &[usize]) -> Vec<u32> {
        let mut all: Vec<u32> = self.fixed.iter().chain(&self.random).copied().collect();
        all.sort_unstable();
        let last = all.len().saturating_sub(1);
        kept.iter().map(|kept| all.get(last * kept / 1000).copied().unwrap_or(u32::MAX)).collect()
    }
}

impl Moments {
    fn of<'a>(samples: impl Iterator<Item = &'a u32> + Clone, limit: u32) -> Self {
        let kept = samples.filter(|sample| **sample <= limit).map(|sample| f64::from(*sample));
        let (count, sum) = kept.clone().fold((0.0, 0.0), |(count, sum), sample| (count + 1.0, sum + sample));
        let mean = sum / count;
        let squares: f64 = kept.map(|sample| (sample - mean).powi(2)).sum();
        Self { count, mean, variance: squares / (count - 1.0) }
    }
}

/// 0 where neither class varies and they are equal.
fn welch(one: &Moments, other: &Moments) -> f64 {
    let error = (one.variance / one.count + other.variance / other.count).sqrt();
    let difference = one.mean - other.mean;
    if difference == 0.0 { 0.0 } else { difference / error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_is_that_of_a_worked_example() {
        // Means 3 and 5, variances 2.5, five samples each: t = −2 / √(0.5 + 0.5).
        let samples = Samples { fixed: vec![1, 2, 3, 4, 5], random: vec![3, 4, 5, 6, 7] };
        let [one, other] = [&samples.fixed, &samples.random].map(|class| Moments::of(class.iter(), u32::MAX));
        assert!((welch(&one, &other) + 2.0).abs() < 1e-12);
    }

    #[test]
    fn equal_classes_do_not_differ() {
        let class: Vec<u32> = (0..1000).map(|at| at * 7919 % 1009).collect();
        assert!(Samples { fixed: class.clone(), random: class }.max_t() < 1e-9);
    }

    #[test]
    fn a_small_shift_under_outliers_is_seen_in_a_cut() {
        let class = |shift: u32| {
            let sample = |at: u32| {
                if at.is_multiple_of(100) { 1_000_000 + at * 911 } else { 500 + at * 7919 % 61 + shift }
            };
            (0..20_000).map(sample).collect::<Vec<u32>>()
        };
        assert!(Samples { fixed: class(0), random: class(0) }.max_t() < 1.0);
        assert!(Samples { fixed: class(0), random: class(2) }.max_t() > 5.0);
    }
}
