//! Edits of reference data. None of them touches a deal.

use std::collections::BTreeMap;

use super::{
    super::{
        Id,
        company::{CurrencyEntry, Organization, Person, Pipeline, Product, Stage, Stamp, User},
        edit::{
            Edit, EditError, Edited, OrganizationChange, PersonChange, ProductChange, StageChange,
        },
        second::Second,
        value::Currency,
        world::{PURGE_AFTER, World},
    },
    Reference,
};

type Done = Result<Edited, EditError>;

impl World {
    /// Carries out an edit of reference data; any other one is [`EditError::Unknown`] here.
    pub(in super::super) fn apply_reference(&mut self, edit: Edit, now: Second) -> Done {
        use Reference::{Currencies, Organizations, Persons, Pipelines, Products, Stages};
        match edit {
            Edit::AddUser(name) => Ok(self.add_user(name, now)),
            Edit::RenameUser(id, name) => self.change_user(id, now, |user| user.name = name),
            Edit::DeactivateUser(id) => self.change_user(id, now, |user| user.active = false),
            Edit::AddPerson { name, org_id } => self.add_person(name, org_id, now),
            Edit::ChangePerson(id, change) => self.change_person(id, change, now),
            Edit::DeletePerson(id) => self.delete_record(Persons, id, now),
            Edit::RestorePerson(id) => self.restore_record(Persons, id, now),
            Edit::PurgePerson(id) => self.purge_record(Persons, id),
            Edit::AddOrganization { name } => Ok(self.add_organization(name, now)),
            Edit::ChangeOrganization(id, change) => self.change_organization(id, change, now),
            Edit::DeleteOrganization(id) => self.delete_record(Organizations, id, now),
            Edit::RestoreOrganization(id) => self.restore_record(Organizations, id, now),
            Edit::PurgeOrganization(id) => self.purge_record(Organizations, id),
            Edit::AddCatalogProduct { name, price } => {
                let id = self.new_id(Products);
                let product = Product::new(name, price, self.user(), now);
                self.company.products.insert(id, product);
                Ok(Edited::Record(Products, id))
            }
            Edit::ChangeCatalogProduct(id, change) => self.change_catalog(id, change, now),
            Edit::DeleteCatalogProduct(id) => self.delete_record(Products, id, now),
            Edit::RestoreCatalogProduct(id) => self.restore_record(Products, id, now),
            Edit::PurgeCatalogProduct(id) => self.purge_record(Products, id),
            Edit::AddStage { name, pipeline_id, probability } => {
                self.add_stage(name, pipeline_id, probability, now)
            }
            Edit::ChangeStage(id, change) => self.change_stage(id, change, now),
            Edit::DeleteStage(id) => self.delete_record(Stages, id, now),
            Edit::PurgeStage(id) => self.purge_record(Stages, id),
            Edit::AddPipeline(name) => Ok(self.add_pipeline(name, now)),
            Edit::RenamePipeline(id, name) => self.change_pipeline(id, now, |it| it.name = name),
            Edit::EnableProbability(id, enabled) => {
                self.change_pipeline(id, now, |it| it.deal_probability = enabled)
            }
            Edit::DeletePipeline(id) => self.delete_record(Pipelines, id, now),
            Edit::PurgePipeline(id) => self.purge_record(Pipelines, id),
            Edit::AddCurrency { code, name } => self.add_currency(code, name),
            Edit::RenameCurrency(id, name) => {
                let currency = self.company.currencies.get_mut(&id);
                currency.ok_or(EditError::Unknown)?.name = name;
                Ok(Edited::Record(Currencies, id))
            }
            Edit::RemoveCurrency(id) => self.purge_record(Currencies, id),
            _ => Err(EditError::Unknown),
        }
    }

