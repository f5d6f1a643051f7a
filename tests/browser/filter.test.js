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

/** What a window has fetched of its own page, by when it began to. */
const fetches = (window) => window.evaluate(() => performance.getEntriesByType('resource')
  .filter(({ initiatorType }) => initiatorType === 'fetch').map(({ startTime }) => startTime));

const found = (window, text) => window.locator('.found', { hasText: text }).waitFor();

test('how many fit is live, on every page, and asked for at most once a second', async () => {
  const word = `n${run}`;
  const ids = [];
  for (let number = 0; number < 21; number++) ids.push(await place(`${word} ${number}`, '7.00'));
  const path = `/orders?currency=RUB&min=7&q=${word}`;
  const first = await open(at.browser, at.server, 'executor', executor, path);
  const second = await open(at.browser, at.server, 'executor', executor, `${path}&page=2`);
  for (const board of [first, second]) {
    await live(board);
    await mark(board);
    await found(board, '21 open orders fit.');
  }
  await place(`${word} more`, '7.00');
  for (const board of [first, second]) await found(board, '22 open orders fit.');
  // One that the first page shows, and one that it does not.
  for (const [id, left] of [[ids[20], 21], [ids[1], 20]]) {
    await at.server.ask('executor', executor + 1, `/api/orders/${id}/accept`, {});
    for (const board of [first, second]) await found(board, `${left} open orders fit.`);
  }
  const rows = (board) => board.locator('tbody.rows tr:not(.closed)')
    .evaluateAll((rows) => rows.map(({ id }) => id));
  // Pages after the first never shift: what was there stays there.
  assert.deepEqual(await rows(second), [`order-${ids[0]}`]);
  assert.ok((await rows(first)).includes(`order-${ids[0]}`), 'the first page was filled up');
  assert.equal(await first.locator('.paging nav').count(), 0, 'and is the only one now');
  await at.server.ask('customer', customer, `/api/orders/${ids[2]}/edit`, { price: '6.99' });
  for (const board of [first, second]) await found(board, '19 open orders fit.');
  await place(`without it ${run}`, '7.00');
  for (const board of [first, second]) {
    assert.ok(await isMarked(board), 'without a reload');
    const times = await fetches(board);
    const gaps = times.slice(1).map((time, place) => time - times[place]);
    assert.ok(times.length >= 4 && gaps.every((gap) => gap >= 990), `${times}`);
    assert.deepEqual(board.faults, []);
  }
});

test('a currency alone is live, too, and says how many fit', async () => {
  const path = '/orders?currency=JPY';
  const board = await open(at.browser, at.server, 'executor', executor, path);
  await live(board);
  await mark(board);
  const [yen, dollars] = [await place('In yen', '700', 'JPY'), await place('In dollars', '7.00', 'USD')];
  await row(board, yen).waitFor();
  assert.equal(await row(board, dollars).count(), 0);
  // Others may place some meanwhile.
  const says = async () => {
    const { total } = await at.server.ask('executor', executor, '/api/board?currency=JPY');
    return (await board.locator('.found').textContent()).startsWith(total === 1 ? 'One ' : total || 'No ');
  };
  while (!await says());
  await at.server.ask('executor', executor + 1, `/api/orders/${yen}/accept`, {});
  await row(board, yen).waitFor({ state: 'detached' });
  while (!await says());
  assert.ok(await isMarked(board));
  assert.deepEqual(board.faults, []);
});

test('a page that nobody sees asks for nothing, and once when it is seen again', async () => {
  const price = `${run + 1}.07`;
  const board = await open(at.browser, at.server, 'executor', executor, '/orders');
  await board.clock.install();
  await board.goto(`${at.server.url}/orders?currency=RUB&min=${price}&max=${price}`);
  await live(board);
  await found(board, 'No open order fits.');
  let asked = 0;
  board.on('request', (request) => { asked += request.resourceType() === 'fetch'; });
  await board.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
  });
  for (let number = 0; number < 3; number++) {
    // What the stream brings is put in place all the same.
    await row(board, await place(`Seen later ${number}`, price)).waitFor();
    await board.clock.runFor(5000);
  }
  assert.equal(asked, 0);
  await board.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await board.clock.runFor(3000);
  await found(board, '3 open orders fit.');
  await board.clock.runFor(5000);
  assert.equal(asked, 1);
  assert.deepEqual(board.faults, []);
});
