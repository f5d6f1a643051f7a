// The board under somebody's eyes and pointer: rows come and go, and nothing moves from its place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMarked, live, mark, open, stage } from './support.js';

const at = stage(undefined, {
  alone: true, MAX_ORDERS_PER_DAY: '0', MAX_ACCEPTS_PER_MINUTE: '0', MAX_ACTIVE_CONTRACTS: '0',
});

async function place(count, text = 'Paint the fence') {
  const ids = [];
  for (let number = 0; number < count; number += 1) {
    const order = { description: `${text} ${number}`, price: '100.00', currency: 'RUB' };
    ids.push((await at.server.ask('customer', 1, '/api/orders', order)).order.id);
  }
  return ids;
}

const take = async (ids) => {
  for (const id of ids) await at.server.ask('executor', 2, `/api/orders/${id}/accept`, {});
};

/** The board of an executor, in a window of this height. */
async function board(options = {}) {
  const window = await open(at.browser, at.server, 'executor', 7, '/orders', {
    viewport: { width: 1100, height: 500 }, ...options,
  });
  await live(window);
  await mark(window);
  return window;
}

async function end(window) {
  assert.ok(await isMarked(window), 'without a reload');
  assert.deepEqual(window.faults, []);
  await window.context().close();
}

const scroll = (window, to) => window.evaluate((to) => {
  scrollTo({ top: to ?? document.body.scrollHeight, behavior: 'instant' });
}, to);

/** Notes at each frame, and after each change, where a row is. */
const watch = (window, id) => window.evaluate((id) => {
  const row = document.querySelector(`#order-${id}`);
  window.tops = new Set();
  const note = () => window.tops.add(row.isConnected && row.getBoundingClientRect().top);
  const frame = () => { note(); requestAnimationFrame(frame); };
  frame();
  document.addEventListener('board', note);
}, id);
const tops = (window) => window.evaluate(() => [...window.tops]);

const sees = (window, id) => window.locator(`#order-${id}`).waitFor();
const lost = (window, id) => window.locator(`#order-${id}`).waitFor({ state: 'detached' });
const pill = (window) => window.locator('#arrivals button');
const says = (window, words) => pill(window).filter({ hasText: words }).waitFor();

for (const how of ['points at', 'has focused']) {
  test(`a row that somebody ${how} stays where it is while fifty come and go`, async () => {
    const before = await place(20);
    const window = await board();
    const id = before.at(-4);
    if (how === 'points at') await window.locator(`#order-${id} .only-executor`).hover();
    else await window.locator(`#order-${id} .only-executor`).focus();
    await watch(window, id);
    const [start] = await tops(window);
    // Below it, above it, and what came meanwhile.
    await take(before.slice(0, 5));
    await take(before.slice(-3));
    for (let round = 0; round < 10; round += 1) {
      const some = await place(5);
      await sees(window, some.at(-1));
      await take(some.slice(1));
    }
    await lost(window, before[0]);
    assert.deepEqual(await tops(window), [start]);
    assert.equal(await window.locator(`#order-${id}`).evaluate((row) => row.matches(':hover, :focus-within')), true);
    // It is what is accepted.
    await window.locator(`#order-${id} .only-executor`).click({ force: true, noWaitAfter: true });
    await window.locator('.news', { hasText: `Order #${id} is yours` }).waitFor();
    assert.deepEqual(window.faults, []);
    await window.context().close();
  });
}

test('what was taken says so before it leaves, and whoever presses then is told', async () => {
  const [id] = await place(1);
  const window = await board();
  const stale = await open(at.browser, at.server, 'executor', 3, '/orders', { javaScriptEnabled: false });
  await sees(window, id);
  await window.locator(`#order-${id} .only-executor`).hover();
  await take([id]);
  const row = window.locator(`#order-${id}.closed`);
  await row.waitFor();
  assert.equal(await row.locator('button:visible').innerText(), 'Taken');
  assert.ok(await row.locator('button:visible').isDisabled());
  await window.locator('h1').hover();
  await lost(window, id);

  await stale.locator(`#order-${id} .only-executor`).click();
  const news = stale.locator('.news.alert-warning', { hasText: `Somebody was faster: order #${id} is taken` });
  await news.waitFor();
  assert.ok((await news.boundingBox()).y < 300, 'it is seen');
  assert.equal(await stale.locator(`#order-${id}`).count(), 0, 'and the row is gone');
  await stale.context().close();
  await end(window);
});

