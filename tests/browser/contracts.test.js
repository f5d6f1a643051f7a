// The whole life of contracts in three windows, side by side: whose turn it is shows by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMarked, live, mark, open, stage } from './support.js';

const at = stage();
// Texts and people of this run: the databases may hold those of earlier ones.
const run = Date.now() % 1_000_000;
const customer = 3_100_000 + run;
const executor = 4_200_000 + run;

const status = (window, status) => window.locator(`article[data-status="${status}"]`).waitFor();
const press = (window, act) => window.locator(`article button[formaction$="/${act}"]`).click();

/** A contract over an order of this text, and the windows of its parties and an admin on it. */
async function contract(text) {
  const order = { description: text, price: '100.00', currency: 'RUB' };
  const { order: { id } } = await at.server.ask('customer', customer, '/api/orders', order);
  const accepted = await at.server.ask('executor', executor, `/api/orders/${id}/accept`, {});
  const path = `/contracts/${accepted.contract.id}`;
  const windows = {
    theirs: await open(at.browser, at.server, 'customer', customer, path),
    mine: await open(at.browser, at.server, 'executor', executor, path),
    above: await open(at.browser, at.server, 'admin', 1, path),
  };
  for (const window of Object.values(windows)) {
    await live(window);
    await mark(window);
  }
  return { id: accepted.contract.id, ...windows };
}

async function end(...windows) {
  for (const window of windows) {
    assert.deepEqual(window.faults, []);
    await window.context().close();
  }
}

test('work is delivered, disputed and ruled before the eyes of all three', async () => {
  const { id, theirs, mine, above } = await contract(`Paint the gate ${run}`);
  const table = await open(at.browser, at.server, 'customer', customer, '/my/contracts');
  await live(table);
  await mark(table);
  assert.equal(await theirs.locator('article button[formaction]').count(), 0, 'it is not their turn');
  await press(mine, 'deliver');
  await mine.locator('.news', { hasText: 'delivered' }).waitFor();
  for (const window of [theirs, above]) await status(window, 'delivered');
  await theirs.locator('.next', { hasText: 'It is your turn' }).waitFor();
  await theirs.locator('#notice.shown', { hasText: `contract #${id} was delivered` }).waitFor();
  const row = table.locator(`#contract-${id}`);
  await row.and(table.locator('[data-status="delivered"]')).waitFor();
  assert.ok(await row.locator('button.only-customer').isVisible(), 'the next step is offered there');

  await theirs.locator('summary', { hasText: 'Something is wrong' }).click();
  // What somebody is writing stays theirs when the page changes under it.
  await theirs.fill('#reason', 'It is the wrong <i>colour</i>.');
  await theirs.locator('#why button').click();
  await theirs.locator('.news', { hasText: 'An admin will rule' }).waitFor();
  for (const window of [mine, above]) {
    await status(window, 'disputed');
    await window.locator('blockquote', { hasText: 'the wrong <i>colour</i>' }).waitFor();
  }
  await above.fill('#reason', 'The colour was agreed.');
  for (const window of [mine, theirs]) assert.equal(await window.locator('#why').count(), 0);
  await live(theirs);
  await mark(theirs);
  await above.locator('#why button[value="completed"]').click();
  for (const window of [mine, theirs, above]) {
    await status(window, 'completed');
    await window.locator('blockquote', { hasText: 'The colour was agreed.' }).waitFor();
  }
  for (const window of [theirs, table]) assert.ok(await isMarked(window), 'without a reload');
  await end(theirs, mine, above, table);
});

test('a confirmation ends it, and stale buttons answer kindly', async () => {
  const { id, theirs, mine, above } = await contract(`Paint the shed ${run}`);
  // A page that hears nothing offers what is not possible any more.
  const stale = await open(at.browser, at.server, 'executor', executor, `/contracts/${id}`, {
    javaScriptEnabled: false,
  });
  await press(mine, 'deliver');
  await status(theirs, 'delivered');
  await press(theirs, 'complete');
  for (const window of [theirs, above]) await status(window, 'completed');
  await status(mine, 'completed');
  await press(stale, 'deliver');
  await stale.locator('.news.alert-warning', { hasText: 'cannot be done any more' }).waitFor();
  await status(stale, 'completed');
  await end(theirs, mine, above, stale);
});

