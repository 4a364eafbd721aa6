CREATE VIEW deal_products_report AS
  -- The product lines of live deals, a row each. A product is called as the catalogue calls it, else as the line does.
  SELECT
    l.deal_id,
    d.title AS deal,
    d.status,
    d.is_archived,
    coalesce((SELECT name FROM products WHERE id = l.product_id), l.name) AS product,
    (SELECT name FROM users WHERE id = d.owner_id) AS owner,
    (SELECT name FROM stages WHERE id = d.stage_id) AS stage,
    l.quantity,
    l.item_price,
    l.discount,              -- percent or an amount, see discount_type
    l.discount_type,
    l.sum,                   -- of the line as the API says it, in `currency`
    l.currency,
    l.id AS line_id,
    l.product_id,
    d.owner_id,
    d.pipeline_id,
    d.stage_id
  FROM deal_products l
  JOIN deals d ON d.id = l.deal_id
  WHERE d.is_deleted = 0 AND d._missing_since IS NULL