for (const [locale, one, two, five] of [
  ['en-US', '1 new order', '2 new orders', '5 new orders'],
  ['ru-RU', '1 новый заказ', '2 новых заказа', '5 новых заказов'],
]) {
  test(`orders that come above the screen are counted: ${locale}`, async () => {
    await place(20);
    const window = await board({ locale });
    assert.ok(await pill(window).isHidden());
    await window.mouse.move(0, 0);
    await scroll(window);
    const first = await window.evaluate(() => {
      const rows = [...document.querySelectorAll('tbody.rows tr')];
      return rows.find((row) => row.getBoundingClientRect().top > 0).dataset.id;
    });
    await watch(window, first);
    const [start] = await tops(window);
    const words = async (text) => {
      await says(window, text);
      assert.equal(await pill(window).innerText(), text);
    };
    const ids = await place(1);
    await words(one);
    ids.push(...await place(1));
    await words(two);
    ids.push(...await place(3));
    await words(five);
    // What was taken again before it was seen does not count.
    await take(ids.slice(0, 3));
    await words(two);
    assert.deepEqual(await tops(window), [start], 'nothing moved');
    const box = await pill(window).boundingBox();
    assert.ok(box.y < 50 && Math.abs(box.x + box.width / 2 - 550) < 10, 'it is at the top, in the middle');

    // By keys: it is a button like any other.
    await pill(window).focus();
    await window.keyboard.press('Enter');
    await pill(window).waitFor({ state: 'hidden' });
    await window.waitForFunction(() => scrollY === 0);
    assert.ok(await window.locator(`#order-${ids.at(-1)}`).isVisible());
    await end(window);
  });
}

test('who scrolls up by themselves sees the count go down and away', async () => {
  await place(20);
  const window = await board();
  await window.mouse.move(0, 0);
  await scroll(window);
  const ids = await place(4);
  await says(window, '4 new orders');
  // So that three are still above the screen.
  await window.evaluate((id) => {
    document.querySelector(`#order-${id}`).scrollIntoView({ behavior: 'instant' });
  }, ids[0]);
  await says(window, '3 new orders');
  await scroll(window, 0);
  await pill(window).waitFor({ state: 'hidden' });
  await end(window);
});

test('the count is read out at times, not at every change', async () => {
  await place(20);
  const window = await board();
  await window.mouse.move(0, 0);
  await scroll(window);
  await window.evaluate(() => {
    window.said = [];
    const status = document.querySelector('#arrivals [role="status"]');
    new MutationObserver(() => window.said.push(status.textContent)).observe(status, { childList: true });
  });
  for (let number = 1; number <= 10; number += 1) {
    await place(1);
    await says(window, `${number} new order`);
  }
  await window.waitForFunction(() => window.said.at(-1) === '10 new orders');
  const said = await window.evaluate(() => window.said);
  assert.ok(said.length <= 3, `it was read out ${said.length} times: ${said}`);
  await end(window);
});

test('the way up is smooth, also while orders come, and what somebody reads stays until then', async () => {
  const before = await place(20);
  const window = await board();
  await window.mouse.move(0, 0);
  await window.evaluate(() => {
    document.querySelector('tbody.rows').rows[8].scrollIntoView({ behavior: 'instant' });
  });
  // Of a page of twenty, it would be the thirtieth.
  const read = before[before.length - 12];
  await watch(window, read);
  const [start] = await tops(window);
  await place(18);
  await says(window, '18 new orders');
  assert.deepEqual(await tops(window), [start], 'what is read stays');

  await window.evaluate(() => {
    window.ways = new Set();
    addEventListener('scroll', () => { if (document.body.matches('.rising')) window.ways.add(scrollY); });
  });
  await pill(window).click();
  await place(5);
  await window.waitForFunction(() => scrollY === 0);
  const ways = await window.evaluate(() => [...window.ways]);
  assert.ok(ways.length > 3, `it went by ${ways}`);
  // Where it starts from, browsers need a frame or two to know.
  const falls = ways.slice(2);
  assert.deepEqual(falls, [...falls].sort((one, other) => other - one), 'and never back');
  await window.mouse.move(0, 0);
  await window.waitForFunction(() => document.querySelectorAll('tbody.rows tr:not(.closed)').length === 20);
  await end(window);
});