test('what is given up is back on the board, and counted', async () => {
  const text = `Paint the bench ${run}`;
  const { theirs, mine, above } = await contract(text);
  const board = await open(at.browser, at.server, 'executor', executor + 1, '/orders');
  await live(board);
  await mark(board);
  await mine.locator('summary', { hasText: 'I cannot do this' }).click();
  await press(mine, 'give-up');
  await board.locator('tbody tr', { hasText: text }).waitFor();
  await status(theirs, 'cancelled');
  await status(above, 'cancelled');
  await theirs.locator('.history a', { hasText: 'Order #' }).click();
  await theirs.locator('.history li', { hasText: 'came back to the board' }).waitFor();
  await mine.goto(`${at.server.url}/profile`);
  await mine.locator('div', { hasText: /^Given up\s*1$/ }).waitFor();
  assert.ok(await isMarked(board));
  await end(theirs, mine, above, board);
});

test('an order changes on the board where it stands, and nobody accepts what they have not seen', async () => {
  const text = `Paint the porch ${run}`;
  const placed = { description: text, price: '100.00', currency: 'RUB' };
  const { order: { id } } = await at.server.ask('customer', customer, '/api/orders', placed);
  const theirs = await open(at.browser, at.server, 'customer', customer, `/orders/${id}`);
  const board = await open(at.browser, at.server, 'executor', executor, '/orders');
  const detail = await open(at.browser, at.server, 'executor', executor, `/orders/${id}`);
  const stale = await open(at.browser, at.server, 'executor', executor, '/orders', {
    javaScriptEnabled: false,
  });
  for (const window of [theirs, board, detail]) await live(window);
  for (const window of [board, detail]) await mark(window);
  const row = board.locator(`#order-${id}`);
  const place = (await row.boundingBox()).y;
  await row.locator('.only-executor').focus();
  await theirs.locator('summary', { hasText: 'Change this order' }).click();
  await theirs.fill('#edit [name="price"]', '85,50');
  await theirs.locator('#edit button').click();
  await theirs.locator('.news', { hasText: 'changed' }).waitFor();
  await row.filter({ hasText: '85.50' }).waitFor();
  await detail.locator('article', { hasText: '85.50' }).waitFor();
  assert.equal((await row.boundingBox()).y, place, 'it did not move');
  assert.ok(await row.locator('.only-executor').evaluate((button) => button === document.activeElement));
  await stale.locator(`#order-${id} button.only-executor`).click();
  await stale.locator('.news.alert-warning', { hasText: 'has just changed' }).waitFor();
  await stale.locator('article', { hasText: '85.50' }).waitFor();
  for (const window of [board, detail]) assert.ok(await isMarked(window));
  await row.locator('.only-executor').click();
  await board.locator('.news', { hasText: `Order #${id} is yours` }).waitFor();
  await theirs.locator('article[data-status="taken"]').waitFor();
  await end(theirs, board, detail, stale);
});

test('the parties write to each other, and what is being written stays', async () => {
  const { id, theirs, mine, above } = await contract(`Paint the barn ${run}`);
  const table = await open(at.browser, at.server, 'customer', customer, '/my/contracts');
  await live(table);
  await theirs.fill('#note [name="text"]', 'Not sent yet');
  await mine.fill('#note [name="text"]', 'Which colour,\n<b>green</b>?');
  await mine.locator('#note button').click();
  for (const window of [mine, theirs, above]) {
    await window.locator('.notes li', { hasText: '<b>green</b>?' }).waitFor();
  }
  await table.locator('#notice.shown', { hasText: `contract #${id}` }).waitFor();
  assert.equal(await theirs.inputValue('#note [name="text"]'), 'Not sent yet');
  assert.equal(await above.locator('#note').count(), 0, 'admins only read');
  await theirs.fill('#note [name="text"]', 'Blue.');
  await theirs.locator('#note button').click();
  await mine.locator('.notes li', { hasText: 'Blue.' }).waitFor();
  assert.ok(await isMarked(above), 'without a reload');
  await end(theirs, mine, above, table);
});
