// What people see: one story, in real windows, without a reload.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis, Server, isMarked, launch, mark, open } from './support.js';

let server;
let browser;
// Texts and people of this run: the databases may hold those of earlier ones.
const run = Date.now() % 1_000_000;
const customer = 100_000 + run;
const executor = 1_200_000 + run;
const rival = 2_300_000 + run;

before(async () => {
  server = await Server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.kill();
});

const live = (window) => window.locator('#live[data-state="live"]').waitFor();
const row = (window, text) => window.locator('tbody tr', { hasText: text });

async function place(window, text, price) {
  await window.fill('[name="description"]', text);
  await window.fill('[name="price"]', price);
  await window.selectOption('[name="currency"]', 'RUB');
  await window.click('#place button[type="submit"], #place button:not([type])');
}

test('an order travels from its customer to an executor and back, without a reload', async () => {
  const text = `Paint the fence ${run} <b>'; DROP TABLE orders; --`;
  const board = await open(browser, server, 'executor', executor, '/orders');
  const others = await open(browser, server, 'executor', rival, '/orders');
  const orders = await open(browser, server, 'customer', customer, '/my/orders');
  const contracts = await open(browser, server, 'customer', customer, '/my/contracts');
  const watching = [board, others, contracts];
  for (const window of [...watching, orders]) await live(window);
  for (const window of watching) await mark(window);

  await place(orders, text, '1 299,95');
  await orders.locator('[role="status"]', { hasText: /placed/i }).waitFor();
  await row(board, text).waitFor();
  await row(others, text).waitFor();
  assert.match(await row(board, text).innerText(), /1,273\.951/, 'the payout is exact');
  await live(orders);
  await mark(orders);

  assert.ok(await isMarked(board), 'the row arrived without a reload');
  await row(board, text).locator('button.only-executor').click();
  await board.waitForURL('**/my/contracts');
  await row(board, text).waitFor();
  await row(others, text).waitFor({ state: 'detached' });
  await row(orders, text).and(orders.locator('[data-status="taken"]')).waitFor();
  await row(contracts, text).waitFor();
  for (const window of [others, contracts, orders]) assert.ok(await isMarked(window));

  for (const window of [...watching, orders]) assert.deepEqual(window.faults, []);
});

test('a page heals by itself after its server was killed', async () => {
  const board = await open(browser, server, 'executor', executor, '/orders');
  await live(board);
  await mark(board);
  const before = `Before the crash ${run}`;
  const { order } = await server.ask('customer', customer, '/api/orders', {
    description: before, price: '10.00', currency: 'RUB',
  });
  await row(board, before).waitFor();

  await server.kill();
  await board.locator('#live:not([data-state="live"])').waitFor();
  await server.run();
  const after = `After the crash ${run}`;
  await server.ask('customer', customer, '/api/orders', {
    description: after, price: '10.00', currency: 'RUB',
  });
  await server.ask('executor', rival, `/api/orders/${order.id}/accept`, {});

  await live(board);
  await row(board, after).waitFor();
  await row(board, before).waitFor({ state: 'detached' });
  assert.ok(await isMarked(board), 'it healed without a reload');
  assert.deepEqual(board.faults, []);
});

