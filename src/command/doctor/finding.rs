//! What was found: in words, a line each with what to do under it, and as JSON.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use pipedrive_mirror::exit::Exit;
use serde_json::{Value, json};

use super::print;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// The mirror works, and not as well as it could.
    Warning,
    /// Something does not work.
    Error,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    fn style(self) -> Style {
        let color = match self {
            Self::Note => AnsiColor::Cyan,
            Self::Warning => AnsiColor::Yellow,
            Self::Error => AnsiColor::Red,
        };
        Style::new().bold().fg_color(Some(color.into()))
    }
}

/// Something that a person should know.
#[derive(Debug)]
struct Finding {
    /// What it is, for a program; it does not change.
    id: &'static str,
    severity: Severity,
    /// What it concerns: a part of the whole, or an entity.
    about: String,
    /// What is the case.
    says: String,
    /// What to do about it.
    next: String,
    /// What a command would end with that meets it.
    exit: Exit,
}

/// A check that found nothing, or something.
#[derive(Debug)]
enum Line {
    Passed { about: &'static str, says: String },
    Found(Finding),
}

/// All that was checked, in that order.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Line>);

impl Findings {
    /// Notes that a check found nothing.
    pub(super) fn ok(&mut self, about: &'static str, says: impl Into<String>) {
        self.0.push(Line::Passed { about, says: says.into() });
    }

    /// Adds something worth knowing.
    pub(super) fn note(&mut self, id: &'static str, about: &str, says: &str, next: &str) {
        self.add(id, Severity::Note, about, (says, next), Exit::Complete);
    }

    /// Adds something that works, and not as well as it could.
    pub(super) fn warning(&mut self, id: &'static str, about: &str, says: &str, next: &str) {
        self.add(id, Severity::Warning, about, (says, next), Exit::Complete);
    }

    /// Adds something that does not work; a command that meets it ends with `exit`.
    pub(super) fn error(
        &mut self,
        id: &'static str,
        about: &str,
        (says, next): (&str, &str),
        exit: Exit,
    ) {
        self.add(id, Severity::Error, about, (says, next), exit);
    }

    fn add(
        &mut self,
        id: &'static str,
        severity: Severity,
        about: &str,
        (says, next): (&str, &str),
        exit: Exit,
    ) {
        if self.found().any(|found| found.id == id && found.about == about) {
            return;
        }
        let [about, says, next] = [about, says, next].map(str::to_owned);
        self.0.push(Line::Found(Finding { id, severity, about, says, next, exit }));
    }

    fn found(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter_map(|line| match line {
            Line::Found(finding) => Some(finding),
            Line::Passed { .. } => None,
        })
    }

    fn count(&self, severity: Severity) -> usize {
        self.found().filter(|found| found.severity == severity).count()
    }

    /// Returns the exit code: that of the errors which holds of several; notes and warnings have none.
    pub(super) fn exit(&self) -> Exit {
        Exit::combine(self.found().map(|found| found.exit))
    }

    /// Returns it as one JSON object. `healthy`: there is neither an error nor a warning.
    pub(super) fn to_json(&self, cost: u64) -> Value {
        let findings: Vec<Value> = self
            .found()
            .map(|found| {
                json!({
                    "id": found.id,
                    "severity": found.severity.name(),
                    "about": found.about,
                    "says": found.says,
                    "next": found.next,
                })
            })
            .collect();
        let passed: Vec<Value> = self
            .0
            .iter()
            .filter_map(|line| match line {
                Line::Passed { about, says } => Some(json!({"about": about, "says": says})),
                Line::Found(_) => None,
            })
            .collect();
        json!({
            "healthy": self.found().all(|found| found.severity == Severity::Note),
            "exit": self.exit().code(),
            "cost": cost,
            "findings": findings,
            "passed": passed,
        })
    }

    /// Says it in words: a line for each check, and under what was found what to do.
    pub(super) fn in_words(&self, cost: u64) -> String {
        let mut words = String::new();
        let wide = self.0.iter().map(|line| line.about().len()).max().unwrap_or(0);
        for line in &self.0 {
            let (mark, style, says) = match line {
                Line::Passed { says, .. } => ("ok", Style::new(), says),
                Line::Found(found) => (found.severity.name(), found.severity.style(), &found.says),
            };
            let (about, says) = (line.about(), print::escaped(says));
            // Writing to a String cannot fail.
            let _ = writeln!(words, "{style}{mark:<7}{style:#}  {about:<wide$}  {says}");
            if let Line::Found(found) = line {
                let next = print::escaped(&found.next);
                let _ = writeln!(words, "         {:<wide$}  do this: {next}", "");
            }
        }
        let _ = writeln!(words, "{} Cost: {cost}.", self.sum());
        words
    }

    fn sum(&self) -> String {
        let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
            .into_iter()
            .map(|severity| (self.count(severity), severity.name()))
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
            .collect();
        match counts.is_empty() {
            true => "Nothing is wrong.".to_owned(),
            false => format!("{}.", counts.join(", ")),
        }
    }
}

impl Line {
    fn about(&self) -> &str {
        match self {
            Self::Passed { about, .. } => about,
            Self::Found(found) => &found.about,
        }
    }
}

/// Takes a message apart that ends with its remedy, as those of the library do, at the first semicolon outside brackets:
/// what is the case, and what to do, which is `otherwise` where the message does not say.
pub(super) fn halves<'a>(message: &'a str, otherwise: &'a str) -> (&'a str, &'a str) {
    let mut depth = 0;
    for (at, letter) in message.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ';' if depth == 0 && message[at..].starts_with("; ") => {
                return (&message[..at], &message[at + 2..]);
            }
            _ => {}
        }
    }
    (message, otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_apart_where_its_remedy_begins() {
        assert_eq!(
            halves("it broke (403: a; b); mend it; then go", "-"),
            ("it broke (403: a; b)", "mend it; then go")
        );
        assert_eq!(halves("it broke", "mend it"), ("it broke", "mend it"));
    }

    #[test]
    fn of_several_errors_the_first_of_the_exit_codes_holds_and_a_warning_has_none() {
        let mut findings = Findings::default();
        findings.ok("disk", "room");
        assert_eq!(
            (findings.exit(), findings.to_json(0)["healthy"].clone()),
            (Exit::Complete, json!(true))
        );
        findings.note("a", "x", "says", "next");
        assert_eq!(findings.to_json(0)["healthy"], true);
        findings.warning("b", "x", "says", "next");
        assert_eq!(
            (findings.exit(), findings.to_json(0)["healthy"].clone()),
            (Exit::Complete, json!(false))
        );
        findings.error("c", "x", ("says", "next"), Exit::TokenRefused);
        findings.error("d", "x", ("says", "next"), Exit::Database);
        findings.error("d", "x", ("again", "next"), Exit::Usage);
        assert_eq!(findings.exit(), Exit::Database);
        insta::assert_snapshot!(anstream::adapter::strip_str(&findings.in_words(2)), @"
        ok       disk  room
        note     x     says
                       do this: next
        warning  x     says
                       do this: next
        error    x     says
                       do this: next
        error    x     says
                       do this: next
        2 errors, 1 warning, 1 note. Cost: 2.
        ");
    }
}
