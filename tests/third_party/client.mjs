// Lists, creates, updates and deletes deals, their products and followers with the official client.
//
//   node client.mjs FOLDER URL TOKEN      FOLDER/node_modules holds the client

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, url, token] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const v1 = require('pipedrive/v1');
const v2 = require('pipedrive/v2');

const of = (version, path, apiKey) => new version.Configuration({ apiKey, basePath: url + path });
const deals = new v2.DealsApi(of(v2, '/api/v2', token));
const lines = new v2.DealProductsApi(of(v2, '/api/v2', token));
const catalogue = new v2.ProductsApi(of(v2, '/api/v2', token));
const users = new v1.UsersApi(of(v1, '/v1', token));

// Fails unless it is refused in words that match; the client passes on the body of the answer.
const refused = (asked, words) =>
  assert.rejects(asked, (body) => {
    assert.equal(body.success, false);
    assert.match(body.error, words);
    return true;
  });

const pagesOf = async (ask) => {
  const pages = [];
  let cursor;
  do {
    const answer = await ask(cursor);
    assert.equal(answer.success, true);
    pages.push(answer.data);
    cursor = answer.additional_data?.next_cursor;
  } while (cursor);
  return pages;
};

// Who we are.
const me = (await users.getCurrentUser()).data;
assert.equal(typeof me.id, 'number');

// All deals, in pages.
const pages = await pagesOf((cursor) => deals.getDeals({ limit: 200, cursor, sort_by: 'id' }));
const ids = pages.flat().map((deal) => deal.id);
assert.ok(pages.length > 2, `${pages.length} pages`);
assert.deepEqual(ids, [...new Set(ids)].sort((one, other) => one - other));

// A deal: created, read, updated.
const created = (await deals.addDeal({
  AddDealRequest: { title: 'From the official client', value: 1234.5, currency: 'EUR' },
})).data;
assert.equal(created.title, 'From the official client');
assert.deepEqual([created.value, created.currency, created.status], [1234.5, 'EUR', 'open']);
const id = created.id;
assert.ok(!ids.includes(id));
const updated = (await deals.updateDeal({ id, UpdateDealRequest: { status: 'won' } })).data;
assert.equal(updated.status, 'won');
const read = (await deals.getDeal({ id, include_fields: 'products_count' })).data;
assert.deepEqual([read.title, read.status, read.products_count], [created.title, 'won', 0]);
const found = (await deals.searchDeals({ term: 'official client' })).data.items;
assert.deepEqual(found.map(({ item }) => item.id), [id]);

// Its products.
const [product] = (await catalogue.getProducts({ limit: 1 })).data;
const line = (await lines.addDealProduct({
  id,
  AddDealProductRequest: { product_id: product.id, item_price: 100, quantity: 3 },
})).data;
assert.deepEqual([line.deal_id, line.product_id, line.sum], [id, product.id, 300]);
const dearer = (await lines.updateDealProduct({
  id,
  product_attachment_id: line.id,
  UpdateDealProductRequest: { quantity: 5 },
})).data;
assert.equal(dearer.sum, 500);
assert.deepEqual((await lines.getDealProducts({ id })).data.map((one) => one.id), [line.id]);
assert.equal((await deals.getDeal({ id })).data.value, 500);
assert.equal((await lines.deleteDealProduct({ id, product_attachment_id: line.id })).data.id, line.id);
assert.deepEqual((await lines.getDealProducts({ id })).data, []);

// Its followers.
const before = (await deals.getDealFollowers({ id })).data.map((one) => one.user_id);
const other = (await users.getUsers()).data.map((user) => user.id).find((user) => !before.includes(user));
await deals.addDealFollower({ id, AddDealFollowerRequest: { user_id: other } });
const followers = (await deals.getDealFollowers({ id })).data.map((one) => one.user_id);
assert.deepEqual(followers.sort(), [...before, other].sort());
await deals.deleteDealFollower({ id, follower_id: other });
assert.deepEqual((await deals.getDealFollowers({ id })).data.map((one) => one.user_id), before);

// Gone: no list of what is not deleted shows it.
assert.equal((await deals.deleteDeal({ id })).data.id, id);
const open = (await deals.getDeals({ ids: String(id), status: 'open' })).data;
assert.deepEqual(open, []);
assert.deepEqual(
  (await deals.getDeals({ ids: String(id), status: 'deleted' })).data.map((deal) => deal.id),
  [id],
);

// What is refused.
await refused(deals.getDeal({ id: 999999 }), /not found/i);
await refused(deals.getDeals({ limit: 'many' }), /limit/);
await refused(deals.addDeal({ AddDealRequest: { value: 1 } }), /title/);
const stranger = new v2.DealsApi(of(v2, '/api/v2', 'f'.repeat(40)));
await refused(stranger.getDeals({ limit: 1 }), /unauthorized/i);

console.log(`the official client: ${ids.length} deals in ${pages.length} pages; deal ${id}, its line and follower came and went`);
