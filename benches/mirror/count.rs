//! Steps that are done once, for a tool that counts instructions.

use crate::{decode_and_store_all, pages::Bench, store_all};

/// Pages that are made ready, whatever is done with them: what that takes is the same in every run.
const MADE: u32 = 8;

/// Does `step` with the first `pages` pages.
pub(crate) fn step(step: &str, pages: usize) {
    let mut bench = Bench::new(MADE);
    let batches = bench.batches();
    let mut store = bench.fresh_store();
    match step {
        "decode" => bench.pages[..pages].iter().for_each(|page| drop(bench.decode(page))),
        "store" => store_all(&mut store, &batches[..pages]),
        "store again, unchanged" => {
            store_all(&mut store, &batches);
            store_all(&mut store, &batches[..pages]);
        }
        "decode and store" => {
            bench.pages.truncate(pages);
            decode_and_store_all(&bench, &mut store);
        }
        _ => panic!("there is no step `{step}`"),
    }
}
