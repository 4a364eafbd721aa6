//! Records on their way into an answer.
//!
//! Source: the schemas of the API reference; the order of the members is that of its examples. An organization has no
//! `org_id`: the example shows one, the schema does not. The members of persons that contact sync adds are not here.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::{
    super::{
        Id, answer,
        company::{CurrencyEntry, Extra, Pipeline, Stage, User},
        second::{Second, v1},
        value::Currency,
        world::World,
    },
    Record, Reference,
    contact::{ExtraView, OrganizationView, PersonView, ProductView},
};

/// A record in the shape that was asked for.
pub(in super::super) struct RecordView<'a> {
    kind: Reference,
    id: Id,
    record: Record<'a>,
    world: &'a World,
    /// The keys of `custom_fields`; `None`: all.
    keys: Option<&'a [&'a str]>,
}

impl<'a> RecordView<'a> {
    pub(super) fn new(kind: Reference, id: Id, record: Record<'a>, world: &'a World) -> Self {
        Self { kind, id, record, world, keys: None }
    }

    /// Shows only the custom fields with these keys.
    pub(super) fn only(self, keys: Option<&'a [&'a str]>) -> Self {
        Self { keys, ..self }
    }

    pub(super) fn json(&self) -> Json {
        serde_json::to_value(self).expect("a record is writable as JSON")
    }

    fn extra(&self, extra: &'a Extra) -> ExtraView<'a> {
        ExtraView { codes: self.kind.extra_codes().unwrap_or_default(), extra, keys: self.keys }
    }
}

impl Serialize for RecordView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let id = self.id;
        match self.record {
            Record::Pipeline(pipeline) => PipelineView::of(id, pipeline).serialize(serializer),
            Record::Stage(stage) => StageView::of(id, stage).serialize(serializer),
            Record::User(user) => UserView::of(id, user, self.world).serialize(serializer),
            Record::Currency(currency) => CurrencyView::of(id, currency).serialize(serializer),
            Record::Person(person) => {
                PersonView::of(id, person, self.extra(&person.extra)).serialize(serializer)
            }
            Record::Organization(organization) => {
                let extra = self.extra(&organization.extra);
                OrganizationView::of(id, organization, extra).serialize(serializer)
            }
            Record::Product(product) => {
                let extra = self.extra(&product.extra);
                ProductView::of(id, product, extra, self.world.company()).serialize(serializer)
            }
        }
    }
}

#[derive(Serialize)]
struct PipelineView<'a> {
    id: Id,
    name: &'a str,
    order_nr: u16,
    is_deleted: bool,
    is_deal_probability_enabled: bool,
    add_time: Second,
    update_time: Second,
}

impl<'a> PipelineView<'a> {
    fn of(id: Id, pipeline: &'a Pipeline) -> Self {
        Self {
            id,
            name: &pipeline.name,
            order_nr: pipeline.order_nr,
            is_deleted: pipeline.stamp.deleted.is_some(),
            is_deal_probability_enabled: pipeline.deal_probability,
            add_time: pipeline.stamp.add_time,
            update_time: pipeline.stamp.update_time,
        }
    }
}

#[derive(Serialize)]
struct StageView<'a> {
    id: Id,
    order_nr: u16,
    name: &'a str,
    is_deleted: bool,
    deal_probability: u8,
    pipeline_id: Id,
    is_deal_rot_enabled: bool,
    days_to_rotten: Option<u16>,
    add_time: Second,
    update_time: Second,
}

impl<'a> StageView<'a> {
    fn of(id: Id, stage: &'a Stage) -> Self {
        Self {
            id,
            order_nr: stage.order_nr,
            name: &stage.name,
            is_deleted: stage.stamp.deleted.is_some(),
            deal_probability: stage.probability,
            pipeline_id: stage.pipeline_id,
            is_deal_rot_enabled: stage.days_to_rotten.is_some(),
            days_to_rotten: stage.days_to_rotten,
            add_time: stage.stamp.add_time,
            update_time: stage.stamp.update_time,
        }
    }
}

#[derive(Serialize)]
struct UserView<'a> {
    id: Id,
    name: &'a str,
    default_currency: Currency,
    locale: &'static str,
    lang: u8,
    email: &'a str,
    phone: Option<&'a str>,
    activated: bool,
    last_login: String,
    created: String,
    modified: Option<String>,
    has_created_company: bool,
    access: [Access; 3],
    active_flag: bool,
    timezone_name: &'static str,
    timezone_offset: String,
    role_id: u8,
    icon_url: Option<&'static str>,
    is_you: bool,
    is_deleted: bool,
}

#[derive(Serialize)]
struct Access {
    app: &'static str,
    admin: bool,
    permission_set_id: String,
}

impl<'a> UserView<'a> {
    fn of(id: Id, user: &'a User, world: &World) -> Self {
        let (company, is_you) = (world.company(), id == world.user());
        let first = company.users.keys().next() == Some(&id);
        let admin = if is_you { world.switches().admin } else { first };
        let permission_set_id = answer::uuid(u128::from(id) << 64);
        let access = ["sales", "global", "account_settings"].map(|app| Access {
            app,
            admin,
            permission_set_id: permission_set_id.clone(),
        });
        Self {
            id,
            name: &user.name,
            default_currency: company.currency,
            locale: "en_GB",
            lang: 1,
            email: &user.email,
            phone: user.phone.as_deref(),
            activated: true,
            last_login: v1(user.created),
            created: v1(user.created),
            modified: user.modified.map(v1),
            has_created_company: admin,
            access,
            active_flag: user.active,
            timezone_name: "Europe/Tallinn",
            timezone_offset: format!("{:+03}:00", company.utc_offset_hours),
            role_id: 1,
            icon_url: None,
            is_you,
            is_deleted: false,
        }
    }
}

/// Writes a user as `/v1/users` does.
pub(in super::super) fn user_json(id: Id, user: &User, world: &World) -> Json {
    RecordView::new(Reference::Users, id, Record::User(user), world).json()
}

#[derive(Serialize)]
struct CurrencyView<'a> {
    id: Id,
    code: Currency,
    name: &'a str,
    decimal_points: u8,
    symbol: &'a str,
    active_flag: bool,
    is_custom_flag: bool,
}

impl<'a> CurrencyView<'a> {
    fn of(id: Id, currency: &'a CurrencyEntry) -> Self {
        Self {
            id,
            code: currency.code,
            name: &currency.name,
            decimal_points: currency.decimal_points,
            symbol: &currency.symbol,
            active_flag: currency.active,
            is_custom_flag: currency.custom,
        }
    }
}
