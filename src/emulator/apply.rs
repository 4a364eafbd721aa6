//! Applying edits: the one way in which the world changes.

use super::{
    Id,
    deal::{Child, Deal, Status},
    edit::{DealChange, Edit, EditError, Edited},
    field::{CustomField, FieldOption, FieldType, Slot},
    second::Second,
    value::{Cents, Currency, Value},
    world::World,
};

impl World {
    /// Carries out `edit` at the present second and writes it into the history.
    ///
    /// # Errors
    ///
    /// When the world does not allow it; then nothing changed.
    pub fn apply(&mut self, edit: Edit) -> Result<Edited, EditError> {
        let now = Second::of(self.now());
        let edited = match edit.clone() {
            Edit::CreateDeal { title, stage_id, value, currency } => {
                let deal = self.new_deal(title, stage_id, value, currency)?;
                self.next_deal += 1;
                self.store(deal)
            }
            Edit::ChangeDeal(id, change) => self.change(id, change, now)?,
            Edit::Children(id, child, by) => self.count(id, child, by, now)?,
            Edit::AddProduct(deal, line) => self.add_product(deal, line)?,
            Edit::EditProduct(deal, id, line) => self.edit_product(deal, id, line)?,
            Edit::RemoveProduct(deal, id) => self.remove_product(deal, id)?,
            Edit::AddInstallment(deal, terms) => self.add_installment(deal, terms)?,
            Edit::EditInstallment(deal, id, terms) => self.edit_installment(deal, id, terms)?,
            Edit::RemoveInstallment(deal, id) => self.remove_installment(deal, id)?,
            Edit::AddDiscount(deal, discount) => self.add_discount(deal, discount)?,
            Edit::EditDiscount(deal, id, discount) => self.edit_discount(deal, &id, discount)?,
            Edit::RemoveDiscount(deal, id) => self.remove_discount(deal, &id)?,
            Edit::AddFollower(deal, user) => self.add_follower(deal, user)?,
            Edit::RemoveFollower(deal, user) => self.remove_follower(deal, user)?,
            Edit::AddParticipant(deal, person) => self.add_participant(deal, person)?,
            Edit::RemoveParticipant(deal, id) => self.remove_participant(deal, id)?,
            Edit::DuplicateDeal(id) => self.duplicate(id)?,
            Edit::MergeDeals { loser, winner } => self.merge(loser, winner)?,
            Edit::ConvertToLead(deal) => self.convert(deal)?,
            Edit::DeleteDeal(id) => self.delete(id, now)?,
            Edit::RestoreDeal(id) => self.restore(id, now)?,
            Edit::ArchiveDeal(id) => self.archive(id, None, now)?,
            Edit::ArchiveDealAt(id, at) => self.archive(id, Some(at), now)?,
            Edit::UnarchiveDeal(id) => self.unarchive(id, now)?,
            Edit::PurgeDeal(id) => {
                self.deals.get(&id).ok_or(EditError::NoDeal)?;
                self.replace(id, None);
                Edited::Deal(id)
            }
            Edit::AddField { name, field_type, options } => {
                self.add_field(name, field_type, options, now)
            }
            Edit::RenameField(code, name) => {
                self.field_mut(&code)?.name = name;
                Edited::Field(code)
            }
            Edit::ChangeFieldType(code, field_type) => self.change_type(code, field_type)?,
            Edit::RemoveField(code) => self.remove_field(code)?,
            Edit::AddOption(code, label) => self.add_option(&code, label, now)?,
            Edit::RenameOption(code, option, label) => {
                self.rename_option(&code, option, label, now)?
            }
            Edit::RemoveOption(code, option) => self.remove_option(&code, option)?,
            edit => self.apply_reference(edit, now)?,
        };
        self.history.push((now, edit));
        Ok(edited)
    }

    /// Carries out `edits` one after the other, or none of them; `deals` are those they touch.
    ///
    /// # Errors
    ///
    /// That of the first edit the world does not allow; then nothing changed.
    pub(super) fn apply_all(
        &mut self,
        deals: &[Id],
        edits: Vec<Edit>,
    ) -> Result<Vec<Edited>, EditError> {
        let before = deals.iter().map(|id| (*id, self.deals.get(id).cloned())).collect::<Vec<_>>();
        let (known, numbers) = (self.history.len(), self.numbers());
        self.by_request = true;
        let done: Result<Vec<_>, _> = edits.into_iter().map(|edit| self.apply(edit)).collect();
        self.by_request = false;
        if done.is_err() && self.history.len() > known {
            self.history.truncate(known);
            self.set_numbers(numbers);
            for (id, deal) in before {
                self.replace(id, deal);
            }
        }
        done
    }

    /// Returns the numbers that the next of what an edit can make are given. An edit that is undone gives them back, so
    /// that the edits of the history alone lead to the same world.
    pub(super) fn numbers(&self) -> ([Id; 6], u64) {
        let rows = [
            self.next_deal,
            self.next_line,
            self.next_installment,
            self.next_participant,
            self.next_row,
            self.next_change,
        ];
        (rows, self.next_uuid)
    }

