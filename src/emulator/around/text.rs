//! What activities, files, notes and mails say: it follows from their ids, so nothing of it is kept.

use super::super::Id;

/// Kinds of activities. Source: API reference v1, activity types: those that every company begins with.
const ACTIVITIES: [(&str, &str); 6] = [
    ("call", "Call back"),
    ("meeting", "Meet at their office"),
    ("task", "Prepare the offer"),
    ("deadline", "Offer ends"),
    ("email", "Send the documents"),
    ("lunch", "Lunch"),
];
/// Names of files: without and with the ending, which says the type.
const FILES: [(&str, &str, &str); 4] = [
    ("offer", "pdf", "pdf"),
    ("floor-plan", "png", "img"),
    ("calculation", "xlsx", "excel"),
    ("contract", "docx", "word"),
];
const SUBJECTS: [&str; 5] =
    ["Our offer", "Re: Our offer", "Delivery date", "Re: Delivery date", "Contract"];

/// Returns a number that looks like chance; the second one tells several of one id apart.
pub(super) fn mixed(id: Id, salt: u32) -> u32 {
    fastrand::Rng::with_seed(u64::from(salt) << 32 | u64::from(id)).u32(..)
}

fn chosen<T: Copy>(id: Id, from: &[T]) -> T {
    from[mixed(id, 9) as usize % from.len()]
}

/// Returns the type and the subject of an activity.
pub(super) fn activity(id: Id) -> (&'static str, &'static str) {
    chosen(id, &ACTIVITIES)
}

/// Returns the name, the type and the size of a file.
pub(super) fn file(id: Id) -> (String, &'static str, u32) {
    let (name, ending, kind) = chosen(id, &FILES);
    (format!("{name}-{id}.{ending}"), kind, 1_000 + mixed(id, 8) % 900_000)
}

/// Returns whether a note is pinned to its deal.
pub(super) fn is_pinned(id: Id) -> bool {
    mixed(id, 6).is_multiple_of(8)
}

/// Returns the subject of a mail.
pub(super) fn mail(id: Id) -> &'static str {
    chosen(id, &SUBJECTS)
}
