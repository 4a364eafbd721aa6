//! What of the day's budget is admitted, and when.
