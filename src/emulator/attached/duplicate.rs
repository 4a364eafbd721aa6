//! A deal is made that is like another.

use super::{
    super::{
        Id,
        deal::Deal,
        edit::{EditError, Edited},
        second::Second,
        world::World,
    },
    Attached, Follower,
    apply::next,
};

impl World {
    /// Makes an open deal with the members of another, and with its lines, installments, discounts and participants.
    ///
    /// The reference says only that it "duplicates a deal". That its history, its followers and what is done around it
    /// stay behind is a guess, and that an archived deal can be duplicated, since it is not changed.
    pub(in super::super) fn duplicate(&mut self, id: Id) -> Result<Edited, EditError> {
        let like = self.deals.get(&id).ok_or(EditError::NoDeal)?.clone();
        if like.deleted.is_some() {
            return Err(EditError::Deleted);
        }
        let (now, user) = (Second::of(self.now()), self.user());
        let attached = self.like(like.attached().clone(), now, user);
        let place = (like.pipeline_id, like.stage_id);
        let mut deal = Deal::new(self.next_deal, like.title.clone(), user, place, now);
        deal.owner_id = like.owner_id;
        deal.visible_to = like.visible_to;
        (deal.person_id, deal.org_id) = (like.person_id, like.org_id);
        (deal.value, deal.currency, deal.revenue) = (like.value, like.currency, like.revenue);
        (deal.probability, deal.expected_close) = (like.probability, like.expected_close);
        (deal.label_ids, deal.custom) = (like.label_ids, like.custom);
        (deal.channel, deal.channel_id) = (like.channel, like.channel_id);
        deal.set_attached(attached);
        self.next_deal += 1;
        Ok(self.store(deal))
    }

    /// Returns rows like those of another deal, with ids of their own.
    fn like(&mut self, mut rows: Attached, now: Second, user: Id) -> Attached {
        for line in &mut rows.lines {
            line.id = next(&mut self.next_line);
            (line.add_time, line.update_time) = (now, now);
        }
        for (id, _) in &mut rows.installments {
            *id = next(&mut self.next_installment);
        }
        for granted in &mut rows.discounts {
            granted.id = self.new_uuid().into();
            (granted.created, granted.updated) = ((now, user), (now, user));
        }
        for participant in &mut rows.participants {
            participant.id = next(&mut self.next_participant);
            (participant.add_time, participant.added_by) = (now, user);
        }
        rows.followers = vec![Follower { user_id: user, add_time: now, added_by: user }];
        rows.gone = Vec::new();
        rows
    }
}
