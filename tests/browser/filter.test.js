// The board filtered, live: what fits comes and goes, what does not is never seen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMarked, live, mark, open, stage } from './support.js';

const at = stage();
// Texts and people of this run: the databases may hold those of earlier ones.
const run = Date.now() % 1_000_000;
const customer = 7_100_000 + run;
const executor = 8_200_000 + run;

const row = (window, id) => window.locator(`#order-${id}`);

async function place(description, price, currency = 'RUB') {
  const body = { description, price, currency };
  return (await at.server.ask('customer', customer, '/api/orders', body)).order.id;
}

test('a filter is filled in, shared by its address, and live', async () => {
  const before = await place(`Before ${run}`, '77.00');
  const board = await open(at.browser, at.server, 'executor', executor, '/orders');
  await live(board);
  await board.locator('summary', { hasText: 'Filter' }).click();
  await board.selectOption('#filter [name="currency"]', 'RUB');
  await board.fill('#filter [name="min"]', '70');
  await board.fill('#filter [name="max"]', '80,50');
  await board.locator('#filter button').click();
  await board.waitForURL(/currency=RUB&min=70&max=80%2C50/);
  await row(board, before).waitFor();
  await live(board);
  await mark(board);
  const [cheap, dollars, fits] = [
    await place('Too cheap', '69.99'), await place('In dollars', '75.00', 'USD'),
    await place('It fits', '80.50'),
  ];
  await row(board, fits).waitFor();
  for (const id of [cheap, dollars]) assert.equal(await row(board, id).count(), 0);
  await at.server.ask('customer', customer, `/api/orders/${fits}/edit`, { price: '81.00' });
  await row(board, fits).waitFor({ state: 'detached' });
  await at.server.ask('customer', customer, `/api/orders/${cheap}/edit`, { price: '70.00' });
  await row(board, cheap).waitFor();
  await at.server.ask('executor', executor + 1, `/api/orders/${before}/accept`, {});
  await row(board, before).waitFor({ state: 'detached' });
  assert.ok(await isMarked(board), 'without a reload');
  assert.deepEqual(board.faults, []);
});

test('words and the order by price are kept up by fetching, and what is typed stays', async () => {
  const [word, more] = [`w${run}`, `Wash ${run} windows w${run}`];
  const dear = await place(`A ${word} dear`, '900.00');
  const path = `/orders?currency=RUB&q=${word}&sort=price`;
  const board = await open(at.browser, at.server, 'executor', executor, path);
  await live(board);
  await mark(board);
  await row(board, dear).waitFor();
  await board.fill('#filter [name="q"]', 'something else');
  const other = await place('Without it', '5.00');
  const cheap = await place(more, '10.00');
  await row(board, cheap).waitFor();
  const ids = await board.locator('tbody.rows tr').evaluateAll((rows) => rows.map(({ id }) => id));
  assert.deepEqual(ids, [`order-${cheap}`, `order-${dear}`]);
  assert.equal(await row(board, other).count(), 0);
  assert.equal(await board.inputValue('#filter [name="q"]'), 'something else');
  assert.ok(await isMarked(board));
  assert.deepEqual(board.faults, []);
});
