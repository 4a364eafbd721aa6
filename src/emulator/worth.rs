//! What deals come to, currency by currency.

use std::collections::BTreeMap;

use super::{
    deal::{Deal, Status},
    generate::CURRENCIES,
    value::{Cents, Currency},
    world::World,
};

/// Returns how likely a deal is won, in hundredths of a percent.
///
/// Source: API reference v1, `weighted_value`: "Probability can either be deal probability or if not set, then stage
/// probability". An inference: a won deal counts in full and a lost one not at all, and the deal's own probability
/// counts only where its pipeline has such probabilities enabled.
pub(super) fn chance(deal: &Deal, world: &World) -> u16 {
    let company = world.company();
    match deal.status {
        Status::Won => 10_000,
        Status::Lost | Status::Deleted => 0,
        Status::Open => {
            let pipeline = company.pipelines.get(&deal.pipeline_id);
            let own = deal.probability.filter(|_| pipeline.is_some_and(|it| it.deal_probability));
            let stage = company.stages.get(&deal.stage_id);
            own.or(stage.map(|stage| u16::from(stage.probability) * 100)).unwrap_or(0)
        }
    }
}

/// What some deals in one currency come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) count: u64,
    value: i64,
    /// In ten thousandths of a cent, so that only the sum is rounded.
    weighted: i128,
}

impl Sum {
    /// Returns the sum of the values; a deal without one counts with 0.
    pub(super) fn value(self) -> Cents {
        Cents(self.value)
    }

    /// Returns the sum of the weighted values, rounded to cents.
    pub(super) fn weighted(self) -> Cents {
        let half = if self.weighted < 0 { -5_000 } else { 5_000 };
        Cents(i64::try_from((self.weighted + half) / 10_000).unwrap_or(i64::MAX))
    }
}

/// What some deals come to in each of their currencies.
#[derive(Debug, Default)]
pub(super) struct Sums(pub(super) BTreeMap<Currency, Sum>);

impl Sums {
    pub(super) fn add(&mut self, deal: &Deal, world: &World) {
        let value = deal.value.unwrap_or(Cents(0)).0;
        let sum = self.0.entry(deal.currency).or_default();
        sum.count += 1;
        sum.value += value;
        sum.weighted += i128::from(value) * i128::from(chance(deal, world));
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().map(|sum| sum.count).sum()
    }

    /// Converts one figure of all currencies into `currency` and adds it up.
    pub(super) fn converted(&self, currency: Currency, figure: fn(Sum) -> Cents) -> Cents {
        let converted = |(from, sum): (&Currency, &Sum)| convert(figure(*sum), *from, currency);
        rounded(self.0.iter().map(converted).sum())
    }
}

/// Converts an amount, at rates that are made up; a currency without one is worth what the first one is.
pub(super) fn convert(amount: Cents, from: Currency, to: Currency) -> f64 {
    let rate = |currency| {
        CURRENCIES.iter().find(|(known, _)| *known == currency).map_or(1.0, |(_, rate)| *rate)
    };
    amount.amount() * rate(from) / rate(to)
}

/// Rounds an amount to cents.
pub(super) fn rounded(amount: f64) -> Cents {
    Cents((amount * 100.0).round() as i64)
}

/// Formats an amount; how the real one does it depends on the user's locale.
pub(super) fn money(currency: Currency, amount: Cents) -> String {
    format!("{} {:.2}", currency.code(), amount.amount())
}
