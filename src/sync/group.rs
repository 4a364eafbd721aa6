//! One call's worth of deals: asking for their children, and telling whose is whose.

use std::{collections::HashMap, ops::Range};

use super::fetch::{self, PageSize, Patience};
use crate::{
    api::{ApiError, Call, Client, Page},
    entity::{self, Catalog, Entity, Evidence, Scope},
    progress::Cursor,
    store::{ChildPage, Owed, UnreadableChild},
};

/// Pages of one group after which its listing counts as endless. A hundred deals of 5,000 lines each have fewer.
const MOST_PAGES: usize = 1_000;

/// Deals whose children are asked for together.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) deals: Vec<Owed>,
    pub(super) patience: Patience,
    /// Whether the ids are sent as repeated keys instead of with commas.
    pub(super) repeat: bool,
    /// Whether that was tried.
    tried: bool,
    /// Whether it is a person who wants to know now: then what each deal costs is not spread over days.
    at_once: bool,
}

impl Piece {
    pub(super) fn new(deals: Vec<Owed>) -> Self {
        Self { deals, patience: Patience::Full, repeat: false, tried: false, at_once: false }
    }

    /// Returns the same piece as a person asks for it, who wants to know now.
    pub(super) fn at_once(self) -> Self {
        Self { at_once: true, ..self }
    }

    /// Returns the two parts of a piece that was refused as a whole.
    pub(super) fn halves(mut self) -> [Self; 2] {
        let half = self.deals.split_off(self.deals.len() / 2);
        let (patience, at_once) = (Patience::Little, self.at_once);
        let part = |deals| Self { deals, patience, repeat: false, tried: true, at_once };
        [part(self.deals), part(half)]
    }

    /// Returns, once, the same piece with its ids in the other form, where the source may want that.
    ///
    /// Source: API.md 2.4: products take ids with commas only; what installments take is unknown.
    pub(super) fn in_other_form(&mut self, scope: Scope) -> Option<Self> {
        let may = matches!(scope, Scope::ParentGroup { either_form: true, .. });
        if !may || self.deals.len() < 2 || self.tried {
            return None;
        }
        let deals = std::mem::take(&mut self.deals);
        let (patience, at_once) = (self.patience, self.at_once);
        Some(Self { deals, patience, repeat: !self.repeat, tried: true, at_once })
    }
}

/// Asks for the children of `piece`, or for its rows themselves, to the last page.
pub(super) async fn fetch(
    client: &Client,
    entity: &'static Entity,
    scope: Scope,
    piece: &Piece,
) -> Result<Vec<Page>, ApiError> {
    let evidence = entity.child().map(|child| child.evidence);
    let call = call(entity, scope, piece);
    let mut size = PageSize::new(entity.endpoint.page_limit);
    let (mut pages, mut cursor) = (Vec::new(), None::<Cursor>);
    loop {
        let page = fetch::page(client, &call, cursor.as_ref(), &mut size, piece.patience).await?;
        let (rows, asked, next) = (page.rows.len(), size.asked(), page.next.clone());
        pages.push(page);
        cursor = next;
        match cursor {
            Some(_) if pages.len() < MOST_PAGES => {}
            Some(_) => return Err(ApiError::RepeatedCursor { path: entity.endpoint.path }),
            // Whether this endpoint says that there is more is doubtful (API.md 4.7), and no counter would tell.
            None if rows >= asked && evidence == Some(Evidence::None) => {
                let what = format!("{rows} rows and no next page; there may be more");
                return Err(ApiError::Malformed { path: entity.endpoint.path, what });
            }
            None => return Ok(pages),
        }
    }
}

fn call(entity: &'static Entity, scope: Scope, piece: &Piece) -> Call {
    let call = Call::new(entity.endpoint);
    let ids = piece.deals.iter().map(|owed| owed.id.to_string());
    match scope {
        Scope::EachParent => {
            let call = if piece.at_once { call } else { call.trickle() };
            match piece.deals.first() {
                Some(owed) => call.id(owed.id),
                None => call,
            }
        }
        Scope::ParentGroup { param, .. } if piece.repeat => {
            ids.fold(call, |call, id| call.param(param, id))
        }
        Scope::ParentGroup { param, .. } => call.param(param, ids.collect::<Vec<_>>().join(",")),
    }
}

/// Tells whose the rows of `pages` are; also returns how many single values could not be represented.
///
/// # Errors
///
/// Rows that cannot be what was asked for.
pub(super) fn read(
    entity: &'static Entity,
    scope: Scope,
    piece: &Piece,
    pages: &[Page],
) -> Result<(Vec<ChildPage>, u64), ApiError> {
    let mut misfits = 0;
    let owners = Owners::new(entity, scope, piece);
    let mut read = Vec::with_capacity(pages.len());
    for page in pages {
        let decoded = entity::decode(entity, &Catalog::default(), &page.body, &page.rows);
        misfits += decoded.misfits;
        let bad = decoded.unreadable.len();
        if bad >= 20 && bad * 2 > page.rows.len() {
            let reason = &decoded.unreadable[0].reason;
            return Err(owners.malformed(format!(
                "{bad} of {} rows cannot be read (the first: {reason})",
                page.rows.len()
            )));
        }
        let mut rows = Vec::with_capacity(decoded.records.len());
        for record in decoded.records {
            let owner = owners.of(record.raw.clone(), page)?;
            rows.push((owner, record));
        }
        let unreadable = decoded
            .unreadable
            .into_iter()
            .map(|row| {
                let deal = owners.of(row.raw.clone(), page)?;
                Ok(UnreadableChild { deal, key: row.key, raw: row.raw, reason: row.reason })
            })
            .collect::<Result<_, ApiError>>()?;
        read.push(ChildPage { text: page.body.clone(), rows, unreadable, observed: page.observed });
    }
    Ok((read, misfits))
}

/// Finds the deal that a row belongs to.
struct Owners {
    path: &'static str,
    /// The member that names the deal; `None` where only one was asked for by its path.
    member: Option<&'static str>,
    places: HashMap<i64, usize>,
}

impl Owners {
    fn new(entity: &Entity, scope: Scope, piece: &Piece) -> Self {
        let member = match scope {
            Scope::ParentGroup { member, .. } => Some(member),
            Scope::EachParent => None,
        };
        let places = piece.deals.iter().enumerate().map(|(at, owed)| (owed.id, at)).collect();
        Self { path: entity.endpoint.path, member, places }
    }

    fn of(&self, row: Range<usize>, page: &Page) -> Result<usize, ApiError> {
        let Some(member) = self.member else { return Ok(0) };
        let named = entity::int_member(&page.body[row], member);
        named.and_then(|id| self.places.get(&id).copied()).ok_or_else(|| {
            self.malformed(format!("a row names nothing that was asked for in `{member}`"))
        })
    }

    fn malformed(&self, what: String) -> ApiError {
        ApiError::Malformed { path: self.path, what }
    }
}
