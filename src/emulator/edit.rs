//! Edits: what can be changed, and why not.

use super::{
    Id,
    deal::Child,
    field::FieldType,
    value::{Cents, Currency, Value},
};

/// A change of the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A new deal, open, owned by the token's user.
    CreateDeal {
        /// Its title.
        title: String,
        /// Its stage, which says the pipeline.
        stage_id: Id,
        /// What it is worth.
        value: Cents,
        /// In which currency.
        currency: Currency,
    },
    /// A change of a deal's own members.
    ChangeDeal(Id, DealChange),
    /// Something that hangs on a deal came (positive) or went (negative).
    Children(Id, Child, i16),
    /// Deletes a deal; it can be restored for 30 days.
    DeleteDeal(Id),
    /// Brings a deleted deal back.
    RestoreDeal(Id),
    /// Archives a deal.
    ArchiveDeal(Id),
    /// Takes a deal out of the archive.
    UnarchiveDeal(Id),
    /// Removes a deal for good, without a trace in any list.
    PurgeDeal(Id),
    /// A new custom field.
    AddField {
        /// Its name.
        name: String,
        /// What it holds.
        field_type: FieldType,
        /// What there is to choose from, for `enum` and `set`.
        options: Vec<String>,
    },
    /// Gives a custom field another name.
    RenameField(String, String),
    /// Gives a custom field another type; values that do not fit it are lost, and no deal is bumped.
    ChangeFieldType(String, FieldType),
    /// Removes a custom field with all its values; no deal is bumped.
    RemoveField(String),
    /// A new option of a custom field, or of `label_ids`.
    AddOption(String, String),
    /// Removes an option; deals keep its number.
    RemoveOption(String, Id),
}

/// A change of a deal's own members.
#[derive(Debug, Clone, PartialEq)]
pub enum DealChange {
    /// Another title.
    Title(String),
    /// Another value.
    Value(Option<Cents>, Currency),
    /// Another stage, and with it perhaps another pipeline.
    Stage(Id),
    /// The deal is won.
    Win,
    /// The deal is lost, for a reason.
    Lose(String),
    /// The deal is open again.
    Reopen,
    /// Another owner.
    Owner(Id),
    /// Another contact.
    Person(Option<Id>),
    /// Another customer.
    Organization(Option<Id>),
    /// Other labels.
    Labels(Vec<Id>),
    /// Who may see it: 1, 3, 5 or 7.
    VisibleTo(u8),
    /// Another value of a custom field, named by its code.
    Custom(String, Option<Value>),
}

/// What an edit made or touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// A deal.
    Deal(Id),
    /// A field, by its code.
    Field(String),
    /// An option.
    Option(Id),
}

/// Why an edit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// No such deal, or it was purged.
    #[error("there is no such deal")]
    NoDeal,
    /// No such custom field, option, stage or user.
    #[error("there is no such field, option, stage or user")]
    Unknown,
    /// A deleted deal can only be restored.
    #[error("the deal is deleted")]
    Deleted,
    /// An archived deal can only be unarchived, deleted and restored.
    #[error("the deal is archived")]
    Archived,
    /// The deal is already as the edit would make it.
    #[error("the deal is already so")]
    Already,
    /// The value does not fit the field's type.
    #[error("the value does not fit the field")]
    WrongType,
}
