//! Lists: every deal once, in order, whatever happens between two pages.

use super::*;

#[test]
fn a_walk_sees_each_deal_of_its_list_once_in_every_order() {
    let bench = Bench::new(700);
    let (live, archived) = {
        let world = bench.emulator.world();
        (world.live_ids().collect::<Vec<_>>(), world.archived_ids().collect::<Vec<_>>())
    };
    assert!(!archived.is_empty());
    for sort in ["id", "update_time", "add_time"] {
        for direction in ["asc", "desc"] {
            let query = format!("limit=37&sort_by={sort}&sort_direction={direction}");
            let items = bench.walk(&format!("/api/v2/deals?{query}"), |_| ());
            assert_eq!(sorted(ids(&items)), live, "{query}");
            let mut keys = items
                .iter()
                .map(|item| (item[sort].to_string(), item["id"].as_u64().unwrap()))
                .collect::<Vec<_>>();
            if direction == "desc" {
                keys.reverse();
            }
            assert!(sort == "id" || keys.is_sorted(), "{query}");
            assert_eq!(sorted(bench.ids(&format!("/api/v2/deals/archived?{query}"))), archived);
        }
    }
}

#[test]
fn an_ascending_walk_sees_every_deal_that_is_edited_meanwhile_again() {
    let bench = Bench::new(600);
    let mut rng = Rng::with_seed(1);
    let mut edited = std::collections::BTreeSet::new();
    let mut rounds = 0;
    let items =
        bench.walk(&format!("/api/v2/deals?limit=100&sort_by=update_time&{ALL}"), |bench| {
            rounds += 1;
            if rounds > 4 {
                return;
            }
            bench.clock.advance(Duration::from_secs(1));
            for _ in 0..5 {
                if let (_, Edited::Deal(id)) = bench.emulator.world().random_edit(&mut rng) {
                    edited.insert(id);
                }
            }
        });
    let world = bench.emulator.world();
    for id in edited {
        let deal = world.deal(id).unwrap();
        let last = items.iter().rfind(|item| item["id"] == id);
        if deal.archived.is_none() {
            let update = deal.update_time.unwrap().to_string();
            assert_eq!(last.unwrap()["update_time"], update, "{id}");
        }
    }
    let seen = ids(&items);
    assert!(world.live_ids().all(|id| seen.contains(&id)));
}

#[test]
fn offsets_lose_deals_where_keysets_do_not() {
    for (kind, lost) in [(Cursors::Keyset, 0), (Cursors::Offset, 1)] {
        let bench =
            Bench::with(300, Switches { cursors: kind, burst: None, ..Switches::default() });
        let first = bench.ids("/api/v2/deals?limit=1&sort_by=update_time")[0];
        let mut edit = Some(Edit::DeleteDeal(first));
        let items = bench.walk("/api/v2/deals?limit=50&sort_by=update_time", |bench| {
            edit.take().map(|edit| bench.edit(edit));
        });
        let seen = ids(&items);
        let live = bench.emulator.world().live_ids().collect::<Vec<_>>();
        assert_eq!(live.iter().filter(|id| !seen.contains(id)).count(), lost, "{kind:?}");
    }
}

#[test]
fn windows_tile_without_gap_or_overlap() {
    let bench = Bench::new(500);
    let edge = "2026-02-02T16:40:21Z";
    let at_edge = bench.emulator.world().live_ids().collect::<Vec<_>>().len();
    let before = bench.ids(&format!("/api/v2/deals?limit=500&updated_until={edge}"));
    let after =
        bench.ids(&format!("/api/v2/deals?limit=500&updated_since={edge}&sort_by=update_time"));
    assert_eq!(before.len() + after.len(), at_edge);
    assert!(before.iter().all(|id| !after.contains(id)));
    // The bulk edit shares the second of the edge: it is inside `since` and outside `until`.
    let same = bench.walk(
        "/api/v2/deals?limit=500&updated_since=2026-02-02T16:40:21Z&updated_until=2026-02-02T16:40:22Z",
        |_| (),
    );
    assert!(same.len() >= 30, "{}", same.len());
    assert!(ids(&same).iter().all(|id| after.contains(id)));
}

#[test]
fn deals_without_an_update_time_come_first_and_lie_in_no_window() {
    let switches = Switches {
        null_update_every: Some(10),
        future_update_every: Some(7),
        burst: None,
        ..Switches::default()
    };
    let bench = Bench::with(200, switches);
    let items = bench.walk("/api/v2/deals?limit=20&sort_by=update_time", |_| ());
    let nulls = items.iter().take_while(|item| item["update_time"].is_null()).count();
    assert!(nulls > 5);
    assert_eq!(items.iter().filter(|item| item["update_time"].is_null()).count(), nulls);
    assert_eq!(items.last().unwrap()["update_time"], "2099-01-01T00:00:00Z");
    let since = bench.ids("/api/v2/deals?limit=500&updated_since=2000-01-01T00:00:00Z");
    assert_eq!(since.len(), items.len() - nulls);
}

#[test]
fn cursors_get_old_by_time_and_by_use() {
    let switches = Switches {
        cursor_expires: Some(Duration::from_secs(60)),
        cursor_uses: Some(2),
        burst: None,
        ..Switches::default()
    };
    let bench = Bench::with(50, switches);
    let next = || {
        let page = bench.json("/api/v2/deals?limit=10");
        format!(
            "/api/v2/deals?limit=10&cursor={}",
            page["additional_data"]["next_cursor"].as_str().unwrap()
        )
    };
    let used = next();
    assert_eq!([&used, &used, &used].map(|path| bench.ask(path).0), [200, 200, 400]);
    let old = next();
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.ask(&old).0, 400);
    assert_eq!(bench.ask(&next()).0, 200);
}

#[test]
fn fields_are_listed_page_by_page() {
    let bench = Bench::new(1);
    let all = "ui_visibility,important_fields,required_fields";
    let paged = bench.walk(&format!("/api/v2/dealFields?limit=9&include_fields={all}"), |_| ());
    assert_eq!(paged, bench.emulator.world().fields_json());
    assert!(paged.len() > 60);
}
