// The main path of each role, in windows side by side: in both languages, on phones and wide screens,
// and without scripts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMarked, live, mark, open, stage } from './support.js';

const at = stage(undefined, { alone: true });

const WORDS = {
  en: { locale: 'en-US', taken: 'has just been taken', delivered: 'was delivered', yours: 'is yours', turn: 'It is your turn' },
  ru: { locale: 'ru-RU', taken: 'только что приняли', delivered: 'сдана', yours: 'ваш', turn: 'Ваш ход' },
};
// What stands for itself in every language.
const NAMES = /^(Orderboard|orderboard|audit|API|CSV|MySQL|memcached|redis|RUB|USD|EUR|JPY|English|UTC)$/;

/** Nothing sticks out, lies over something else, or speaks another language. */
async function isNeat(window, lang) {
  const where = window.url();
  const { wide, over, text } = await window.evaluate(() => {
    const shown = [...document.querySelectorAll('a, button, input, select, textarea, .status, h1, h2')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches('.skip'))
      .filter((element) => !element.closest('#arrivals, #notice, .visually-hidden'));
    const boxes = shown.map((element) => [element, element.getBoundingClientRect()]);
    const over = [];
    for (const [one, a] of boxes) {
      for (const [other, b] of boxes) {
        if (one === other || one.contains(other) || other.contains(one)) continue;
        const [x, y] = [
          Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
        if (x > 1 && y > 1) over.push(`${one.outerHTML.slice(0, 90)} and ${other.outerHTML.slice(0, 90)}`);
      }
    }
    const sticking = boxes.filter(([, { right, left }]) => right > innerWidth + 1 || left < -1);
    return {
      wide: document.documentElement.scrollWidth > innerWidth || sticking.length
        ? [document.documentElement.scrollWidth, ...sticking.map(([element]) => element.outerHTML.slice(0, 90))] : null,
      over,
      text: document.body.innerText,
    };
  });
  assert.equal(wide, null, `${where} is too wide: ${wide}`);
  assert.deepEqual(over, [], where);
  const foreign = lang === 'ru' && (text.match(/[a-z]{2,}/gi) ?? []).filter((word) => !NAMES.test(word));
  assert.deepEqual(foreign || [], [], where);
}

let people = 100;

for (const lang of ['en', 'ru']) {
  for (const width of [360, 1280]) {
    test(`an order becomes a contract and is completed before the eyes of all: ${lang}, ${width} px`, async () => {
      const words = WORDS[lang];
      const options = { locale: words.locale, viewport: { width, height: 740 } };
      const [customer, executor] = [people += 1, people += 1];
      const enter = async (role, id, path) => {
        const window = await open(at.browser, at.server, role, id, path, options);
        await live(window);
        await mark(window);
        return window;
      };
      const theirs = await enter('customer', customer, '/my/orders');
      const contracts = await enter('customer', customer, '/my/contracts');
      const mine = await enter('executor', executor, '/orders');
      const above = {
        overview: await enter('admin', 1, '/admin'),
        board: await enter('admin', 1, '/orders'),
        contracts: await enter('admin', 1, '/admin/contracts'),
      };
      const windows = [theirs, contracts, mine, ...Object.values(above)];
      const neat = async () => {
        for (const window of windows) await isNeat(window, lang);
      };
      const counted = (name) => above.overview.locator(`[data-count="${name}"]`).first();
      const placed = +(await counted('orders').innerText());
      const text = `Покрасить забор ${customer}`;
      const row = (window) => window.locator('tbody.rows tr', { hasText: text });

      await theirs.fill('#place [name="description"]', text);
      await theirs.fill('#place [name="price"]', '1 299,95');
      await theirs.locator('#place button[type="submit"]').click();
      for (const window of [theirs, mine, above.board]) await row(window).waitFor();
      await counted('orders').filter({ hasText: String(placed + 1) }).waitFor();
      await neat();

      // Somebody who looks elsewhere finds it in the title.
      await contracts.evaluate(() => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
      });
      await row(mine).locator('.only-executor').click();
      await mine.locator('.news', { hasText: words.yours }).waitFor();
      await row(theirs).and(theirs.locator('[data-status="taken"]')).waitFor();
      await theirs.locator('#notice.shown', { hasText: words.taken }).waitFor();
      assert.match(await theirs.locator('#notice a').getAttribute('href'), /^\/contracts\/\d+$/);
      for (const window of [contracts, mine, above.contracts]) {
        await row(window).and(window.locator('[data-status="accepted"]')).waitFor();
      }
      await contracts.waitForFunction(() => /^\(\d+\) /.test(document.title));
      await row(above.board).waitFor({ state: 'detached' });
      await contracts.evaluate(() => {
        delete document.hidden;
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await neat();

      await row(mine).locator('td.id a').click();
      await mine.locator('.next', { hasText: words.turn }).waitFor();
      await live(mine);
      await mark(mine);
      await mine.locator('article button[formaction$="/deliver"]').click();
      await mine.locator('article[data-status="delivered"]').waitFor();
      await contracts.locator('#notice.shown', { hasText: words.delivered }).waitFor();
      await row(contracts).and(contracts.locator('[data-status="delivered"]')).waitFor();
      await neat();
      await row(contracts).locator('.only-customer').click();
      await mine.locator('article[data-status="completed"]').waitFor();
      await contracts.locator('article[data-status="completed"]').waitFor();
      await row(above.contracts).and(above.contracts.locator('[data-status="completed"]')).waitFor();
      await neat();
      for (const window of windows) {
        assert.ok(await isMarked(window), `${window.url()} did it without a reload`);
        assert.deepEqual(window.faults, []);
        await window.context().close();
      }
    });
  }

  test(`no page is too wide for a phone: ${lang}`, async () => {
    const options = { locale: WORDS[lang].locale, viewport: { width: 360, height: 740 } };
    const [customer, executor] = [people += 1, people += 1];
    const ask = (role, id, path, body = {}) => at.server.ask(role, id, path, body);
    const place = async () => {
      const order = { description: 'Ъ'.repeat(300), price: '100000000.00', currency: 'RUB' };
      return (await ask('customer', customer, '/api/orders', order)).order.id;
    };
    const accept = async () => (await ask('executor', executor, `/api/orders/${await place()}/accept`)).contract.id;
    const [order, accepted, disputed] = [await place(), await accept(), await accept()];
    await ask('customer', customer, `/api/contracts/${accepted}/notes`, { text: 'Ы'.repeat(200) });
    await ask('executor', executor, `/api/contracts/${disputed}/deliver`);
    await ask('customer', customer, `/api/contracts/${disputed}/dispute`, { reason: 'Щ'.repeat(200) });
    const pages = {
      customer: ['/my/orders', '/my/contracts', '/profile', `/orders/${order}`, `/contracts/${accepted}`, '/nowhere', '/orders'],
      executor: ['/orders', '/orders?currency=RUB', '/orders?min=5', '/my/contracts', '/profile', `/orders/${order}`,
        `/contracts/${accepted}`, `/contracts/${disputed}`],
      admin: ['/admin', '/admin/orders', '/admin/contracts', '/admin/customers', '/admin/executors',
        `/admin/customers/${customer}`, `/orders/${order}`, `/contracts/${disputed}`],
    };
    for (const [role, paths] of Object.entries(pages)) {
      const id = { customer, executor, admin: 1 }[role];
      const window = await open(at.browser, at.server, role, id, '/', options);
      for (const path of paths) {
        await window.goto(at.server.url + path);
        await window.evaluate(() => {
          for (const details of document.querySelectorAll('details')) details.open = true;
        });
        await isNeat(window, lang);
      }
      await window.context().close();
    }
    const nobody = await at.browser.newContext(options);
    const start = await nobody.newPage();
    await start.goto(at.server.url);
    await isNeat(start, lang);
    await nobody.close();
  });
}

test('the first page leads everybody in with one click, and three windows tell the story', async () => {
  const enter = async (role) => {
    const context = await at.browser.newContext({ viewport: { width: 640, height: 740 } });
    const window = await context.newPage();
    await window.goto(at.server.url);
    await window.locator(`form:has([name="user_type"][value="${role}"]) button`).last().click();
    await live(window);
    return window;
  };
  const [customer, executor, admin] = [await enter('customer'), await enter('executor'), await enter('admin')];
  await customer.fill('#place [name="description"]', 'Первый');
  await customer.fill('#place [name="price"]', '10');
  await customer.locator('#place button[type="submit"]').click();
  const row = executor.locator('tbody.rows tr', { hasText: 'Первый' });
  await row.waitFor();
  await admin.locator('[data-count="open_orders"]').filter({ hasText: /[1-9]/ }).first().waitFor();
  // They are two people, so that the one may accept what the other placed.
  await row.locator('.only-executor').click();
  await executor.locator('.news', { hasText: 'is yours' }).waitFor();
  await customer.locator('#notice.shown', { hasText: 'has just been taken' }).waitFor();
  for (const window of [customer, executor, admin]) await window.context().close();
});

test('all of it is possible without scripts', async () => {
  const options = { javaScriptEnabled: false, viewport: { width: 360, height: 740 } };
  const [customer, executor] = [people += 1, people += 1];
  const theirs = await open(at.browser, at.server, 'customer', customer, '/my/orders', options);
  const mine = await open(at.browser, at.server, 'executor', executor, '/orders', options);
  await theirs.fill('#place [name="description"]', `Вручную ${customer}`);
  await theirs.fill('#place [name="price"]', '10');
  await theirs.locator('#place button[type="submit"]').click();
  await theirs.locator('.news').waitFor();
  await mine.reload();
  const row = (window) => window.locator('tbody.rows tr', { hasText: `Вручную ${customer}` });
  await row(mine).locator('.only-executor').click();
  await row(mine).locator('button[formaction$="/deliver"]').click();
  await mine.locator('.news').waitFor();
  await theirs.goto(`${at.server.url}/my/contracts`);
  await row(theirs).locator('button[formaction$="/complete"]').click();
  await theirs.locator('article[data-status="completed"]').waitFor();
  await theirs.locator('.languages button', { hasText: 'Русский' }).click();
  await theirs.locator('h1', { hasText: 'Договор' }).locator('.status', { hasText: 'Выполнен' }).waitFor();
  for (const window of [theirs, mine]) await window.context().close();
});
