//! The dates of a deal that a timeline can go by.

use jiff::civil::Date;

use super::super::{
    deal::{CloseDate, Deal, Status},
    field::{FieldType, Slot},
    second::Second,
    value::Value,
    world::World,
};

/// A date of a deal.
pub(super) enum DateField {
    /// A moment, which counts on its day in UTC.
    Instant(fn(&Deal) -> Option<Second>),
    /// A moment, which counts on its day where the company is.
    Local(fn(&Deal) -> Option<Second>),
    ExpectedClose,
    /// A custom field of type date.
    Custom(Slot),
}

impl DateField {
    /// Finds the date with this key.
    pub(super) fn find(key: &str, world: &World) -> Option<Self> {
        Some(match key {
            "add_time" => Self::Instant(|deal| Some(deal.add_time)),
            "update_time" => Self::Instant(|deal| deal.update_time),
            "stage_change_time" => Self::Instant(|deal| deal.stage_change_time),
            "archive_time" => Self::Instant(|deal| deal.archived),
            "close_time" => Self::Instant(|deal| deal.closed),
            "won_time" => Self::Instant(|deal| closed(deal, Status::Won)),
            "lost_time" => Self::Instant(|deal| closed(deal, Status::Lost)),
            "first_won_time" => Self::Instant(|deal| deal.first_won),
            "last_incoming_mail_time" => Self::Instant(|deal| deal.children.last_incoming_mail),
            "last_outgoing_mail_time" => Self::Instant(|deal| deal.children.last_outgoing_mail),
            "local_close_date" => Self::Local(|deal| deal.closed),
            "local_won_date" => Self::Local(|deal| closed(deal, Status::Won)),
            "local_lost_date" => Self::Local(|deal| closed(deal, Status::Lost)),
            "expected_close_date" => Self::ExpectedClose,
            _ => {
                let field = world.custom_fields().iter().find(|field| field.code == key)?;
                Self::Custom(Some(field.slot).filter(|_| field.field_type == FieldType::Date)?)
            }
        })
    }

    /// Returns the day of a deal; `None`: it has none.
    pub(super) fn day(&self, deal: &Deal, world: &World) -> Option<Date> {
        match self {
            Self::Instant(time) => time(deal).map(|time| time.date_at(0)),
            Self::Local(time) => {
                let offset = world.company().utc_offset_hours;
                time(deal).map(|time| time.date_at(offset))
            }
            Self::ExpectedClose => deal.expected_close.and_then(CloseDate::day),
            Self::Custom(slot) => match deal.custom(*slot) {
                Some(Value::Date(day)) => Some(*day),
                _ => None,
            },
        }
    }
}

fn closed(deal: &Deal, status: Status) -> Option<Second> {
    deal.closed.filter(|_| deal.status == status)
}
