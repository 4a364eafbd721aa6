-- No question asks what is owed of a deal whatever the kind, and each deal that is stored paid for it with a page.
DROP INDEX sync_due_by_id;
