// Signing up, placing an order and logging out: in both languages, wide and narrow, with JavaScript
// and without; and nothing on the way that axe objects to.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Server, launch, live } from './support.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const run = Date.now() % 1_000_000_000;
const PASSWORD = 'a fence is not a gate';
const WORDS = {
  en: { up: 'Sign up', placed: 'placed.', short: 'at least 10', out: 'Log out', gone: 'You are logged out.' },
  ru: { up: 'Зарегистрироваться', placed: 'размещён', short: 'не меньше 10', out: 'Выйти', gone: 'Вы вышли.' },
};

const at = {};
const tidy = [];
before(async () => {
  const none = { MAX_SIGN_UPS_PER_ADDRESS: '0', MAX_LOG_INS_PER_ADDRESS: '0' };
  // People with orders need accounts: databases of a demo are not taken over.
  at.server = await Server.start({ AUTH: 'accounts', ...none, ...ownDatabases() });
  at.browser = await launch();
});
after(async () => {
  await at.browser?.close();
  await at.server?.kill();
  tidy.forEach((drop) => drop());
});

/** Databases that no demo has used, made by the client that the services come with. */
function ownDatabases() {
  const settings = {};
  for (const name of ['DATABASE_URL', 'USERS_DATABASE_URL']) {
    const url = new URL(process.env[name]);
    const database = `t_accounts_${run}_${name === 'DATABASE_URL' ? 'interactions' : 'users'}`;
    const client = ['--protocol=tcp', `--host=${url.hostname}`, `--port=${url.port || 3306}`,
      `--user=${decodeURIComponent(url.username)}`, `--password=${decodeURIComponent(url.password)}`];
    execFileSync('mariadb', [...client, '-e', `CREATE DATABASE ${database}`]);
    tidy.push(() => execFileSync('mariadb', [...client, '-e', `DROP DATABASE IF EXISTS ${database}`]));
    url.pathname = `/${database}`;
    settings[name] = url.href;
  }
  return settings;
}

async function assertAccessible(window) {
  await window.evaluate(axe);
  const { violations } = await window.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  assert.deepEqual(found, [], window.url());
}

const fits = (window) => window.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** Where pictures of the pages are kept, if that is asked for. */
const picture = (window, name) => process.env.PICTURES
  && window.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true });

let number = 0;
for (const [locale, words] of Object.entries(WORDS)) {
  for (const width of [360, 1280]) {
    for (const javaScriptEnabled of [true, false]) {
      const colorScheme = width === 360 ? 'dark' : 'light';
      const what = `${locale}, ${width} px, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`;
      test(`somebody signs up, places an order and logs out (${what})`, async () => {
        const viewport = { width, height: 800 };
        const context = await at.browser.newContext({ locale, viewport, javaScriptEnabled, colorScheme });
        const window = await context.newPage();
        window.setDefaultTimeout(10_000);
        const faults = [];
        window.on('pageerror', (error) => faults.push(error.message));
        const look = async (name) => {
          if (javaScriptEnabled) {
            assert.ok(await fits(window), `${window.url()} is wider than ${width} px`);
            await assertAccessible(window);
            await picture(window, `${name}-${locale}-${colorScheme}-${width}`);
          }
        };
        const name = `${locale === 'ru' ? 'аня' : 'ann'}-${run}-${number++}`;
        await window.goto(at.server.url);
        await look('home');
        await window.locator('main a[href="/sign-up"]').click();
        await window.fill('[name="name"]', name);
        await window.fill('[name="password"]', 'short');
        await window.locator('[name="roles"][value="both"]').check();
        await window.locator('main button').click();
        await window.locator('#password-problem', { hasText: words.short }).waitFor();
        assert.equal(await window.inputValue('[name="name"]'), name, 'what was typed stays');
        assert.ok(await window.isChecked('[name="roles"][value="both"]'));
        await look('sign-up');
        await window.fill('[name="password"]', PASSWORD);
        await window.locator('main button', { hasText: words.up }).click();

        await window.locator('.person strong', { hasText: name }).waitFor();
        await window.fill('[name="description"]', `Order ${name}`);
        await window.fill('[name="price"]', '12,50');
        await window.locator('#place button').click();
        await window.locator('.news', { hasText: words.placed }).waitFor();
        await window.locator('tbody tr', { hasText: `Order ${name}` }).waitFor();
        if (javaScriptEnabled) await live(window);
        await look('orders');

        // The other side, where one's own order cannot be accepted; and back.
        await window.locator('.person button[value="executor"]').click();
        await window.locator('tbody tr', { hasText: `Order ${name}` }).locator('.only-executor').click();
        await window.locator('.news.alert-warning').waitFor();
        await window.locator('.person button[value="customer"]').click();

        await window.locator('.person a[href="/account"]').click();
        await window.fill('[name="label"]', 'my program');
        await window.locator('form.token button').click();
        const token = await window.locator('.secret').innerText();
        await look('account');
        const headers = { Authorization: `Bearer ${token}` };
        const answer = await fetch(`${at.server.url}/api/my/orders`, { headers });
        assert.equal((await answer.json()).rows[0].description, `Order ${name}`);
        await window.goto(`${at.server.url}/account`);
        assert.equal(await window.locator('.secret').count(), 0, 'it is shown once');

        await window.locator('.person button', { hasText: words.out }).click();
        await window.locator('.news', { hasText: words.gone }).waitFor();
        await window.goto(`${at.server.url}/my/orders`);
        await window.locator('main a[href^="/log-in?back="]').click();
        await look('log-in');
        await window.fill('[name="name"]', name.toUpperCase());
        await window.fill('[name="password"]', PASSWORD);
        await window.locator('main form button').click();
        await window.locator('tbody tr', { hasText: `Order ${name}` }).waitFor();
        assert.ok(window.url().endsWith('/my/orders'));
        assert.deepEqual(faults, []);
        await context.close();
      });
    }
  }
}

test('a page that is open when its session ends elsewhere asks to log in', async () => {
  const context = await at.browser.newContext({ viewport: { width: 1280, height: 800 } });
  const [one, other] = [await context.newPage(), await context.newPage()];
  await one.goto(`${at.server.url}/sign-up`);
  await one.fill('[name="name"]', `eva-${run}`);
  await one.fill('[name="password"]', PASSWORD);
  await one.locator('main button').click();
  await live(one);
  await other.goto(`${at.server.url}/my/orders`);
  await live(other);
  await one.locator('.person button', { hasText: 'Log out' }).click();
  await one.locator('.news').waitFor();
  await other.locator('main a[href^="/log-in"]').waitFor();
  await context.close();
});
