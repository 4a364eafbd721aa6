//! Limits that are a part of something, or a number.

/// What the company's other programs are left of a day's budget, whatever our share is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reserve {
    /// This part of the budget, 0 to 1.
    Part(f64),
    /// This much cost.
    Cost(u64),
}

/// How many rows one reconcile may give up for missing before a person is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ceiling {
    /// This part of the live rows, 0 to 1.
    Part(f64),
    /// This many rows.
    Rows(u64),
}
