//! Deal fields on their way into an answer, the built-in ones among them.

use serde::{Serialize, Serializer, ser::SerializeMap};

use serde_json::json;

use super::{
    Id,
    field::{CustomField, FieldOption, FieldType},
    query::{Query, Refusal},
    second::Second,
};

/// A field every company has.
struct BuiltIn {
    code: &'static str,
    name: &'static str,
    field_type: FieldType,
    on_request: bool,
}

const fn shown(code: &'static str, name: &'static str, field_type: FieldType) -> BuiltIn {
    BuiltIn { code, name, field_type, on_request: false }
}

const fn on_request(code: &'static str, name: &'static str, field_type: FieldType) -> BuiltIn {
    BuiltIn { code, name, field_type, on_request: true }
}

/// Source: API reference v2, deal object; which types the real account names for them is only partly known.
static BUILT_IN: [BuiltIn; 48] = [
    shown("id", "ID", FieldType::Int),
    shown("title", "Title", FieldType::Varchar),
    shown("creator_user_id", "Creator", FieldType::User),
    shown("owner_id", "Owner", FieldType::User),
    shown("value", "Value", FieldType::Monetary),
    shown("currency", "Currency", FieldType::Varchar),
    shown("person_id", "Contact person", FieldType::People),
    shown("org_id", "Organization", FieldType::Org),
    shown("pipeline_id", "Pipeline", FieldType::Int),
    shown("stage_id", "Stage", FieldType::Stage),
    shown("status", "Status", FieldType::Status),
    shown("label_ids", "Label", FieldType::Set),
    shown("probability", "Probability", FieldType::Int),
    shown("lost_reason", "Lost reason", FieldType::Varchar),
    shown("visible_to", "Visible to", FieldType::VisibleTo),
    shown("add_time", "Deal created", FieldType::Date),
    shown("update_time", "Update time", FieldType::Date),
    shown("stage_change_time", "Last stage change", FieldType::Date),
    shown("archive_time", "Archive time", FieldType::Date),
    shown("close_time", "Deal closed on", FieldType::Date),
    shown("won_time", "Won time", FieldType::Date),
    shown("lost_time", "Lost time", FieldType::Date),
    shown("local_won_date", "Won date", FieldType::Date),
    shown("local_lost_date", "Lost date", FieldType::Date),
    shown("local_close_date", "Closed date", FieldType::Date),
    shown("expected_close_date", "Expected close date", FieldType::Date),
    shown("origin", "Source origin", FieldType::Varchar),
    shown("origin_id", "Source origin ID", FieldType::Varchar),
    shown("channel", "Source channel", FieldType::Enum),
    shown("channel_id", "Source channel ID", FieldType::Varchar),
    shown("acv", "ACV", FieldType::Double),
    shown("arr", "ARR", FieldType::Double),
    shown("mrr", "MRR", FieldType::Double),
    on_request("source_lead_id", "Source lead", FieldType::Varchar),
    on_request("next_activity_id", "Next activity", FieldType::Int),
    on_request("last_activity_id", "Last activity", FieldType::Int),
    on_request("first_won_time", "First won time", FieldType::Date),
    on_request("products_count", "Products count", FieldType::Int),
    on_request("files_count", "Files count", FieldType::Int),
    on_request("notes_count", "Notes count", FieldType::Int),
    on_request("followers_count", "Followers count", FieldType::Int),
    on_request("email_messages_count", "Email messages count", FieldType::Int),
    on_request("activities_count", "Total activities", FieldType::Int),
    on_request("done_activities_count", "Done activities", FieldType::Int),
    on_request("undone_activities_count", "Activities to do", FieldType::Int),
    on_request("participants_count", "Participants count", FieldType::Int),
    on_request("last_incoming_mail_time", "Last email received", FieldType::Date),
    on_request("last_outgoing_mail_time", "Last email sent", FieldType::Date),
];

/// How many fields every company has.
pub(super) const BUILT_IN_COUNT: usize = BUILT_IN.len();

/// A field as `/api/v2/dealFields` writes it.
pub(super) enum FieldView<'a> {
    /// The built-in field at this place; `label_ids` offers `labels`.
    BuiltIn { place: usize, labels: &'a [FieldOption] },
    /// A field of the company.
    Custom(&'a CustomField),
}

/// Which members `include_fields` asks for.
///
/// Source: API reference v2, dealFields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings([bool; 3]);

/// The members that `include_fields` can name.
const SETTINGS: [&str; 3] = ["ui_visibility", "important_fields", "required_fields"];

impl Settings {
    /// Reads the parameter.
    pub(super) fn parse(query: &Query) -> Result<Self, Refusal> {
        let members = query.included(|member| SETTINGS.contains(&member))?;
        Ok(Self(SETTINGS.map(|setting| members.contains(&setting))))
    }

    /// Every member.
    pub(super) const ALL: Self = Self([true; 3]);

    /// Adds the members to a field.
    pub(super) fn of(self, view: FieldView<'_>) -> Described<'_> {
        Described { view, settings: self }
    }
}

/// A field with the members that were asked for.
pub(super) struct Described<'a> {
    view: FieldView<'a>,
    settings: Settings,
}

impl Serialize for Described<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.view.members(&mut map)?;
        let all = json!({"add_visible_flag": true, "details_visible_flag": true, "projects_detail_visible_flag": false,
            "show_in_pipelines": {"show_in_all": true, "pipeline_ids": []}});
        let important = json!({"enabled": false, "stage_ids": []});
        let required = json!({"enabled": false, "stage_ids": [], "statuses": {}});
        let values = [all, important, required];
        for ((name, value), asked) in SETTINGS.iter().zip(values).zip(self.settings.0) {
            if asked {
                map.serialize_entry(name, &value)?;
            }
        }
        map.end()
    }
}

