//! Edits: what can be changed, and why not.

use serde::{Deserialize, Serialize};

use super::{
    Id,
    attached::{Discount, Installment, ProductLine},
    deal::{Child, CloseDate},
    field::FieldType,
    reference::Reference,
    second::Second,
    value::{Address, Cents, Currency, Value},
};

/// A change of the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Something that hangs on a deal came (positive) or went (negative); rows are made up, or the last ones go.
    Children(Id, Child, i16),
    /// Adds a product line to a deal.
    AddProduct(Id, ProductLine),
    /// Changes the line with the second id.
    EditProduct(Id, Id, ProductLine),
    /// Removes the line with the second id; installments go with the last one that is billed once.
    RemoveProduct(Id, Id),
    /// Adds an installment to a deal that has a product which is billed once and none that is billed again.
    AddInstallment(Id, Installment),
    /// Changes the installment with the second id.
    EditInstallment(Id, Id, Installment),
    /// Removes the installment with the second id.
    RemoveInstallment(Id, Id),
    /// Adds a discount to a deal.
    AddDiscount(Id, Discount),
    /// Changes the discount with this UUID.
    EditDiscount(Id, String, Discount),
    /// Removes the discount with this UUID.
    RemoveDiscount(Id, String),
    /// Lets a user, the second id, follow a deal.
    AddFollower(Id, Id),
    /// Lets a user follow a deal no longer.
    RemoveFollower(Id, Id),
    /// Lets a person, the second id, take part in a deal.
    AddParticipant(Id, Id),
    /// Removes the participant (not the person) with the second id.
    RemoveParticipant(Id, Id),
    /// Makes another deal like one: with its own members, its lines, discounts, installments and participants.
    DuplicateDeal(Id),
    /// Makes one deal of two: what `loser` has moves to `winner`, then `loser` is deleted.
    MergeDeals {
        /// The deal that goes.
        loser: Id,
        /// The deal that stays.
        winner: Id,
    },
    /// Makes a lead of a deal; the deal is deleted.
    ConvertToLead(Id),
    /// Deletes a deal; it can be restored for 30 days.
    DeleteDeal(Id),
    /// Brings a deleted deal back.
    RestoreDeal(Id),
    /// Archives a deal.
    ArchiveDeal(Id),
    /// Archives a deal as if it had been at another time, or says so of one that is archived.
    ArchiveDealAt(Id, Second),
    /// Takes a deal out of the archive.
    UnarchiveDeal(Id),
    /// Removes a deal for good, without a trace in any list.
    PurgeDeal(Id),
    /// A new user, with this name.
    AddUser(String),
    /// Gives a user another name.
    RenameUser(Id, String),
    /// Locks a user out; deals keep their owner.
    DeactivateUser(Id),
    /// A new contact, of the token's user.
    AddPerson {
        /// Full name.
        name: String,
        /// Where the contact works.
        org_id: Option<Id>,
    },
    /// A change of a contact.
    ChangePerson(Id, PersonChange),
    /// Deletes a contact, which can be restored for 30 days; deals keep its number.
    DeletePerson(Id),
    /// Brings a deleted contact back.
    RestorePerson(Id),
    /// Removes a contact for good, without a trace in any list; deals keep its number.
    PurgePerson(Id),
    /// A new customer, of the token's user.
    AddOrganization {
        /// Its name.
        name: String,
    },
    /// A change of a customer.
    ChangeOrganization(Id, OrganizationChange),
    /// Deletes a customer, which can be restored for 30 days; deals and contacts keep its number.
    DeleteOrganization(Id),
    /// Brings a deleted customer back.
    RestoreOrganization(Id),
    /// Removes a customer for good, without a trace in any list; deals and contacts keep its number.
    PurgeOrganization(Id),
    /// A new product in the catalogue, of the token's user.
    AddCatalogProduct {
        /// Its name.
        name: String,
        /// What one costs in the currency of the company.
        price: Cents,
    },
    /// A change of a product in the catalogue; the lines of deals show its name and nothing else of it.
    ChangeCatalogProduct(Id, ProductChange),
    /// Deletes a product of the catalogue, which can be restored for 30 days; lines stay.
    DeleteCatalogProduct(Id),
    /// Brings a deleted product back.
    RestoreCatalogProduct(Id),
    /// Removes a product for good; lines stay, but without its name and number.
    PurgeCatalogProduct(Id),
    /// A new stage at the end of a pipeline.
    AddStage {
        /// Its name.
        name: String,
        /// The pipeline.
        pipeline_id: Id,
        /// How likely deals in it are won, in percent.
        probability: u8,
    },
    /// A change of a stage.
    ChangeStage(Id, StageChange),
    /// Deletes a stage, but not the last one; deals stay in it.
    DeleteStage(Id),
    /// Removes a stage for good, but not the last one; deals keep its number.
    PurgeStage(Id),
    /// A new pipeline, without stages.
    AddPipeline(String),
    /// Gives a pipeline another name.
    RenamePipeline(Id, String),
    /// Says whether deals of a pipeline have a probability of their own.
    EnableProbability(Id, bool),
    /// Deletes a pipeline; its stages and deals stay as they are.
    DeletePipeline(Id),
    /// Removes a pipeline for good; its stages and deals keep its number.
    PurgePipeline(Id),
    /// A new currency that the company made up.
    AddCurrency {
        /// Its code.
        code: Currency,
        /// Its name.
        name: String,
    },
    /// Gives a currency another name.
    RenameCurrency(Id, String),
    /// Removes a currency; amounts keep its code.
    RemoveCurrency(Id),
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
    /// Gives an option of a custom field, or of `label_ids`, another label.
    RenameOption(String, Id, String),
    /// Removes an option; deals keep its number.
    RemoveOption(String, Id),
}

