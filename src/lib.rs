//! Keeps a company's Pipedrive deals, and all that hangs on them, in a SQLite database.
//!
//! What is here, from the edge to the core. A module names only those below it, and `tests/layers.rs` keeps it so:
//!
//! ```text
//! main.rs, cli.rs, command/   arguments in, words and exit code out (the program, not this library)
//!
//! web/         what the daemon shows of itself: a page, metrics, whether it is ready
//! daemon/      months without being looked at
//!   keeper     one run after the other               rota     what is due, what waits; pure
//!   trouble    what a run ended by -> how it is waited out; pure
//!   bell       the scheduler: it only rings          pulse    what it is doing, for whoever looks
//! status/      how the mirror stands, from its file alone, and what needs a person
//! sync/        what next, in which order; the one layer that sees both api and store
//!   engine     one run over all entities             plan     (checkpoint, lookback) -> where a pass begins; pure
//!   walk       one entity, page by page              fetch    one page, as large as the source can give it
//!   salvage    past a place that cannot be read      report   what a run did
//!   learn      custom fields nobody described yet    ending   what a run came to -> its exit code
//!   standing   what decides the price of a run       forecast that price, before it is paid; pure
//! api/         HTTP in                             store/     SQLite out
//!   client     one request, one answer               rows        a page and its checkpoint in one transaction
//!   gate       in front of every request             fate        may this row replace that one? pure
//!   budget     what may be spent of the day; pure    columns     a typed column per custom field
//!   latch      answers after which nothing leaves    renew       rows stored anew from their exact text
//!   retry      waiting and asking again              ledger      what was spent, and what limits were learnt
//!   page       envelope -> rows and next cursor      writer      the one thread that writes
//!   error      ApiError and its Verdict              migrate     schema/ -> user_version
//!   http       the real transport                    read        read-only, for `status` and `plan`
//!                                                    query       SQL of others, which cannot write
//!                                                    snapshot    a copy while the original is in use
//! query/       named answers, rows as CSV, JSON and so on, and the schema as words, a diagram or metadata
//! entity/      declarations: data about data, no I/O
//!   mod        Entity, Advance, Table, ENTITIES      decode      the exact text of a row -> its values
//!   deal, deal_field                                 custom      the columns of custom fields
//!
//! config       flags, environment, file -> Config    schedule    when an entity is due
//! endpoint     what the API offers, and its cost     progress    Cursor, Checkpoint
//! id           ApiToken                              exit        the exit codes and what each promises
//! seams        Transport, Clock, Ledger              clock       the machine's, and one that tests move
//!
//! emulator/    a stand-in of the API; knows nothing of the above but the seams
//! ```
//!
//! To read it in order: [`entity`] (what is mirrored), [`sync`] (how), [`store`] and [`api`] (by what means).
//! Three rules hold it together: rows and the checkpoint they earn are stored in one transaction; every request passes
//! one gate, which books its cost before it is spent; and nothing above the seams reads a clock or opens a socket
//! otherwise, so the whole program runs in virtual time on one thread in tests.

pub mod api;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod emulator;
pub mod endpoint;
pub mod entity;
pub mod exit;
pub mod id;
pub mod progress;
pub mod query;
pub mod schedule;
pub mod seams;
pub mod status;
pub mod store;
pub mod sync;
pub mod web;
