// Takes pictures of every page, with data that looks like life. `bin/shots` runs it.
import { mkdir, rm } from 'node:fs/promises';
import { Server, launch, live } from './support.js';

const [, , folder, ...words] = process.argv;
const looks = ['en', 'ru'].flatMap((lang) => ['light', 'dark'].flatMap((scheme) => [360, 1280].map((width) => ({
  name: `${lang}.${scheme}.${width}`,
  options: {
    locale: lang === 'ru' ? 'ru-RU' : 'en-US',
    colorScheme: scheme,
    viewport: { width, height: width < 768 ? 740 : 800 },
    reducedMotion: 'reduce',
  },
}))));

const server = await Server.startAlone({
  MAX_ORDERS_PER_DAY: '0', MAX_ACCEPTS_PER_MINUTE: '0', MAX_ACTIVE_CONTRACTS: '0', MAX_CHANGES_PER_MINUTE: '0',
  MAX_QUERIES_TO_MYSQL: '0', MAX_SOCKETS: '0',
});
const browser = await launch();
const ask = (role, id, path, body) => server.ask(role, id, path, body);

const WORK = [
  'Paint the fence around the garden, 18 m, both sides. Paint and brushes are there.',
  'Отвезти старый диван на свалку: третий этаж, без лифта.',
  'Walk two big dogs, Rex and Bella, every evening this week at seven.',
  'Собрать шкаф по инструкции. Инструмент свой.',
  'Translate a letter of two pages from Finnish',
  'Починить капающий кран на кухне и проверить второй, в ванной: он тоже начинает капать, когда никто не смотрит. '
    + 'Запасные прокладки лежат в ящике под раковиной. Ключ у консьержа, скажите, что от Анны.',
  'Water the plants while we are away (14 pots, 10 days)',
  'Wash the windows: 6 of them, two are high',
  'Supercalifragilisticexpialidocious'.repeat(3),
  'Fix the bike:\n- the chain\n- the rear brake\n- the bell, if there is time',
];
const PRICES = [['1299.95', 'RUB'], ['40.00', 'EUR'], ['12500.00', 'RUB'], ['4900', 'JPY'], ['99.90', 'USD']];

async function order(customer, number) {
  const [price, currency] = PRICES[number % PRICES.length];
  const body = { description: WORK[number % WORK.length], price, currency };
  return (await ask('customer', customer, '/api/orders', body)).order.id;
}

async function contract(customer, executor, number) {
  return (await ask('executor', executor, `/api/orders/${await order(customer, number)}/accept`, {})).contract.id;
}

/** What the pages are about, by name. */
async function make() {
  const at = {};
  at.completed = await contract(1, 2, 0);
  await ask('executor', 2, `/api/contracts/${at.completed}/deliver`, {});
  await ask('customer', 1, `/api/contracts/${at.completed}/complete`, {});
  at.accepted = await contract(1, 2, 2);
  await ask('customer', 1, `/api/contracts/${at.accepted}/notes`, { text: 'The leash hangs behind the door.' });
  await ask('executor', 2, `/api/contracts/${at.accepted}/notes`, { text: 'Found it. Does Bella like other dogs?' });
  await ask('customer', 1, `/api/contracts/${at.accepted}/notes`, { text: 'Small ones, yes.\nБольших лучше обходить.' });
  at.delivered = await contract(1, 2, 5);
  await ask('executor', 2, `/api/contracts/${at.delivered}/deliver`, {});
  at.disputed = await contract(1, 2, 9);
  await ask('executor', 2, `/api/contracts/${at.disputed}/deliver`, {});
  await ask('customer', 1, `/api/contracts/${at.disputed}/dispute`, { reason: 'The bell does not ring, and there was time.' });
  at.cancelled = await contract(1, 2, 7);
  await ask('executor', 2, `/api/contracts/${at.cancelled}/give-up`, {});
  at.removed = await order(1, 8);
  await ask('admin', 1, `/api/orders/${at.removed}/remove`, { reason: 'Nobody can tell what is to be done.' });
  at.withdrawn = await order(1, 3);
  await ask('customer', 1, `/api/orders/${at.withdrawn}/withdraw`, {});
  for (let number = 0; number < 28; number += 1) await order(3 + (number % 4), number);
  at.open = await order(1, 5);
  const edited = { description: `${WORK[5]}\n\nОба крана новые.`, price: '55.00', currency: 'USD' };
  await ask('customer', 1, `/api/orders/${at.open}/edit`, edited);
  at.taken = (await ask('customer', 1, `/api/contracts/${at.accepted}`)).order_id;
  return at;
}