/// A change of a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PersonChange {
    /// Another name.
    Name(String),
    /// Another place of work.
    Organization(Option<Id>),
    /// Other mail addresses, the primary one first.
    Emails(Vec<String>),
    /// Other phone numbers, the primary one first.
    Phones(Vec<String>),
    /// Another owner.
    Owner(Id),
    /// Other labels.
    Labels(Vec<Id>),
    /// Who may see it: 1, 3, 5 or 7.
    VisibleTo(u8),
    /// Another value of the custom field that holds a text.
    Extra(Option<String>),
}

/// A change of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum OrganizationChange {
    /// Another name.
    Name(String),
    /// Another place.
    Address(Option<Box<Address>>),
    /// Another page on the web.
    Website(Option<String>),
    /// Another owner.
    Owner(Id),
    /// Other labels.
    Labels(Vec<Id>),
    /// Who may see it: 1, 3, 5 or 7.
    VisibleTo(u8),
    /// Another value of the custom field that holds a text.
    Extra(Option<String>),
}

/// A change of a product in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ProductChange {
    /// Another name.
    Name(String),
    /// Another price in one currency, which may be one it had no price in.
    Price(Currency, Cents),
    /// Another number in the books.
    Code(String),
    /// Another tax, in hundredths of a percent.
    Tax(Cents),
    /// Another owner.
    Owner(Id),
    /// Who may see it: 1, 3, 5 or 7.
    VisibleTo(u8),
    /// Another value of the custom field that holds a text.
    Extra(Option<String>),
}

/// A change of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StageChange {
    /// Another name.
    Name(String),
    /// How likely deals in it are won, in percent.
    Probability(u8),
    /// Another place in the pipeline; the other stages stay where they are.
    Order(u16),
    /// After how many days a deal in it is rotten; `None`: never.
    Rotten(Option<u16>),
}

/// A change of a deal's own members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DealChange {
    /// Another title.
    Title(String),
    /// Another value.
    Value(Option<Cents>, Currency),
    /// Another stage, and with it perhaps another pipeline.
    Stage(Id),
    /// The deal is won.
    Win,
    /// The deal is lost, for a reason; an empty one is none. A deal that is lost already gets another reason.
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
    /// Another likelihood, in hundredths of a percent.
    Probability(Option<u16>),
    /// Another day on which it should be closed.
    ExpectedClose(Option<CloseDate>),
    /// Another time at which it was won or lost; a deal that is open has none.
    Closed(Second),
    /// Another value of a custom field, named by its code.
    Custom(String, Option<Value>),
}

/// What an edit made or touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// A deal.
    Deal(Id),
    /// A product line: the deal and the id of the line.
    Product(Id, Id),
    /// An installment: the deal and its id.
    Installment(Id, Id),
    /// A discount: the deal and its UUID.
    Discount(Id, String),
    /// A follower: the deal and the user.
    Follower(Id, Id),
    /// A participant: the deal and the id of the participant.
    Participant(Id, Id),
    /// A job that makes a lead of a deal: the deal and the UUID of the job.
    Conversion(Id, String),
    /// A field, by its code.
    Field(String),
    /// An option.
    Option(Id),
    /// A record of reference data.
    Record(Reference, Id),
}

impl Edited {
    /// Returns the deal that was touched, or whose children were; `None`: a field, an option or a record of reference
    /// data.
    pub fn deal(&self) -> Option<Id> {
        match self {
            Self::Deal(id)
            | Self::Product(id, _)
            | Self::Installment(id, _)
            | Self::Discount(id, _)
            | Self::Follower(id, _)
            | Self::Participant(id, _)
            | Self::Conversion(id, _) => Some(*id),
            Self::Field(_) | Self::Option(_) | Self::Record(..) => None,
        }
    }
}

/// Why an edit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// No such deal, or it was purged.
    #[error("there is no such deal")]
    NoDeal,
    /// No such custom field, option or record of reference data.
    #[error("there is no such field, option or record")]
    Unknown,
    /// A deleted deal or record can only be restored.
    #[error("it is deleted")]
    Deleted,
    /// An archived deal can only be unarchived, deleted and restored.
    #[error("the deal is archived")]
    Archived,
    /// The deal or record is already as the edit would make it.
    #[error("it is already so")]
    Already,
    /// Nothing of the kind with that id hangs on the deal.
    #[error("nothing with that id hangs on the deal")]
    NoChild,
    /// The rules of products, installments, discounts, merging or stages forbid it.
    #[error("the rules of the API forbid it")]
    NotAllowed,
    /// The value does not fit the field's type.
    #[error("the value does not fit the field")]
    WrongType,
}