    /// Purges what was deleted thirty days ago.
    pub(in super::super) fn purge_records(&mut self, today: Second) {
        let due = |(at, ..): &(Second, Reference, Id)| today.since(*at) >= PURGE_AFTER;
        while let Some((at, kind, id)) = self.doomed_records.first().copied().filter(due) {
            self.doomed_records.remove(&(at, kind, id));
            let edit = match kind {
                Reference::Persons => Edit::PurgePerson(id),
                Reference::Organizations => Edit::PurgeOrganization(id),
                _ => Edit::PurgeCatalogProduct(id),
            };
            self.apply(edit).expect("a record on the list of the doomed is there");
        }
    }

    /// Returns an id of this kind that was never given away, and gives it away.
    pub(in super::super) fn new_id(&mut self, kind: Reference) -> Id {
        let id = self.next_id(kind);
        self.next_record.insert(kind, id + 1);
        id
    }

    /// Returns the id that the next record of this kind is given.
    pub(in super::super) fn next_id(&self, kind: Reference) -> Id {
        fn last<V>(map: &BTreeMap<Id, V>) -> Id {
            map.last_key_value().map_or(0, |(id, _)| *id)
        }
        let company = &self.company;
        let last = match kind {
            Reference::Pipelines => last(&company.pipelines),
            Reference::Stages => last(&company.stages),
            Reference::Users => last(&company.users),
            Reference::Currencies => last(&company.currencies),
            Reference::Persons => last(&company.persons),
            Reference::Organizations => last(&company.organizations),
            Reference::Products => last(&company.products),
        };
        self.next_record.get(&kind).copied().unwrap_or(1).max(last + 1)
    }

    /// Returns the times of a record; users and currencies have none.
    fn stamp_mut(&mut self, kind: Reference, id: Id) -> Result<&mut Stamp, EditError> {
        let company = &mut self.company;
        let stamp = match kind {
            Reference::Pipelines => company.pipelines.get_mut(&id).map(|it| &mut it.stamp),
            Reference::Stages => company.stages.get_mut(&id).map(|it| &mut it.stamp),
            Reference::Persons => company.persons.get_mut(&id).map(|it| &mut it.stamp),
            Reference::Organizations => company.organizations.get_mut(&id).map(|it| &mut it.stamp),
            Reference::Products => company.products.get_mut(&id).map(|it| &mut it.stamp),
            Reference::Users | Reference::Currencies => None,
        };
        stamp.ok_or(EditError::Unknown)
    }

    /// Sets `update_time` of a record that is there and not deleted.
    fn touch(&mut self, kind: Reference, id: Id, now: Second) -> Done {
        let stamp = self.stamp_mut(kind, id)?;
        if stamp.deleted.is_some() {
            return Err(EditError::Deleted);
        }
        stamp.update_time = now;
        Ok(Edited::Record(kind, id))
    }

    pub(in super::super) fn delete_record(&mut self, kind: Reference, id: Id, now: Second) -> Done {
        if self.stamp_mut(kind, id)?.deleted.is_some() {
            return Err(EditError::Already);
        }
        if kind == Reference::Stages && self.company.stages_in_use().nth(1).is_none() {
            return Err(EditError::NotAllowed);
        }
        let done = self.touch(kind, id, now);
        self.stamp_mut(kind, id)?.deleted = Some(now);
        if kind.is_purged_in_time() {
            self.doomed_records.insert((now, kind, id));
        }
        done
    }

    fn restore_record(&mut self, kind: Reference, id: Id, now: Second) -> Done {
        let at = self.stamp_mut(kind, id)?.deleted.take().ok_or(EditError::Already)?;
        self.doomed_records.remove(&(at, kind, id));
        self.touch(kind, id, now)
    }