const visit = (path) => (window) => window.goto(server.url + path);

/** The pages while there is nothing yet. */
const bare = [
  ['nobody-home', null, visit('/')],
  ['customer-orders-empty', ['customer', 1], visit('/my/orders')],
  ['customer-contracts-empty', ['customer', 1], visit('/my/contracts')],
  ['customer-profile-empty', ['customer', 1], visit('/profile')],
  ['executor-board-empty', ['executor', 2], visit('/orders')],
  ['executor-contracts-empty', ['executor', 2], visit('/my/contracts')],
  ['admin-overview-empty', ['admin', 1], visit('/admin')],
  ['admin-orders-empty', ['admin', 1], visit('/admin/orders')],
  ['admin-contracts-empty', ['admin', 1], visit('/admin/contracts')],
  ['admin-customers-empty', ['admin', 1], visit('/admin/customers')],
];

const full = (at) => [
  ['customer-orders', ['customer', 1], visit('/my/orders')],
  ['customer-orders-typing', ['customer', 1], async (window) => {
    await visit('/my/orders')(window);
    await window.fill('#place [name="description"]', WORK[0]);
    await window.fill('#place [name="price"]', '1 299,95');
  }],
  ['customer-orders-422', ['customer', 9], async (window) => {
    await visit('/my/orders')(window);
    await window.fill('#place [name="description"]', WORK[0]);
    await window.fill('#place [name="price"]', '0');
    await window.click('#place button[type="submit"]');
    await window.locator('.invalid-feedback').first().waitFor();
  }],
  ['customer-orders-placed', ['customer', 9], async (window) => {
    await visit('/my/orders')(window);
    await window.fill('#place [name="description"]', WORK[6]);
    await window.fill('#place [name="price"]', '25');
    await window.click('#place button[type="submit"]');
    await window.locator('.news').waitFor();
  }],
  ['customer-contracts', ['customer', 1], visit('/my/contracts')],
  ['customer-order-open', ['customer', 1], visit(`/orders/${at.open}`)],
  ['customer-order-edit', ['customer', 1], async (window) => {
    await visit(`/orders/${at.open}`)(window);
    await window.locator('summary').first().click();
  }],
  ['customer-order-taken', ['customer', 1], visit(`/orders/${at.taken}`)],
  ['customer-order-removed', ['customer', 1], visit(`/orders/${at.removed}`)],
  ['customer-contract-accepted', ['customer', 1], visit(`/contracts/${at.accepted}`)],
  ['customer-contract-delivered', ['customer', 1], visit(`/contracts/${at.delivered}`)],
  ['customer-contract-dispute', ['customer', 1], async (window) => {
    await visit(`/contracts/${at.delivered}`)(window);
    await window.locator('summary').last().click();
  }],
  ['customer-contract-completed', ['customer', 1], visit(`/contracts/${at.completed}`)],
  ['customer-profile', ['customer', 1], visit('/profile')],
  ['customer-notice', ['customer', 1], async (window) => {
    await visit('/my/contracts')(window);
    await live(window);
    const id = await contract(1, 2, 6);
    await ask('executor', 2, `/api/contracts/${id}/deliver`, {});
    await window.locator('#notice.shown').waitFor();
  }],
  ['executor-board', ['executor', 2], visit('/orders')],
  ['executor-board-page-2', ['executor', 2], visit('/orders?page=2')],
  ['executor-board-filtered', ['executor', 2], visit('/orders?currency=RUB&min=1000&sort=price')],
  ['executor-board-filtered-none', ['executor', 2], visit('/orders?q=submarine')],
  ['executor-board-filter-422', ['executor', 2], visit('/orders?min=5')],
  ['executor-board-taken', ['executor', 2], async (window) => {
    await visit('/orders')(window);
    await live(window);
    const [id] = [await order(4, 4), await order(6, 1)];
    await window.locator(`#order-${id} button.only-executor`).hover();
    await ask('executor', 10, `/api/orders/${id}/accept`, {});
    await window.locator(`#order-${id}.closed`).waitFor();
  }],
  ['executor-board-faster', ['executor', 2], async (window) => {
    await visit('/orders')(window);
    await live(window);
    const id = await order(4, 6);
    await window.locator(`#order-${id} button.only-executor`).evaluate((button) => {
      // A button that has not heard of it.
      document.querySelector('main').append(button.cloneNode(true));
    });
    await ask('executor', 10, `/api/orders/${id}/accept`, {});
    await window.locator('main > button').click();
    await window.locator('.news').waitFor();
  }],
  ['executor-board-arrivals', ['executor', 2], async (window) => {
    await visit('/orders')(window);
    await live(window);
    await window.mouse.move(0, 0);
    await window.evaluate(() => scrollTo({ top: 1200, behavior: 'instant' }));
    for (let number = 0; number < 3; number += 1) await order(5, number);
    await window.locator('#arrivals button', { hasText: '3' }).waitFor();
  }, { fullPage: false }],
  ['executor-order', ['executor', 2], visit(`/orders/${at.open}`)],
  ['executor-contracts', ['executor', 2], visit('/my/contracts')],
  ['executor-contract-accepted', ['executor', 2], visit(`/contracts/${at.accepted}`)],
  ['executor-contract-disputed', ['executor', 2], visit(`/contracts/${at.disputed}`)],
  ['executor-contract-cancelled', ['executor', 2], visit(`/contracts/${at.cancelled}`)],
  ['executor-profile', ['executor', 2], visit('/profile')],
  ['admin-overview', ['admin', 1], visit('/admin')],
  ['admin-board', ['admin', 1], visit('/orders')],
  ['admin-orders', ['admin', 1], visit('/admin/orders')],
  ['admin-contracts', ['admin', 1], visit('/admin/contracts')],
  ['admin-customers', ['admin', 1], visit('/admin/customers')],
  ['admin-executors', ['admin', 1], visit('/admin/executors')],
  ['admin-customer', ['admin', 1], visit('/admin/customers/1')],
  ['admin-order-open', ['admin', 1], visit(`/orders/${at.open}`)],
  ['admin-contract-disputed', ['admin', 1], visit(`/contracts/${at.disputed}`)],
  ['error-401', null, visit('/my/orders')],
  ['error-403', ['customer', 1], visit('/orders')],
  ['error-404', ['executor', 2], visit('/nowhere')],
  ['error-404-nobody', null, visit('/nowhere')],
  ['print-contract', ['customer', 1], async (window) => {
    await visit(`/contracts/${at.accepted}`)(window);
    await window.emulateMedia({ media: 'print' });
  }, { pdf: true }],
];

