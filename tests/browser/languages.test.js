// Who reads only Russian: pages, live rows, notices and sums, and the way there and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMarked, live, mark, open, stage } from './support.js';

const at = stage();
// Texts and people of this run: the databases may hold those of earlier ones.
const run = Date.now() % 1_000_000;
const customer = 9_100_000 + run;

test('a Russian browser is answered in Russian, live, and can be switched', async () => {
  const options = { locale: 'ru-RU' };
  const orders = await open(at.browser, at.server, 'customer', customer, '/my/orders', options);
  const board = await open(at.browser, at.server, 'executor', customer + 1, '/orders', options);
  for (const window of [orders, board]) {
    await live(window);
    assert.equal(await window.locator('html').getAttribute('lang'), 'ru');
  }
  await mark(board);
  const text = `Забор ${run}`;
  await orders.fill('[name="description"]', text);
  await orders.fill('[name="price"]', '1 299,95');
  await orders.locator('#place button').click();
  await orders.locator('.news', { hasText: 'размещён' }).waitFor();
  const row = board.locator('tbody tr', { hasText: text });
  await row.waitFor();
  assert.match(await row.innerText(), /1\s273,951 ₽/);
  assert.match(await row.locator('time').innerText(), /назад|сейчас/);
  assert.ok(await isMarked(board), 'the row arrived without a reload');
  await live(orders);
  await row.locator('.only-executor').click();
  await board.locator('.news', { hasText: 'Теперь это договор' }).waitFor();
  await orders.locator('#notice.shown', { hasText: 'только что приняли' }).waitFor();
  await orders.locator('tbody tr', { hasText: text }).locator('.status', { hasText: 'Принят' }).waitFor();

  await orders.locator('.languages button', { hasText: 'English' }).click();
  await orders.locator('h1', { hasText: 'My orders' }).waitFor();
  assert.equal(await orders.locator('html').getAttribute('lang'), 'en');
  for (const window of [orders, board]) assert.deepEqual(window.faults, []);
});

test('a page that somebody has open follows when the language changes in another tab', async () => {
  const one = await open(at.browser, at.server, 'customer', customer, '/profile', { locale: 'ru-RU' });
  const other = await one.context().newPage();
  await other.goto(`${at.server.url}/my/orders`);
  await live(other);
  await one.locator('.languages button', { hasText: 'English' }).click();
  await one.locator('h1', { hasText: 'Customer' }).waitFor();
  // Its rows stay in its own language, until it fetches itself.
  const order = { description: `Ещё ${run}`, price: '5.00', currency: 'RUB' };
  const { order: { id } } = await at.server.ask('customer', customer, '/api/orders', order);
  await other.locator(`#order-${id}`, { hasText: 'Отозвать' }).waitFor();
  assert.deepEqual(one.faults, []);
});