    fn purge_record(&mut self, kind: Reference, id: Id) -> Done {
        self.record(kind, id).ok_or(EditError::Unknown)?;
        if kind == Reference::Stages && self.company.stages_in_use().all(|stage| stage == id) {
            return Err(EditError::NotAllowed);
        }
        // The id is not given away again.
        let next = self.next_id(kind);
        self.next_record.insert(kind, next);
        if let Ok(Stamp { deleted: Some(at), .. }) = self.stamp_mut(kind, id).copied() {
            self.doomed_records.remove(&(at, kind, id));
        }
        let company = &mut self.company;
        match kind {
            Reference::Pipelines => drop(company.pipelines.remove(&id)),
            Reference::Stages => drop(company.stages.remove(&id)),
            Reference::Users => drop(company.users.remove(&id)),
            Reference::Currencies => drop(company.currencies.remove(&id)),
            Reference::Persons => drop(company.persons.remove(&id)),
            Reference::Organizations => drop(company.organizations.remove(&id)),
            Reference::Products => drop(company.products.remove(&id)),
        }
        Ok(Edited::Record(kind, id))
    }

    fn add_user(&mut self, name: String, now: Second) -> Edited {
        let id = self.new_id(Reference::Users);
        self.company.users.insert(id, User::new(id, name, now));
        Edited::Record(Reference::Users, id)
    }

    fn change_user(&mut self, id: Id, now: Second, change: impl FnOnce(&mut User)) -> Done {
        let user = self.company.users.get_mut(&id).ok_or(EditError::Unknown)?;
        change(user);
        user.modified = Some(now);
        Ok(Edited::Record(Reference::Users, id))
    }

    fn add_person(&mut self, name: String, org_id: Option<Id>, now: Second) -> Done {
        self.check_organization(org_id)?;
        let id = self.new_id(Reference::Persons);
        let person = Person { org_id, ..Person::new(name, self.user(), now) };
        self.company.persons.insert(id, person);
        Ok(Edited::Record(Reference::Persons, id))
    }

    fn check_organization(&self, id: Option<Id>) -> Result<(), EditError> {
        match id {
            Some(id) if !self.company.organizations.contains_key(&id) => Err(EditError::Unknown),
            _ => Ok(()),
        }
    }

    fn check_user(&self, id: Id) -> Result<Id, EditError> {
        self.company.users.get(&id).map(|_| id).ok_or(EditError::Unknown)
    }

    fn change_person(&mut self, id: Id, change: PersonChange, now: Second) -> Done {
        match change {
            PersonChange::Organization(org_id) => self.check_organization(org_id)?,
            PersonChange::Owner(owner) => drop(self.check_user(owner)?),
            _ => {}
        }
        let done = self.touch(Reference::Persons, id, now)?;
        let person = self.company.persons.get_mut(&id).ok_or(EditError::Unknown)?;
        let boxed = |texts: Vec<String>| texts.into_iter().map(Into::into).collect();
        match change {
            PersonChange::Name(name) => person.name = name.into(),
            PersonChange::Organization(org_id) => person.org_id = org_id,
            PersonChange::Emails(emails) => person.emails = boxed(emails),
            PersonChange::Phones(phones) => person.phones = boxed(phones),
            PersonChange::Owner(owner) => person.owner_id = owner,
            PersonChange::Labels(labels) => person.label_ids = labels.into(),
            PersonChange::VisibleTo(whom) => person.visible_to = whom,
            PersonChange::Extra(text) => person.extra.text = text.map(Into::into),
        }
        Ok(done)
    }

    fn add_organization(&mut self, name: String, now: Second) -> Edited {
        let id = self.new_id(Reference::Organizations);
        self.company.organizations.insert(id, Organization::new(name, self.user(), now));
        Edited::Record(Reference::Organizations, id)
    }

    fn change_organization(&mut self, id: Id, change: OrganizationChange, now: Second) -> Done {
        if let OrganizationChange::Owner(owner) = change {
            self.check_user(owner)?;
        }
        let done = self.touch(Reference::Organizations, id, now)?;
        let it = self.company.organizations.get_mut(&id).ok_or(EditError::Unknown)?;
        match change {
            OrganizationChange::Name(name) => it.name = name.into(),
            OrganizationChange::Address(address) => {
                it.address = address.map(|address| (*address).into());
            }
            OrganizationChange::Website(website) => it.website = website.map(Into::into),
            OrganizationChange::Owner(owner) => it.owner_id = owner,
            OrganizationChange::Labels(labels) => it.label_ids = labels.into(),
            OrganizationChange::VisibleTo(whom) => it.visible_to = whom,
            OrganizationChange::Extra(text) => it.extra.text = text.map(Into::into),
        }
        Ok(done)
    }

