//! Medians, percentiles, and lines that scripts read.

/// The median; `NaN` of nothing.
pub fn median(samples: &[f64]) -> f64 {
    percentile(samples, 0.5)
}

/// The value below which `share` of the samples lie; `NaN` of nothing.
pub fn percentile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// One figure for scripts to read.
pub fn ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.3}");
}

/// Figures that must not be greater than their goals, and how it went.
#[derive(Debug, Default)]
pub struct Goals(Vec<(String, f64, f64)>);

impl Goals {
    /// Prints the figure as [`ratio`] does and keeps it for the table.
    pub fn at_most(&mut self, name: &str, value: f64, goal: f64) {
        ratio(name, value);
        self.0.push((name.to_owned(), value, goal));
    }

    /// The table at the end.
    pub fn print(&self) {
        println!("\n{:<48} {:>12} {:>12}", "goal", "measured", "at most");
        for (name, value, goal) in &self.0 {
            let outcome = if value <= goal { "reached" } else { "NOT REACHED" };
            println!("{name:<48} {value:>12.2} {goal:>12.2}  {outcome}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{median, percentile};

    #[test]
    fn percentiles_are_samples() {
        let samples = [5.0, 1.0, 4.0, 2.0, 3.0];
        for (share, expected) in [(0.0, 1.0), (0.5, 3.0), (0.99, 5.0), (1.0, 5.0)] {
            assert_eq!(percentile(&samples, share), expected, "{share}");
        }
        assert!(median(&[]).is_nan());
    }
}