impl FieldView<'_> {
    /// Returns the key.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::BuiltIn { place, .. } => BUILT_IN[*place].code,
            Self::Custom(field) => &field.code,
        }
    }

    fn members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let (name, code, field_type, custom, on_request) = match self {
            Self::BuiltIn { place, .. } => {
                let field = &BUILT_IN[*place];
                (field.name, field.code, field.field_type, false, field.on_request)
            }
            Self::Custom(field) => {
                (field.name.as_str(), field.code.as_str(), field.field_type, true, false)
            }
        };
        map.serialize_entry("field_name", name)?;
        map.serialize_entry("field_code", code)?;
        map.serialize_entry("description", "")?;
        map.serialize_entry("field_type", field_type.name())?;
        map.serialize_entry("options", &self.options(code, field_type))?;
        map.serialize_entry("subfields", &subfields(name, field_type))?;
        map.serialize_entry("is_custom_field", &custom)?;
        map.serialize_entry("is_optional_response_field", &on_request)
    }
}

/// An option as the API writes it.
#[derive(Serialize)]
#[serde(untagged)]
enum OptionView<'a> {
    Custom {
        id: Id,
        label: &'a str,
        color: Option<&'static str>,
        add_time: Second,
        update_time: Option<Second>,
    },
    BuiltIn {
        id: &'static str,
        label: &'static str,
    },
}

impl FieldView<'_> {
    fn options(&self, code: &str, field_type: FieldType) -> Option<Vec<OptionView<'_>>> {
        let text = |options: &[(&'static str, &'static str)]| {
            Some(options.iter().map(|&(id, label)| OptionView::BuiltIn { id, label }).collect())
        };
        let options = match self {
            Self::BuiltIn { labels, .. } if code == "label_ids" => labels,
            Self::BuiltIn { .. } => {
                return match code {
                    "status" => text(&[
                        ("open", "Open"),
                        ("won", "Won"),
                        ("lost", "Lost"),
                        ("deleted", "Deleted"),
                    ]),
                    "channel" => text(&CHANNELS),
                    "visible_to" => text(&VISIBILITY),
                    _ => None,
                };
            }
            Self::Custom(field) if field_type.has_options() => field.options.as_slice(),
            Self::Custom(_) => return None,
        };
        Some(options.iter().map(OptionView::of).collect())
    }
}

impl<'a> OptionView<'a> {
    fn of(option: &'a FieldOption) -> Self {
        let FieldOption { id, ref label, color, add_time, update_time } = *option;
        Self::Custom { id, label, color, add_time, update_time }
    }
}

/// The options of the built-in field `channel`; a deal holds the number.
const CHANNELS: [(&str, &str); 3] =
    [("51", "Web forms"), ("52", "Marketing campaign"), ("53", "Chatbot")];

/// Source: API reference, `visible_to` on the plans with visibility groups.
const VISIBILITY: [(&str, &str); 4] = [
    ("1", "Item owner"),
    ("3", "Item owner's visibility group"),
    ("5", "Item owner's visibility group and sub-groups"),
    ("7", "All users"),
];

/// A part of a composed field.
#[derive(Serialize)]
struct Subfield {
    field_code: &'static str,
    field_name: String,
    field_type: &'static str,
}

/// Returns the parts of a composed field. Source: API reference v2, `subfields`.
fn subfields(name: &str, field_type: FieldType) -> Option<Vec<Subfield>> {
    let part = |(field_code, field_name): (&'static str, &str), field_type| Subfield {
        field_code,
        field_name: field_name.to_owned(),
        field_type,
    };
    match field_type {
        FieldType::Monetary => Some(vec![
            part(("value", &format!("Amount of {name}")), "double"),
            part(("currency", &format!("Currency of {name}")), "varchar"),
        ]),
        FieldType::Address => {
            let parts = [
                ("value", name),
                ("subpremise", "Apartment/suite no"),
                ("street_number", "House number"),
                ("route", "Street/road name"),
                ("sublocality", "District/sublocality"),
                ("locality", "City/town/village/locality"),
                ("admin_area_level_1", "State/county"),
                ("admin_area_level_2", "Region"),
                ("country", "Country"),
                ("postal_code", "ZIP/Postal code"),
                ("formatted_address", "Full/combined address"),
            ];
            Some(parts.into_iter().map(|names| part(names, "varchar")).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_field_lists_its_parts() {
        let parts = subfields("Budget", FieldType::Monetary).unwrap();
        assert_eq!(
            parts.iter().map(|part| part.field_code).collect::<Vec<_>>(),
            ["value", "currency"]
        );
        assert_eq!(subfields("Site", FieldType::Address).unwrap().len(), 11);
        assert!(subfields("Title", FieldType::Varchar).is_none());
    }
}
