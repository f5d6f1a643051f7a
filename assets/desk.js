// Orderboard's desk: what helps who types. Everything works without it.
(() => {
  'use strict';

  const { body, documentElement: root } = document;
  const find = (selector, from = document) => from.querySelector(selector);

  // What an order will cost and bring, while its price is typed.

  const digitsOf = (currency) => new Intl.NumberFormat('en', { style: 'currency', currency })
    .resolvedOptions().maximumFractionDigits;

  // The price in minor units as a BigInt; null while it is none. As the server reads forms.
  function read(text, digits) {
    const match = /^(\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+|\d+)(?:[.,](\d*))?$/.exec(text.trim());
    if (!match || (match[2] ?? '').length > digits || match[0].length > 24) return null;
    const minor = BigInt(match[1].replace(/\D/g, '') + (match[2] ?? '').padEnd(digits, '0'));
    return minor > 0n ? minor : null;
  }

  function write(hundredths, digits, currency) {
    // As many digits as it takes, exactly.
    const text = String(hundredths).padStart(digits + 3, '0');
    const decimal = `${text.slice(0, -digits - 2)}.${text.slice(-digits - 2)}`;
    const amount = new Intl.NumberFormat(root.lang, {
      minimumFractionDigits: digits, maximumFractionDigits: digits + 2,
    }).format(decimal);
    return `${amount}\u00a0${currency}`;
  }

  function preview(form) {
    const place = find('[data-preview]', form);
    const [price, currency] = [form.elements.price.value, form.elements.currency.value];
    const digits = digitsOf(currency);
    const minor = read(price, digits);
    place.textContent = minor === null ? place.dataset.plain : place.dataset.preview
      .replace('{fee}', write(minor * BigInt(place.dataset.percent), digits, currency))
      .replace('{payout}', write(minor * BigInt(100 - place.dataset.percent), digits, currency));
  }

  // What was typed is there again, until it was placed; and the currency that was used last.

  const key = `draft of ${body.dataset.as}`;
  const FIELDS = ['description', 'price', 'currency'];
  const keep = (name, value) => {
    try {
      if (value === undefined) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch { /* Where nothing may be kept, nothing is. */ }
  };
  const kept = (name) => {
    try { return localStorage.getItem(name); } catch { return null; }
  };

  function restore(form) {
    const draft = JSON.parse(kept(key) ?? 'null');
    const isEmpty = !form.elements.description.value && !form.elements.price.value;
    if (draft?.sent && find('.news.alert-success')) keep(key);
    else if (draft && isEmpty) for (const name of FIELDS) form.elements[name].value = draft[name] ?? '';
    const last = kept('last currency');
    const knows = [...form.elements.currency.options].some(({ value }) => value === last);
    if (isEmpty && knows && !form.elements.description.value) form.elements.currency.value = last;
  }

  function desk() {
    const form = find('#place');
    if (!form || form.dataset.ready) return;
    form.dataset.ready = '';
    restore(form);
    preview(form);
    const note = (sent) => keep(key, JSON.stringify({
      ...Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value])), sent,
    }));
    form.addEventListener('input', () => { note(false); preview(form); });
    form.addEventListener('submit', () => {
      note(true);
      keep('last currency', form.elements.currency.value);
    });
  }

  // Keys: j and k go from row to row, a accepts, / searches.

  function move(step) {
    const rows = [...document.querySelectorAll('tbody.rows tr:not(.closed)')];
    const here = rows.indexOf(document.activeElement.closest?.('tr'));
    const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step];
    find('td.id a', next ?? body)?.focus();
  }

  function accept() {
    const button = find('.only-executor:not(:disabled)', document.activeElement.closest?.('tr') ?? root);
    const inRow = button?.closest('tr') ?? button?.closest('article');
    if (!inRow || !button.checkVisibility()) return;
    if (confirm(`${button.ariaLabel}?`)) button.click();
  }

  function search() {
    const filter = find('details.filter');
    if (!filter) return false;
    filter.open = true;
    find('input', filter).focus();
    return true;
  }

  addEventListener('keydown', (event) => {
    const { key: pressed, ctrlKey, altKey, metaKey, target } = event;
    if (ctrlKey || altKey || metaKey || target.matches('input, select, textarea')) return;
    if (pressed === 'j') move(1);
    else if (pressed === 'k') move(-1);
    else if (pressed === 'a') accept();
    else if (pressed === '/' && search()) event.preventDefault();
  });

  // News while nobody looks: in the title and on the icon.

  let { title } = document;
  const icon = find('link[rel="icon"]');
  const calm = icon.href;
  let unseen = 0;
  function mark() {
    document.title = unseen ? `(${unseen}) ${title}` : title;
    icon.href = unseen ? icon.dataset.news : calm;
  }
  new MutationObserver(() => {
    if (document.hidden) {
      if (!unseen) title = document.title;
      unseen += 1;
      mark();
    }
  }).observe(find('#notice'), { childList: true });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && unseen) {
      unseen = 0;
      mark();
    }
  });

  new MutationObserver(desk).observe(find('main'), { childList: true });
  desk();
})();
