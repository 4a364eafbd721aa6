-- Some rows to ask about.
INSERT INTO pipelines (id, name, order_nr, is_deal_probability_enabled, _hash, _synced_at) VALUES (1, 'Sales', 1, 1, 0, '');
INSERT INTO stages (id, order_nr, name, deal_probability, pipeline_id, is_deal_rot_enabled, days_to_rotten, _hash, _synced_at)
VALUES (1, 1, 'Lead', 50, 1, 0, NULL, 0, ''), (2, 2, 'Offer', 80, 1, 1, 10, 0, '');
INSERT INTO users (id, name, _hash, _synced_at) VALUES (7, 'user 7', 0, ''), (8, 'user 8', 0, '');
INSERT INTO deals (id, title, value, currency, status, stage_id, pipeline_id, owner_id, expected_close_date, won_time,
  lost_time, lost_reason, update_time, _synced_at, _version)
VALUES (1, 'Acme', 100, 'EUR', 'open', 1, 1, 7, '2030-05-17', NULL, NULL, NULL, '-90 days', '', 1),
       (2, '=HYPERLINK("http://x")', 250.5, 'EUR', 'open', 2, 1, 7, '2030-05-01', NULL, NULL, NULL, '-40 days', '', 1),
       (3, 'Globex, "Inc"', -5, 'USD', 'open', 2, 1, 8, NULL, NULL, NULL, NULL, '-60 days', '', 1),
       (4, 'won', 10, 'EUR', 'won', 2, 1, 7, NULL, '2025-03-01T00:00:00Z', NULL, NULL, '-80 days', '', 1),
       (5, 'lost', 20, 'EUR', 'lost', 2, 1, 8, NULL, NULL, '2025-04-01T00:00:00Z', 'price', '-100 days', '', 1);
UPDATE deals SET update_time = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', update_time);
UPDATE deals SET stage_change_time = update_time, add_time = update_time;
INSERT INTO deals_search (rowid, title) SELECT id, title FROM deals;
