// What helps who types: the sums beside the price, the draft, the keys, the news while nobody looks.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import { live, open, stage } from './support.js';

const at = stage();
// Texts and people of this run: the databases may hold those of earlier ones.
const run = Date.now() % 1_000_000;
const customer = 12_100_000 + run;
const executor = 13_200_000 + run;

test('fee and payout stand beside the price, exactly, and the draft is there again', async () => {
  const desk = await open(at.browser, at.server, 'customer', customer, '/my/orders');
  const sums = desk.locator('#place [data-preview]');
  for (const [price, currency, said] of [
    ['99,95', 'RUB', /commission is 1\.999\sRUB; the executor gets 97\.951\sRUB/],
    ['1 299.95', 'USD', /25\.999\sUSD; .*1,273\.951\sUSD/],
    ['490', 'JPY', /9\.8\sJPY; .*480\.2\sJPY/],
    ['90071992547409.93', 'EUR', /1,801,439,850,948\.1986\sEUR/],
    ['1.999', 'EUR', /the executor gets the rest/],
    ['x', 'EUR', /the executor gets the rest/],
  ]) {
    await desk.selectOption('#place [name="currency"]', currency);
    await desk.fill('#place [name="price"]', price);
    assert.match(await sums.innerText(), said);
  }
  await desk.fill('#place [name="description"]', `Half a thought ${run}`);
  await desk.fill('#place [name="price"]', '12');
  await desk.goto(`${at.server.url}/profile`);
  await desk.goto(`${at.server.url}/my/orders`);
  assert.equal(await desk.inputValue('#place [name="description"]'), `Half a thought ${run}`);
  assert.equal(await desk.inputValue('#place [name="price"]'), '12');
  await desk.locator('#place button').click();
  await desk.locator('.news', { hasText: 'placed' }).waitFor();
  assert.equal(await desk.inputValue('#place [name="description"]'), '');
  assert.equal(await desk.inputValue('#place [name="currency"]'), 'EUR', 'as the last time');
  await desk.goto(`${at.server.url}/my/orders`);
  assert.equal(await desk.inputValue('#place [name="description"]'), '', 'it was placed');
  assert.deepEqual(desk.faults, []);
});

test('the board is gone through and taken from by keys', async () => {
  const order = async (text) => (await at.server.ask('customer', customer, '/api/orders', {
    description: text, price: '10.00', currency: 'RUB',
  })).order.id;
  const [first, second] = [await order(`One ${run}`), await order(`Two ${run}`)];
  const board = await open(at.browser, at.server, 'executor', executor, '/orders');
  await live(board);
  await board.locator(`#order-${second}`).waitFor();
  await board.keyboard.press('j');
  await board.keyboard.press('j');
  await board.keyboard.press('k');
  await board.keyboard.press('j');
  const focused = () => board.evaluate(() => document.activeElement.closest('tr')?.id);
  assert.equal(await focused(), `order-${first}`);
  board.once('dialog', (dialog) => dialog.dismiss());
  await board.keyboard.press('a');
  assert.ok(await board.locator(`#order-${first}:not(.closed)`).isVisible(), 'it was not confirmed');
  board.once('dialog', (dialog) => {
    assert.match(dialog.message(), new RegExp(`Accept order #${first}\\?`));
    dialog.accept();
  });
  await board.keyboard.press('a');
  await board.locator('.news', { hasText: `Order #${first} is yours` }).waitFor();
  await board.goto(`${at.server.url}/orders`);
  await board.keyboard.press('/');
  await board.keyboard.type('jak');
  assert.equal(await board.inputValue('#filter [name="q"]'), 'jak', 'typing is typing');
  assert.deepEqual(board.faults, []);
});

test('news that came while nobody looked stand in the title', async () => {
  const { order: { id } } = await at.server.ask('customer', customer, '/api/orders', {
    description: `Three ${run}`, price: '10.00', currency: 'RUB',
  });
  const desk = await open(at.browser, at.server, 'customer', customer, '/my/orders');
  await live(desk);
  const title = await desk.title();
  await desk.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
  });
  await at.server.ask('executor', executor, `/api/orders/${id}/accept`, {});
  await desk.waitForFunction((title) => document.title === `(1) ${title}`, title);
  assert.match(await desk.locator('link[rel="icon"]').getAttribute('href'), /icon-news/);
  await desk.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.equal(await desk.title(), title);
  assert.deepEqual(desk.faults, []);
});

test('all styles and scripts that there are fit into 60 KB', async () => {
  const client = await at.browser.newContext();
  const headers = { 'X-User-Type': 'admin' };
  const html = await (await client.request.get(`${at.server.url}/admin`, { headers })).text();
  const paths = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+\.(?:css|js)\?[^"]*)"/g)];
  assert.equal(paths.length, 9);
  let bytes = 0;
  for (const [, path] of paths) {
    bytes += gzipSync(await (await client.request.get(at.server.url + path)).body()).length;
  }
  assert.ok(bytes <= 60 * 1024, `they take ${bytes} bytes`);
  console.log(`styles and scripts: ${bytes} bytes, gzipped`);
  await client.close();
});

test('pages are light, and nothing jumps while one loads', async () => {
  const board = await open(at.browser, at.server, 'executor', executor, '/orders');
  const html = await (await board.context().request.get(`${at.server.url}/orders`)).text();
  assert.ok(html.length <= 30 * 1024, `the board's HTML takes ${html.length} bytes`);
  const paths = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+\.(?:css|js)\?[^"]*)"/g)];
  assert.equal(paths.length, 6);
  let bytes = 0;
  for (const [, path] of paths) {
    const asset = await board.context().request.get(at.server.url + path);
    bytes += gzipSync(await asset.body()).length;
  }
  assert.ok(bytes <= 60 * 1024, `styles and scripts take ${bytes} bytes`);

  await board.addInitScript(() => {
    window.shifts = [];
    const where = ({ node }) => (node?.outerHTML ?? node?.parentElement?.outerHTML)?.slice(0, 80);
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries()) window.shifts.push([value, ...sources.map(where)]);
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await board.reload();
  await live(board);
  await board.evaluate(() => new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); }));
  assert.deepEqual(await board.evaluate(() => window.shifts), []);
});