    /// Gives numbers back.
    pub(super) fn set_numbers(&mut self, (ids, uuid): ([Id; 6], u64)) {
        let [deal, line, installment, participant, row, change] = ids;
        (self.next_deal, self.next_line, self.next_installment) = (deal, line, installment);
        (self.next_participant, self.next_row, self.next_change) = (participant, row, change);
        self.next_uuid = uuid;
    }

    /// Puts a deal in the place of what it was and writes down what changed.
    pub(super) fn store(&mut self, mut deal: Deal) -> Edited {
        let id = deal.id;
        self.chronicle(&mut deal);
        self.replace(id, Some(deal));
        Edited::Deal(id)
    }

    fn new_deal(
        &self,
        title: String,
        stage_id: Id,
        value: Cents,
        currency: Currency,
    ) -> Result<Deal, EditError> {
        let now = Second::of(self.now());
        let stage = self.company.stages.get(&stage_id);
        let stage =
            stage.filter(|stage| stage.stamp.deleted.is_none()).ok_or(EditError::Unknown)?;
        let place = (stage.pipeline_id, stage_id);
        let deal = Deal::new(self.next_deal, title.into(), self.user(), place, now);
        Ok(Deal { value: Some(value), currency, ..deal })
    }

    /// Returns a copy of a deal that may be edited.
    pub(super) fn editable(&self, id: Id) -> Result<Deal, EditError> {
        let deal = self.deals.get(&id).ok_or(EditError::NoDeal)?;
        if deal.deleted.is_some() {
            // Source: changelog, "soft-deleted deals": edits other than restoring are refused since 2024-03-18.
            Err(EditError::Deleted)
        } else if deal.archived.is_some() && !self.switches().archived_editable {
            // Source: changelog, "archived deals": not editable through the API since 2025-07-15.
            Err(EditError::Archived)
        } else {
            Ok(deal.clone())
        }
    }

    fn change(&mut self, id: Id, change: DealChange, now: Second) -> Result<Edited, EditError> {
        let mut deal = self.editable(id)?;
        match change {
            DealChange::Title(title) => deal.title = title.into(),
            DealChange::Value(value, currency) => (deal.value, deal.currency) = (value, currency),
            DealChange::Stage(stage) => {
                deal.pipeline_id =
                    self.company.stages.get(&stage).ok_or(EditError::Unknown)?.pipeline_id;
                deal.stage_id = stage;
                deal.stage_change_time = Some(now);
            }
            DealChange::Win => {
                (deal.status, deal.closed, deal.lost_reason) = (Status::Won, Some(now), None);
                deal.first_won.get_or_insert(now);
            }
            DealChange::Lose(reason) => {
                // A lost deal that is given another reason is not lost once more.
                let closed = deal.closed.filter(|_| deal.status == Status::Lost);
                let reason = Some(reason).filter(|reason| !reason.is_empty());
                (deal.status, deal.closed, deal.lost_reason) =
                    (Status::Lost, closed.or(Some(now)), reason.map(Into::into));
            }
            DealChange::Reopen => {
                (deal.status, deal.closed, deal.lost_reason) = (Status::Open, None, None)
            }
            DealChange::Owner(user) => {
                self.company.users.get(&user).ok_or(EditError::Unknown)?;
                deal.owner_id = user;
            }
            DealChange::Person(person) => deal.person_id = person,
            DealChange::Organization(organization) => deal.org_id = organization,
            DealChange::Labels(labels) => deal.label_ids = labels.into(),
            DealChange::VisibleTo(whom) => deal.visible_to = whom,
            DealChange::Probability(percent) => deal.probability = percent,
            DealChange::ExpectedClose(day) => deal.expected_close = day,
            DealChange::Closed(at) => {
                *deal.closed.as_mut().ok_or(EditError::NotAllowed)? = at;
            }
            DealChange::Custom(code, value) => self.set_custom(&mut deal, &code, value)?,
        }
        bump(&mut deal, self.switches().bumps.change, now);
        Ok(self.store(deal))
    }

    fn set_custom(
        &self,
        deal: &mut Deal,
        code: &str,
        value: Option<Value>,
    ) -> Result<(), EditError> {
        let field = self.fields.iter().find(|field| field.code == code);
        let field = field.ok_or(EditError::Unknown)?;
        if value.as_ref().is_some_and(|value| !field.field_type.holds(value)) {
            return Err(EditError::WrongType);
        }
        deal.set_custom(field.slot, value);
        Ok(())
    }

    fn count(&mut self, id: Id, child: Child, by: i16, now: Second) -> Result<Edited, EditError> {
        let mut deal = self.editable(id)?;
        let before = self.around(&deal).into_owned();
        let Some(counter) = deal.children.counter(child) else {
            return self.count_rows(id, child, by);
        };
        *counter = counter.checked_add_signed(by).ok_or(EditError::Unknown)?;
        self.follow_counter(&mut deal, child, before);
        bump(&mut deal, self.switches().bumps.children, now);
        Ok(self.store(deal))
    }