test('a page says how fresh it is, and hears of changes elsewhere through whatever redis does', async () => {
  const redis = await Redis.start();
  const [here, elsewhere] = await Promise.all([1, 2].map(() => Server.start({ REDIS_URL: redis.url })));
  try {
    const board = await open(browser, here, 'executor', executor, '/orders');
    await live(board);
    await mark(board);
    const lag = async () => {
      await board.locator('#lag', { hasText: /\d/ }).waitFor();
      const [, figure, unit] = (await board.innerText('#lag')).match(/([\d.]+)\s(ms|sec)/);
      return unit === 'ms' ? +figure : 1000 * figure;
    };
    const change = async (text) => {
      await elsewhere.ask('customer', customer, '/api/orders', {
        description: text, price: '10.00', currency: 'RUB',
      });
      await row(board, text).waitFor();
    };
    // What comes right after connecting may be a replay, of which nothing is said.
    await board.waitForFunction(async () => {
      await new Promise((next) => setTimeout(next, 1100));
      return true;
    });
    const stood = await board.locator('#live').boundingBox();
    await change(`Heard at once ${run}`);
    assert.ok(await lag() < 900, 'rung');
    assert.deepEqual(await board.locator('#live').boundingBox(), stood, 'the figure moves nothing');

    await redis.kill();
    for (const number of [1, 2, 3]) {
      await change(`Without redis ${number} ${run}`);
      assert.ok(await lag() < 2500, 'found');
    }
    await redis.run();
    await change(`With redis again ${run}`);
    await elsewhere.kill();
    await elsewhere.run();
    await change(`With the other server again ${run}`);
    assert.equal(await board.innerText('#live'), 'Live');
    assert.ok(await isMarked(board), 'all of it without a reload');
    assert.deepEqual(board.faults, []);
  } finally {
    for (const it of [here, elsewhere, redis]) await it.kill();
  }
});

test('a page whose server cannot be reached says when it tries again', async () => {
  const board = await open(browser, server, 'executor', executor, '/orders');
  await live(board);
  await board.context().setOffline(true);
  await server.kill();
  await board.locator('#live[data-state="offline"]').waitFor();
  await board.locator('#lag', { hasText: /again (in \d+ sec|now)/ }).waitFor();
  await server.run();
  await board.context().setOffline(false);
  await live(board);
  assert.doesNotMatch(await board.innerText('#lag'), /again/);
});

test('a connection that fell silent is replaced, also in browsers that time nothing', async () => {
  const board = await open(browser, server, 'executor', executor, '/orders');
  // Firefox on plain HTTP, and older Safaris.
  await board.addInitScript(() => delete PerformanceResourceTiming.prototype.serverTiming);
  await board.reload();
  await live(board);
  assert.equal(await board.evaluate(() => performance.getEntriesByType('navigation')[0].serverTiming), undefined);
  await mark(board);
  server.process.kill('SIGSTOP');
  // Half a minute later.
  await board.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 36_000;
  });
  await board.locator('#live:not([data-state="live"])').waitFor();
  server.process.kill('SIGCONT');
  await live(board);
  const text = `After the silence ${run}`;
  await server.ask('customer', customer, '/api/orders', {
    description: text, price: '10.00', currency: 'RUB',
  });
  await row(board, text).waitFor();
  assert.ok(await isMarked(board));
  assert.deepEqual(board.faults, []);
});

test('what other tabs show becomes that of whom the browser is now', async () => {
  const text = `Only mine ${run}`;
  const orders = await open(browser, server, 'customer', customer, '/my/orders');
  await live(orders);
  await place(orders, text, '10');
  await row(orders, text).waitFor();
  await live(orders);
  const tab = await orders.context().newPage();
  await tab.goto(server.url + '/my/orders');
  await live(tab);
  await orders.fill('[name="user_id"]', String(customer + 1));
  await orders.click('.switch button');
  await row(tab, text).waitFor({ state: 'detached' });
  await tab.locator(`[name="user_id"][value="${customer + 1}"]`).waitFor();
  await live(tab);
});

test('everything works without JavaScript', async () => {
  const text = `By hand ${run}`;
  const options = { javaScriptEnabled: false };
  const orders = await open(browser, server, 'customer', customer, '/my/orders', options);
  await place(orders, text, '0');
  await orders.locator('.invalid-feedback').first().waitFor();
  assert.equal(await orders.inputValue('[name="description"]'), text, 'the draft is kept');
  await place(orders, text, '99.95');
  await row(orders, text).waitFor();

  const board = await open(browser, server, 'executor', executor, '/orders', options);
  await row(board, text).locator('button.only-executor').click();
  await board.waitForURL('**/my/contracts');
  await row(board, text).waitFor();
});
