// What people see: one story, in real windows, without a reload.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, isMarked, launch, mark, open } from './support.js';

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