const wants = (name) => !words.length || words.some((word) => name.includes(word));

async function shoot(pages) {
  for (const { name: look, options } of looks) {
    const wanted = pages.filter(([name]) => wants(`${name}.${look}`));
    const people = new Map();
    for (const [name, who, go, { fullPage = true, pdf = false } = {}] of wanted) {
      const key = String(who);
      if (!people.has(key)) people.set(key, await enter(who, options));
      const window = await people.get(key).newPage();
      await go(window);
      if (await window.locator('#live').count()) {
        await window.locator('#live[data-state="live"]').waitFor({ state: 'attached' });
      }
      await window.screenshot({ path: `${folder}/${name}.${look}.png`, fullPage });
      if (pdf) await window.pdf({ path: `${folder}/${name}.${look}.pdf`, format: 'A4' });
      await window.close();
    }
    for (const context of people.values()) await context.close();
    if (wanted.length) console.log(`${look}: ${wanted.length} pictures`);
  }
}

async function enter(who, options) {
  const context = await browser.newContext(options);
  if (who) {
    const form = { user_type: who[0], user_id: String(who[1]) };
    await context.request.post(`${server.url}/session`, { form, maxRedirects: 0 });
    // What the switch came to is no part of a picture.
    await context.clearCookies({ name: 'orderboard_flash' });
  }
  return context;
}

try {
  if (!words.length) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await shoot(bare);
  await shoot(full(await make()));
} finally {
  await browser.close();
  await server.kill();
  server.databases.drop();
}