    fn change_catalog(&mut self, id: Id, change: ProductChange, now: Second) -> Done {
        if let ProductChange::Owner(owner) = change {
            self.check_user(owner)?;
        }
        let done = self.touch(Reference::Products, id, now)?;
        let home = self.company.currency;
        let product = self.company.products.get_mut(&id).ok_or(EditError::Unknown)?;
        match change {
            ProductChange::Name(name) => product.name = name,
            ProductChange::Price(currency, price) if currency == home => product.price = price,
            ProductChange::Price(currency, price) => {
                product.prices.retain(|(other, _)| *other != currency);
                product.prices.push((currency, price));
            }
            ProductChange::Code(code) => product.code = code.into(),
            ProductChange::Tax(tax) => product.tax = tax,
            ProductChange::Owner(owner) => product.owner_id = owner,
            ProductChange::VisibleTo(whom) => product.visible_to = whom,
            ProductChange::Extra(text) => product.extra.text = text.map(Into::into),
        }
        Ok(done)
    }

    fn add_stage(&mut self, name: String, pipeline_id: Id, probability: u8, now: Second) -> Done {
        let pipeline = self.company.pipelines.get(&pipeline_id).ok_or(EditError::Unknown)?;
        if pipeline.stamp.deleted.is_some() {
            return Err(EditError::Deleted);
        }
        let id = self.new_id(Reference::Stages);
        let others = self.company.stages.values().filter(|it| it.pipeline_id == pipeline_id);
        let order_nr = others.map(|stage| stage.order_nr + 1).max().unwrap_or(1);
        let (days_to_rotten, stamp) = (None, Stamp::new(now));
        let stage = Stage { name, pipeline_id, order_nr, probability, days_to_rotten, stamp };
        self.company.stages.insert(id, stage);
        Ok(Edited::Record(Reference::Stages, id))
    }

    fn change_stage(&mut self, id: Id, change: StageChange, now: Second) -> Done {
        let done = self.touch(Reference::Stages, id, now)?;
        let stage = self.company.stages.get_mut(&id).ok_or(EditError::Unknown)?;
        match change {
            StageChange::Name(name) => stage.name = name,
            StageChange::Probability(percent) => stage.probability = percent,
            StageChange::Order(order_nr) => stage.order_nr = order_nr,
            StageChange::Rotten(days) => stage.days_to_rotten = days,
        }
        Ok(done)
    }

    fn add_pipeline(&mut self, name: String, now: Second) -> Edited {
        let id = self.new_id(Reference::Pipelines);
        let order = self.company.pipelines.values().map(|it| it.order_nr + 1).max().unwrap_or(1);
        let stamp = Stamp::new(now);
        let pipeline = Pipeline { name, order_nr: order, deal_probability: true, stamp };
        self.company.pipelines.insert(id, pipeline);
        Edited::Record(Reference::Pipelines, id)
    }

    fn change_pipeline(&mut self, id: Id, now: Second, change: impl FnOnce(&mut Pipeline)) -> Done {
        let done = self.touch(Reference::Pipelines, id, now)?;
        change(self.company.pipelines.get_mut(&id).ok_or(EditError::Unknown)?);
        Ok(done)
    }

    fn add_currency(&mut self, code: Currency, name: String) -> Done {
        if self.company.currencies.values().any(|it| it.code == code) {
            return Err(EditError::Already);
        }
        let id = self.new_id(Reference::Currencies);
        let symbol = code.code().to_owned();
        let entry =
            CurrencyEntry { code, name, decimal_points: 2, symbol, active: true, custom: true };
        self.company.currencies.insert(id, entry);
        Ok(Edited::Record(Reference::Currencies, id))
    }
}