    fn delete(&mut self, id: Id, now: Second) -> Result<Edited, EditError> {
        let mut deal = self.deals.get(&id).ok_or(EditError::NoDeal)?.clone();
        if deal.deleted.replace(now).is_some() {
            return Err(EditError::Already);
        }
        bump(&mut deal, self.switches().bumps.delete, now);
        Ok(self.store(deal))
    }

    fn restore(&mut self, id: Id, now: Second) -> Result<Edited, EditError> {
        let mut deal = self.deals.get(&id).ok_or(EditError::NoDeal)?.clone();
        deal.deleted.take().ok_or(EditError::Already)?;
        bump(&mut deal, self.switches().bumps.restore, now);
        Ok(self.store(deal))
    }

    fn archive(&mut self, id: Id, at: Option<Second>, now: Second) -> Result<Edited, EditError> {
        let mut deal = self.deals.get(&id).ok_or(EditError::NoDeal)?.clone();
        if deal.deleted.is_some() {
            return Err(EditError::Deleted);
        }
        if deal.archived.replace(at.unwrap_or(now)).is_some() {
            // It is there already. Another time is a change like others, which the archive may refuse.
            at.ok_or(EditError::Already)?;
            self.editable(id)?;
        }
        bump(&mut deal, self.switches().bumps.archive, now);
        Ok(self.store(deal))
    }

    fn unarchive(&mut self, id: Id, now: Second) -> Result<Edited, EditError> {
        let mut deal = self.deals.get(&id).ok_or(EditError::NoDeal)?.clone();
        if deal.deleted.is_some() {
            return Err(EditError::Deleted);
        }
        deal.archived.take().ok_or(EditError::Already)?;
        bump(&mut deal, self.switches().bumps.unarchive, now);
        Ok(self.store(deal))
    }

    fn field_mut(&mut self, code: &str) -> Result<&mut CustomField, EditError> {
        self.fields.iter_mut().find(|field| field.code == code).ok_or(EditError::Unknown)
    }

    fn add_field(
        &mut self,
        name: String,
        field_type: FieldType,
        labels: Vec<String>,
        now: Second,
    ) -> Edited {
        let slot = self.next_slot;
        self.next_slot += 1;
        // A field's code says nothing about it; this one differs from all others by its number.
        let code = format!("{:040x}", 0x00c0_de00_0000_u64 + u64::from(slot));
        let mut options = Vec::new();
        for label in labels {
            options.push(self.new_option(label, now));
        }
        self.fields.push(CustomField { slot, code: code.clone(), name, field_type, options });
        Edited::Field(code)
    }

    fn change_type(&mut self, code: String, field_type: FieldType) -> Result<Edited, EditError> {
        let field = self.field_mut(&code)?;
        field.field_type = field_type;
        let slot = field.slot;
        self.forget(|at, value| at == slot && !field_type.holds(value));
        Ok(Edited::Field(code))
    }

    fn remove_field(&mut self, code: String) -> Result<Edited, EditError> {
        let slot = self.field_mut(&code)?.slot;
        self.fields.retain(|field| field.slot != slot);
        self.forget(|at, _| at == slot);
        Ok(Edited::Field(code))
    }

    /// Drops the values that `lost` names from all deals; they are not bumped.
    fn forget(&mut self, lost: impl Fn(Slot, &Value) -> bool) {
        for deal in self.deals.values_mut() {
            deal.custom.retain(|(slot, value)| !lost(*slot, value));
        }
    }

    fn options_mut(&mut self, code: &str) -> Result<&mut Vec<FieldOption>, EditError> {
        if code == "label_ids" {
            return Ok(&mut self.labels);
        }
        let field = self.field_mut(code)?;
        if field.field_type.has_options() {
            Ok(&mut field.options)
        } else {
            Err(EditError::WrongType)
        }
    }

    fn new_option(&mut self, label: String, now: Second) -> FieldOption {
        let id = self.next_option;
        self.next_option += 1;
        FieldOption { id, label, color: None, add_time: now, update_time: None }
    }

    fn add_option(&mut self, code: &str, label: String, now: Second) -> Result<Edited, EditError> {
        self.options_mut(code)?;
        let option = self.new_option(label, now);
        let id = option.id;
        self.options_mut(code)?.push(option);
        Ok(Edited::Option(id))
    }

    fn rename_option(
        &mut self,
        code: &str,
        option: Id,
        label: String,
        now: Second,
    ) -> Result<Edited, EditError> {
        let mut options = self.options_mut(code)?.iter_mut();
        let found = options.find(|it| it.id == option).ok_or(EditError::Unknown)?;
        (found.label, found.update_time) = (label, Some(now));
        Ok(Edited::Option(option))
    }

    fn remove_option(&mut self, code: &str, option: Id) -> Result<Edited, EditError> {
        let options = self.options_mut(code)?;
        let place = options.iter().position(|it| it.id == option).ok_or(EditError::Unknown)?;
        options.remove(place);
        Ok(Edited::Option(option))
    }
}

/// Sets `update_time` where the switches say that this kind of edit does.
fn bump(deal: &mut Deal, bumps: bool, now: Second) {
    if bumps {
        deal.update_time = Some(now);
    }
}
