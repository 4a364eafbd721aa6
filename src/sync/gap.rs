//! What is left of a window, estimated from how dense its rows are at both ends. Pure.

use jiff::{SignedDuration, Timestamp};

/// A stretch of change times that is still to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gap {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// Rows a second where it begins.
    pub(super) near: f64,
    /// Rows a second where it ends, if anything was read there.
    pub(super) far: Option<f64>,
}

impl Gap {
    /// Returns how many rows it holds, as if their density changed evenly from end to end.
    pub(super) fn rows(&self) -> f64 {
        (self.near + self.far.unwrap_or(self.near)) / 2.0 * self.seconds()
    }

    /// Returns how many rows it holds, as if they were everywhere as rare as at the end where they are rarer.
    pub(super) fn least_rows(&self) -> f64 {
        self.near.min(self.far.unwrap_or(self.near)) * self.seconds()
    }

    /// Returns the second before which lie the first `ahead` rows and half of the others; `None` if there is none within.
    pub(super) fn middle(&self, ahead: f64) -> Option<Timestamp> {
        let rows = ahead + (self.rows() - ahead) / 2.0;
        // The rows up to a place are a square of its distance: near * x + bend * x * x.
        let bend = (self.far.unwrap_or(self.near) - self.near) / (2.0 * self.seconds());
        let root = (self.near * self.near + 4.0 * bend * rows).max(0.0).sqrt();
        let seconds = 2.0 * rows / (self.near + root);
        let at = self.from.checked_add(SignedDuration::from_secs(seconds as i64)).ok()?;
        (at > self.from && at < self.to).then_some(at)
    }

    fn seconds(&self) -> f64 {
        self.to.duration_since(self.from).as_secs().max(1) as f64
    }
}

/// Returns how many rows a second lie between these change times; `None` if they are of one second, which tells nothing of
/// those beside it.
pub(super) fn density(times: impl Iterator<Item = Timestamp>) -> Option<f64> {
    let (mut first, mut last, mut rows) = (Timestamp::MAX, Timestamp::MIN, 0_u32);
    for at in times {
        (first, last, rows) = (first.min(at), last.max(at), rows + 1);
    }
    let seconds = if rows > 1 { last.duration_since(first).as_secs() } else { 0 };
    (seconds > 0).then(|| f64::from(rows) / seconds as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn gap(seconds: i64, near: f64, far: Option<f64>) -> Gap {
        Gap { from: at(0), to: at(seconds), near, far }
    }

    #[test]
    fn rows_are_as_dense_as_the_pages_at_both_ends() {
        assert_eq!(density([at(0), at(10), at(50)].into_iter()), Some(3.0 / 50.0));
        assert_eq!(density([at(7), at(7), at(7)].into_iter()), None);
        assert_eq!(density(std::iter::empty()), None);
        assert_eq!(gap(100, 2.0, None).rows(), 200.0);
        assert_eq!(gap(100, 2.0, Some(6.0)).rows(), 400.0);
        assert_eq!(gap(100, 6.0, Some(2.0)).least_rows(), 200.0);
    }

    #[test]
    fn it_is_parted_where_half_of_the_rows_lie_that_are_not_ahead_anyway() {
        assert_eq!(gap(100, 2.0, None).middle(0.0), Some(at(50)));
        assert_eq!(gap(100, 2.0, None).middle(100.0), Some(at(75)));
        // 0 to 2 rows a second: a quarter of them in the first half.
        assert_eq!(gap(100, 1e-9, Some(2.0)).middle(0.0), Some(at(70)));
        assert_eq!(gap(1, 500.0, None).middle(0.0), None);
    }

    proptest! {
        #[test]
        fn a_middle_lies_within(
            seconds in 1..400_000_000_i64,
            near in 1e-6..1e6_f64,
            far in proptest::option::of(1e-6..1e6_f64),
            part in 0.0..1.0_f64,
        ) {
            let gap = gap(seconds, near, far);
            if let Some(middle) = gap.middle(part * gap.rows()) {
                prop_assert!(middle > gap.from && middle < gap.to);
            } else {
                prop_assert!(seconds < 3 || gap.rows() < 3.0 || part > 0.5 || near.max(far.unwrap_or(near)) > near);
            }
        }
    }
}
