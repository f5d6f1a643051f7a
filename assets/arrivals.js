// How many orders came above what the reader has scrolled to, and the way up to them. What was taken
// again before it was seen does not count.
(() => {
  'use strict';

  const { body, documentElement: root } = document;
  const find = (selector) => document.querySelector(selector);
  const plural = new Intl.PluralRules(root.lang);
  const SAID_EVERY_MS = 5000;
  const unseen = new Set();
  let said = -SAID_EVERY_MS;
  let later;

  const rows = () => [...document.querySelectorAll('tbody[data-live="opened"][data-first] > tr')];
  const isAbove = (row) => Math.round(row.getBoundingClientRect().top) < 0;

  // Newest first: whatever is not above the first whole row on the screen was seen, or has long left
  // the page.
  function see() {
    if (!unseen.size) return;
    const first = rows().find((row) => !isAbove(row));
    for (const id of unseen) if (id <= first?.dataset.id) unseen.delete(id);
  }

  function show() {
    const place = find('#arrivals');
    if (!place) return;
    const [button, status] = place.children;
    const words = unseen.size
      ? place.dataset[plural.select(unseen.size)].replace('{count}', unseen.size) : '';
    if (button.textContent === words) return;
    if (!words && button === document.activeElement) find('main').focus({ preventScroll: true });
    button.textContent = words;
    button.hidden = !words;
    clearTimeout(later);
    later = setTimeout(() => {
      if (words) said = performance.now();
      status.textContent = words;
    }, words ? Math.max(0, said + SAID_EVERY_MS - performance.now()) : 0);
  }

  // The way up is smooth where that is liked; rows that come meanwhile do not stop it.
  function rise() {
    body.classList.add('rising');
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    scrollTo({ top: 0, behavior: calm ? 'instant' : 'smooth' });
    unseen.clear();
    show();
    setTimeout(rest, 1500);
  }
  const rest = () => body.classList.remove('rising');

  // To ask where rows are costs a layout, which nobody needs who is at the top.
  let isScrolled = scrollY > 0;
  document.addEventListener('board', ({ detail: { came, gone } }) => {
    if (isScrolled && !body.matches('.rising')) {
      for (const id of came) if (isAbove(find(`#order-${id}`) ?? body)) unseen.add(id);
    }
    for (const id of gone) unseen.delete(id);
    see();
    show();
  });
  addEventListener('scroll', () => {
    isScrolled = scrollY > 0;
    see();
    show();
  }, { passive: true });
  // An earlier scroll may end just now.
  addEventListener('scrollend', () => { if (scrollY === 0) rest(); });
  for (const event of ['wheel', 'touchstart', 'keydown']) {
    addEventListener(event, rest, { passive: true });
  }
  document.addEventListener('click', ({ target }) => {
    if (target.matches('#arrivals button')) rise();
  });
  // Another page in place of this one begins anew.
  new MutationObserver(() => unseen.clear()).observe(find('main'), { childList: true });
})();
