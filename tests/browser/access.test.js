// What people with keyboards, screen readers and weak eyes meet: axe finds nothing on any page, in
// both languages, wide and narrow, light and dark.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { live, open, stage } from './support.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const run = Date.now() % 1_000_000;
const customer = 10_100_000 + run;
const executor = 11_200_000 + run;
let pages;

const at = stage(async ({ server }) => {
  const ask = (role, id, path, body) => server.ask(role, id, path, body);
  const order = async (text) => {
    const body = { description: text, price: '1299.95', currency: 'RUB' };
    return (await ask('customer', customer, '/api/orders', body)).order.id;
  };
  const contract = async (text) => {
    const accepted = await ask('executor', executor, `/api/orders/${await order(text)}/accept`, {});
    return accepted.contract.id;
  };
  const [open_, accepted] = [await order('Paint the fence'), await contract('Paint the gate')];
  const [delivered, disputed] = [await contract('Wash the car'), await contract('Mow the lawn')];
  await ask('executor', executor, `/api/contracts/${delivered}/deliver`, {});
  await ask('executor', executor, `/api/contracts/${delivered}/notes`, { text: 'Done.' });
  await ask('customer', customer, `/api/contracts/${disputed}/dispute`, { reason: 'It is not done.' });
  pages = [
    ['customer', customer, '/my/orders'],
    ['customer', customer, '/my/contracts'],
    ['customer', customer, `/orders/${open_}`],
    ['customer', customer, `/contracts/${delivered}`],
    ['customer', customer, '/profile'],
    ['executor', executor, '/orders'],
    ['executor', executor, '/orders?currency=RUB&sort=price'],
    ['executor', executor, '/orders?min=5'],
    ['executor', executor, '/my/contracts'],
    ['executor', executor, `/contracts/${accepted}`],
    ['admin', 1, '/admin'],
    ['admin', 1, '/admin/orders'],
    ['admin', 1, '/admin/contracts'],
    ['admin', 1, '/admin/executors'],
    ['admin', 1, `/contracts/${disputed}`],
    ['admin', 1, '/nowhere'],
    ['customer', customer, '/api/docs'],
  ];
});

/** What axe finds on a page, in words. */
async function check(window, what) {
  // Everything that can be opened is.
  await window.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
  await window.evaluate(axe);
  const { violations } = await window.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  const found = violations.flatMap(({ id, nodes }) => (
    nodes.map(({ target, failureSummary }) => `${what}: ${id}: ${target}: ${failureSummary}`)));
  return found;
}

const looks = [
  { locale: 'en-US', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { locale: 'ru-RU', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
];

for (const look of looks) {
  test(`axe finds nothing: ${look.locale}, ${look.colorScheme}, ${look.viewport.width} px`, async () => {
    const found = [];
    for (const [role, id, path] of pages) {
      const window = await open(at.browser, at.server, role, id, path, look);
      if (!['/nowhere', '/api/docs'].includes(path) && !path.includes('min=5')) {
        await live(window);
      }
      found.push(...await check(window, `${role} ${path}`));
      await window.context().close();
    }
    const nobody = await at.browser.newContext(look);
    const start = await nobody.newPage();
    await start.goto(at.server.url);
    found.push(...await check(start, 'the start page'));
    await nobody.close();
    assert.deepEqual(found, []);
  });
}
