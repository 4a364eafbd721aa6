-- How much of what was spent could have waited: children asked for deal by deal, which have a part of the daily share.
ALTER TABLE sync_api_usage ADD COLUMN trickle INTEGER NOT NULL DEFAULT 0;
