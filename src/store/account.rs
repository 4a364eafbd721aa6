//! `sync_account`: whose mirror this is.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    Reader, Store, StoreError,
    state::{self, Key},
};
use crate::entity::instant;

/// An account of the source, as `/v1/users/me` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The company. Another one is refused.
    pub company_id: i64,
    /// `acme` of `https://acme.pipedrive.com`.
    pub company_domain: Option<String>,
    /// The company's name.
    pub company_name: Option<String>,
    /// The user whose token it is.
    pub user_id: i64,
    /// Whether that user sees everything.
    pub is_admin: bool,
    /// Where the account was asked.
    pub base_url: String,
}

impl Store {
    /// Returns whose mirror this is; `None` before the first run.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn account(&self) -> Result<Option<Account>, StoreError> {
        load(&self.conn)
    }

    /// Binds the mirror to `account`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn bind_account(&mut self, account: &Account) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO sync_account VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    account.company_id,
                    account.company_domain,
                    account.company_name,
                    account.user_id,
                    account.is_admin,
                    account.base_url
                ],
            )?;
            Ok(())
        })
    }

    /// Notes at `now` whether the source refuses the token; nothing is written where that is known.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn note_token(&mut self, refused: bool, now: Timestamp) -> Result<(), StoreError> {
        let known = state::get::<Timestamp>(&self.conn, Key::TokenRefused)?;
        if known.is_some() == refused {
            return Ok(());
        }
        self.write(|tx| Ok(state::put(tx, Key::TokenRefused, refused.then(|| instant::text(now)))?))
    }
}

impl Reader {
    /// Returns since when the source refuses the token; `None` where it does not.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn token_refused_since(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(state::get(self.connection(), Key::TokenRefused)?)
    }
}

pub(super) fn load(conn: &Connection) -> Result<Option<Account>, StoreError> {
    let account = conn
        .query_row(
            "SELECT company_id, company_domain, company_name, user_id, is_admin, base_url FROM sync_account",
            [],
            |row| {
                Ok(Account {
                    company_id: row.get(0)?,
                    company_domain: row.get(1)?,
                    company_name: row.get(2)?,
                    user_id: row.get(3)?,
                    is_admin: row.get(4)?,
                    base_url: row.get(5)?,
                })
            },
        )
        .optional()?;
    Ok(account)
}
