//! Which deals a request is about.

use super::{
    Id,
    deal::{Deal, Status},
    query::{Query, Refusal, one_of},
    second::Second,
};

/// Which deals.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) ids: Option<Vec<Id>>,
    owner: Option<Id>,
    person: Option<Id>,
    organization: Option<Id>,
    pipeline: Option<Id>,
    stage: Option<Id>,
    /// `None`: everything that is not deleted.
    status: Option<Vec<Status>>,
    pub(super) since: Option<Second>,
    pub(super) until: Option<Second>,
}

impl Filter {
    /// Returns whether the request is about `deal`.
    pub(super) fn admits(&self, deal: &Deal) -> bool {
        let same = |wanted: Option<Id>, id: Option<Id>| wanted.is_none() || wanted == id;
        let status = deal.shown_status();
        same(self.owner, Some(deal.owner_id))
            && same(self.person, deal.person_id)
            && same(self.organization, deal.org_id)
            && same(self.pipeline, Some(deal.pipeline_id))
            && same(self.stage, Some(deal.stage_id))
            && self.status.as_ref().map_or(status != Status::Deleted, |wanted| wanted.contains(&status))
            // A deal without an update time is on neither side of any moment.
            && self.since.is_none_or(|since| deal.update_time.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| deal.update_time.is_some_and(|at| at < until))
    }

    /// Reads the filters of a list request.
    pub(super) fn parse(query: &Query) -> Result<Self, Refusal> {
        query.check_filter()?;
        Ok(Self {
            ids: query.ids("ids")?,
            owner: query.id("owner_id")?,
            person: query.id("person_id")?,
            organization: query.id("org_id")?,
            pipeline: query.id("pipeline_id")?,
            stage: query.id("stage_id")?,
            status: statuses(query)?,
            since: query.time("updated_since")?,
            until: query.time("updated_until")?,
        })
    }

    /// Reads the filters of a summary. Being v1, it ignores parameters it does not know.
    pub(super) fn summary(query: &Query) -> Result<Self, Refusal> {
        query.check_filter()?;
        Ok(Self {
            owner: query.id("user_id")?,
            pipeline: query.id("pipeline_id")?,
            stage: query.id("stage_id")?,
            status: statuses(query)?,
            ..Self::default()
        })
    }
}

impl Filter {
    /// Reads the filters of the collection that v1 had.
    pub(super) fn collection(query: &Query) -> Result<Self, Refusal> {
        Ok(Self {
            owner: query.id("user_id")?,
            stage: query.id("stage_id")?,
            status: statuses(query)?,
            since: query.loose_time("since")?,
            until: query.loose_time("until")?,
            ..Self::default()
        })
    }
}

/// Reads `status`, a comma-separated list.
fn statuses(query: &Query) -> Result<Option<Vec<Status>>, Refusal> {
    let all = [Status::Open, Status::Won, Status::Lost, Status::Deleted]
        .map(|status| (status.name(), status));
    let parse =
        |names: Vec<&str>| names.into_iter().map(|name| one_of("status", name, &all)).collect();
    query.list("status").map(parse).transpose()
}
