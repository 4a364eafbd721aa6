//! What a deal brings in within a year.

use super::{super::value::Cents, Attached, ProductLine};

/// What the lines of a deal bring in: the members `mrr`, `arr` and `acv` of the deal.
///
/// Source: API reference v2, deals: each is null "if there are no products attached to the deal". Knowledge base,
/// "recurring products": `mrr` and `arr` are the monthly and annual revenue expected from recurring products, `acv` is
/// the total value of the deal for 12 months; what renews until it is cancelled counts for 12 months, and the start of
/// billing plays no part. How they are calculated is not said; [`Attached::revenue`] tells what is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Revenue {
    /// Annual recurring revenue.
    pub(in super::super) arr: Cents,
    /// Annual contract value.
    pub(in super::super) acv: Cents,
}

impl Revenue {
    /// Returns the monthly recurring revenue, rounded to cents.
    pub(in super::super) fn mrr(self) -> Cents {
        Cents((self.arr.0 + 6).div_euclid(12))
    }
}

impl ProductLine {
    /// Returns how often it is billed in a year, and in the first year as far as its cycles go.
    fn times(&self) -> (i64, i64) {
        let Some(yearly) = self.billing_frequency.per_year() else { return (0, 1) };
        (yearly, self.billing_frequency_cycles.map_or(yearly, |cycles| yearly.min(cycles.into())))
    }
}

impl Attached {
    /// Returns what the enabled lines bring in; `None`: there are no lines.
    ///
    /// A guess: a recurring line counts in `arr` as if its cycles never ended, and in `acv` with those of the first
    /// year; a line that is billed once counts in `acv` alone. The discounts of the deal are taken from `acv`, as from
    /// the value, but not from what recurs.
    pub(in super::super) fn revenue(&self) -> Option<Revenue> {
        if self.lines.is_empty() {
            return None;
        }
        let (mut arr, mut first_year) = (0, 0);
        for line in self.lines.iter().map(|line| &line.line).filter(|line| line.is_enabled) {
            let (yearly, at_first) = line.times();
            arr += line.sum().0 * yearly;
            first_year += line.sum().0 * at_first;
        }
        Some(Revenue { arr: Cents(arr), acv: self.discounted(Cents(first_year)) })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            super::{Id, second::Second},
            Attachment, BillingFrequency as Every, Discount, DiscountType, Granted,
        },
        *,
    };

    const AT: &str = "2026-02-03T16:40:21Z";

    /// Returns `mrr`, `arr` and `acv` of lines of 100 each.
    fn revenue(lines: &[(Every, Option<u8>)]) -> [i64; 3] {
        let revenue = attached(lines).revenue().unwrap();
        [revenue.mrr(), revenue.arr, revenue.acv].map(|amount| amount.0)
    }

    fn attached(lines: &[(Every, Option<u8>)]) -> Attached {
        let at = Second::of(AT.parse().unwrap());
        let line = |(billing_frequency, billing_frequency_cycles): &(Every, Option<u8>)| {
            let once = ProductLine::new(1, 1, Cents(10_000));
            let (billing_frequency, billing_frequency_cycles) =
                (*billing_frequency, *billing_frequency_cycles);
            ProductLine { billing_frequency, billing_frequency_cycles, ..once }
        };
        let kept = |(id, line): (Id, ProductLine)| Attachment {
            id,
            order_nr: 10,
            add_time: at,
            update_time: at,
            line,
        };
        let lines = (1..).zip(lines.iter().map(line)).map(kept).collect();
        Attached { lines, ..Attached::default() }
    }

    #[test]
    fn a_line_counts_as_often_as_it_is_billed() {
        let table = [
            (Every::OneTime, None, [0, 0, 10_000]),
            (Every::Annually, None, [833, 10_000, 10_000]),
            (Every::Annually, Some(3), [833, 10_000, 10_000]),
            (Every::SemiAnnually, None, [1_667, 20_000, 20_000]),
            (Every::Quarterly, Some(2), [3_333, 40_000, 20_000]),
            (Every::Monthly, None, [10_000, 120_000, 120_000]),
            (Every::Monthly, Some(6), [10_000, 120_000, 60_000]),
            (Every::Monthly, Some(24), [10_000, 120_000, 120_000]),
            (Every::Weekly, Some(10), [43_333, 520_000, 100_000]),
            (Every::Weekly, Some(208), [43_333, 520_000, 520_000]),
        ];
        for (frequency, cycles, expected) in table {
            assert_eq!(revenue(&[(frequency, cycles)]), expected, "{frequency:?} {cycles:?}");
        }
        let both = [(Every::Monthly, None), (Every::OneTime, None)];
        assert_eq!(revenue(&both), [10_000, 120_000, 130_000]);
    }

    #[test]
    fn lines_that_are_disabled_come_to_nothing_and_no_lines_to_null() {
        let mut attached = attached(&[(Every::Monthly, None)]);
        attached.lines[0].line.is_enabled = false;
        assert_eq!(attached.revenue(), Some(Revenue { arr: Cents(0), acv: Cents(0) }));
        assert_eq!(Attached::default().revenue(), None);
    }

    #[test]
    fn a_discount_of_the_deal_is_taken_from_the_contract_alone() {
        let mut attached = attached(&[(Every::Monthly, None), (Every::OneTime, None)]);
        let by = (Second::of(AT.parse().unwrap()), 1);
        let discount = Discount {
            description: "10%".to_owned(),
            amount: Cents(1_000),
            discount_type: DiscountType::Percentage,
        };
        attached.discounts = vec![Granted { id: "x".into(), discount, created: by, updated: by }];
        let expected = Revenue { arr: Cents(120_000), acv: Cents(117_000) };
        assert_eq!(attached.revenue(), Some(expected));
    }
}
