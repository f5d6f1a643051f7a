// What an admin watches: charts that move, figures and words that follow, ways from row to row.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Redis, Server, launch, live, open } from './support.js';

const run = Date.now() % 1_000_000;
const customer = 12_100_000 + run;
let browser, redis, server;

before(async () => {
  redis = await Redis.start();
  server = await Server.start({ REDIS_URL: redis.url, AUDIT_EVERY_SECONDS: '1' });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.kill();
  await redis?.kill();
});

const place = async (text) => (await server.ask('customer', customer, '/api/orders', {
  description: text, price: '100.00', currency: 'RUB',
})).order.id;

/** Waits until a figure on the page, or beside a chart, is as wanted. */
const figure = (window, selector, wanted) => window.waitForFunction(
  ([at, text]) => document.querySelector(at)?.textContent.trim() === text, [selector, String(wanted)]);

test('charts and figures follow what happens, and say what is away', async () => {
  const window = await open(browser, server, 'admin', 1, '/admin');
  await live(window);
  await window.locator('.charts canvas').nth(3).waitFor();
  const before = +await window.locator('[data-pulse="orders_per_minute"]').innerText();
  const orders = await Promise.all(['a', 'b', 'c'].map(place));
  await server.ask('executor', customer + 1, `/api/orders/${orders[0]}/accept`, {});
  await figure(window, '[data-pulse="orders_per_minute"]', before + 3);
  await figure(window, '[data-figure="orders_per_minute"] b', before + 3);
  await figure(window, '[data-figure="accepts_per_minute"] b', 1);
  // Something is drawn, and a second later something else.
  const drawn = () => window.locator('.plot canvas').first().evaluate((canvas) => canvas.toDataURL());
  const first = await drawn();
  await window.waitForFunction(
    (old) => document.querySelector('.plot canvas').toDataURL() !== old, first);

  const { revision } = await server.ask('admin', 1, '/api/admin/summary');
  await window.locator('.books[data-balanced="true"]', { hasText: `revision ${revision}` }).waitFor();
  await redis.kill();
  await window.locator('[data-part="redis"][data-state="down"]').waitFor();
  await redis.run();
  await window.locator('[data-part="redis"][data-state="up"]').waitFor();
  assert.deepEqual(window.faults, []);
  await window.context().close();
});

test('nothing jumps while the charts are drawn', async () => {
  const window = await open(browser, server, 'admin', 1, '/admin');
  await window.addInitScript(() => {
    window.shifts = [];
    const where = ({ node }) => (node?.outerHTML ?? node?.parentElement?.outerHTML)?.slice(0, 80);
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries()) window.shifts.push([value, ...sources.map(where)]);
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await window.reload();
  await live(window);
  await window.locator('.charts canvas').nth(3).waitFor();
  await window.evaluate(() => new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); }));
  // A figure that gets another digit moves itself, and nothing else.
  const shifts = await window.evaluate(() => window.shifts.filter(([value]) => value > 0.0001));
  assert.deepEqual(shifts, []);
  await window.context().close();
});

test('the pointer reads all charts at one time, and they fit a phone', async () => {
  const window = await open(browser, server, 'admin', 1, '/admin', {
    viewport: { width: 360, height: 740 }, locale: 'ru-RU', colorScheme: 'dark',
  });
  await live(window);
  const plots = window.locator('.plot canvas');
  await plots.nth(3).waitFor();
  const widths = await window.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.equal(widths[0], widths[1]);
  // Where there is something: the newest second is at the right.
  await window.waitForFunction(() => document.querySelectorAll('.u-over').length === 4);
  const over = window.locator('.u-over').first();
  const { width } = await over.boundingBox();
  await over.hover({ position: { x: width - 2, y: 40 } });
  await window.locator('.chart .at').nth(3).waitFor();
  assert.deepEqual(window.faults, []);
  await window.context().close();
});

test('from a row one goes to its people, old rows and new ones alike', async () => {
  await place('before');
  const window = await open(browser, server, 'admin', 1, '/admin/orders');
  await live(window);
  const order = await place('a new one');
  const row = window.locator(`#order-${order}`);
  await row.waitFor();
  await row.locator('td.who a').click();
  await window.waitForURL(`**/admin/customers/${customer}`);
  await window.locator('figure.days svg').first().waitFor();
  await window.goBack();
  await window.locator('tbody.rows tr td.who a').nth(1).click();
  await window.waitForURL('**/admin/customers/*');
  await window.goto(`${server.url}/orders/${order}`);
  await window.locator('dl.facts a', { hasText: String(customer) }).waitFor();
  await window.context().close();
});

test('a table is downloaded as a file', async () => {
  const window = await open(browser, server, 'admin', 1, '/admin/orders');
  const [download] = await Promise.all([
    window.waitForEvent('download'), window.locator('a[download]').click(),
  ]);
  assert.equal(download.suggestedFilename(), 'orders.csv');
  const file = await download.createReadStream();
  let text = '';
  file.on('data', (part) => { text += part; });
  await once(file, 'end');
  assert.match(text, /^\ufeffid,customer_id,status,/);
  assert.ok(text.includes(',a new one,100.00,2.00,98.00,RUB,'), text);
  await window.context().close();
});

test('without a script the overview says the same', async () => {
  const window = await open(browser, server, 'admin', 1, '/admin', { javaScriptEnabled: false });
  assert.match(await window.locator('.books').innerText(), /The books balance at revision \d+/);
  assert.ok(await window.locator('.charts').isHidden());
  assert.match(await window.locator('[data-pulse="orders_per_minute"]').innerText(), /^\d+$/);
  await window.context().close();
});
