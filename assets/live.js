// Keeps a page live. The page says what its data is as of (history, revision, batch, on its body); the
// socket sends what changed since, with ready-made rows: nothing is rendered here.
(() => {
  'use strict';
  const { body, documentElement: root } = document;
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Ages, by the server's clock.

  const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const relative = new Intl.RelativeTimeFormat(root.lang, { numeric: 'auto', style: 'short' });
  let skew = 0;

  // The server's clock is told by heartbeats, of which the quickest know best. How long one travels
  // is guessed from this page's own way: half of it, without what the server took.
  let beats = [];
  let started = 0;
  function setClock(sent) {
    // The reader's own clock may be set meanwhile.
    const start = Date.now() - performance.now();
    if (Math.abs(start - started) > 500) beats = [];
    started = start;
    const [page] = performance.getEntriesByType('navigation');
    // Some browsers do not tell it, or not on plain HTTP.
    const taken = (page?.serverTiming ?? []).reduce((sum, { duration }) => sum + duration, 0);
    const trip = page ? page.responseStart - page.requestStart - taken : 0;
    beats.push(Date.parse(sent) + Math.min(Math.max(trip, 0), 1000) / 2 - Date.now());
    if (beats.length > 20) beats.shift();
    skew = Math.max(...beats);
  }

  function age(from = document) {
    for (const time of all('time', from)) {
      const seconds = Math.max(0, (Date.now() + skew - Date.parse(time.dateTime)) / 1000);
      const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? UNITS.at(-1);
      time.title ||= time.textContent;
      const text = relative.format(-Math.floor(seconds / size), unit);
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // Rows are the same for everybody; admins go from a number to its person.
  function link(from = document) {
    if (!body.matches('.role-admin')) return;
    for (const [cell, people] of [['who', 'customers'], ['whom', 'executors']]) {
      for (const place of all(`td.${cell}:not(:has(a))`, from)) {
        const [id, way] = [place.textContent, document.createElement('a')];
        way.href = `/admin/${people}/${id}`;
        way.textContent = id;
        place.replaceChildren(way);
      }
    }
  }

  // The socket: one at a time; whatever goes wrong, the next one goes on from the same revision.

  const SILENCE = 35000;
  let { revision, history, batch } = body.dataset;
  let socket, retry, heard, current, again, attempt = 0;

  function connect() {
    disconnect();
    const url = new URL(body.dataset.live, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const { as } = body.dataset;
    const page = { since: revision, history, as, lang: root.lang };
    url.search = new URLSearchParams({ ...page, ...(batch && { batch }) });
    heard = Date.now();
    current = Infinity;
    socket = new WebSocket(url, 'orderboard.html.v1');
    socket.onmessage = ({ data }) => receive(JSON.parse(data));
    let opened = false;
    socket.onopen = () => { opened = true; };
    socket.onclose = () => {
      // Refused, though the server may be well: the reader may have logged out elsewhere.
      if (!opened && attempt % 4 === 1) load();
      connectLater();
    };
  }

  function disconnect() {
    clearTimeout(retry);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  }

  const backoff = () => Math.min(15000, 500 * 2 ** attempt++) * (0.5 + Math.random() / 2);

  function connectLater(ms = backoff()) {
    disconnect();
    show(navigator.onLine && attempt < 4 ? 'catching' : 'offline');
    again = Date.now() + ms;
    countDown();
    retry = setTimeout(connect, ms);
  }

  // The state is read out when it changes; the figure beside it changes all the time, and is not.
  function show(state) {
    const { dataset } = find('#live');
    if (dataset.state === state) return;
    find('#live').textContent = dataset[dataset.state = state];
    find('#lag').textContent = '';
  }

  function countDown() {
    if (find('#live').dataset.state !== 'offline') return;
    const seconds = Math.max(0, Math.ceil((again - Date.now()) / 1000));
    const lag = find('#lag');
    lag.textContent = lag.dataset.again.replace('{when}', relative.format(seconds, 'second'));
  }

  // How long a change took from its commit until it was painted here. What was missed while the
  // page was not connected says nothing about that.
  const precise = (unit, digits) => new Intl.NumberFormat(root.lang, {
    style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits,
  });
  const [milliseconds, seconds] = [precise('millisecond', 0), precise('second', 1)];
  function time(sent) {
    if (Date.now() < current || document.hidden) return;
    const arrived = Date.now();
    requestAnimationFrame(() => setTimeout(() => {
      // A tab that was hidden meanwhile paints when it is looked at again.
      if (document.hidden || Date.now() - arrived > 1000) return;
      const ms = Math.max(1, Date.now() + skew - Date.parse(sent));
      const text = ms < 1000 ? milliseconds.format(ms) : seconds.format(ms / 1000);
      if (find('#live').dataset.state === 'live') find('#lag').textContent = text;
    }));
  }

  function receive(message) {
    heard = Date.now();
    current = Math.min(current, heard + 1000);
    if (message.resync) return resync(message.retry_ms);
    if (message.goodbye) return connectLater(message.retry_ms);
    if (message.summary) {
      count(message.summary);
      return dispatchEvent(new CustomEvent('pulse', { detail: message.pulse }));
    }
    if (message.from > revision) return connectLater();
    attempt = 0;
    if (message.watchers) count({ watchers: watchers = message.watchers });
    if (message.to > revision) applyLater(message);
    if (message.more) return;
    if (message.to >= revision) ({ to: revision, batch } = message);
    show('live');
    if (message.watchers) setClock(message.sent);
    else time(message.sent);
  }

  function resync(ms = 0) {
    disconnect();
    flush();
    show('catching');
    retry = setTimeout(async () => {
      const page = await load();
      if (!page) return connectLater();
      ({ revision, history, batch } = page.body.dataset);
      swap(page);
      connect();
    }, attempt++ ? Math.max(ms, backoff()) : ms);
  }

  // This page as it is now; null if it cannot be had. If it is no longer the reader's, or no longer
  // in this language, go there.
  async function load() {
    const response = await fetch(body.dataset.here).catch(() => null);
    if (!response || response.status === 429 || response.status >= 500) return null;
    const page = await read(response);
    if (page.body.dataset.revision && isOurs(page)) return page;
    location.assign(body.dataset.here);
    return null;
  }

  async function read(response) {
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    age(page);
    link(page);
    return page;
  }

  const isOurs = (page) => page.body.dataset.as === body.dataset.as
    && page.documentElement.lang === root.lang;

  // Puts a fresh main in place. A form that somebody may be filling in stays the one it is.
  function swap(page) {
    flush();
    const focused = document.activeElement;
    const name = ['id', 'formaction', 'href', 'name'].find((name) => focused?.hasAttribute(name));
    const next = find('main', page);
    for (const form of all('main form[id]')) find(`#${form.id}`, next)?.replaceWith(form);
    fill(next);
    if (!name || document.activeElement === focused) return;
    focus(find(`[${name}="${CSS.escape(focused.getAttribute(name))}"]`) ?? find('main'));
  }

  // How many watch is known from the stream alone.
  let watchers;
  function fill(next) {
    find('main').replaceChildren(...next.childNodes);
    count({ watchers });
  }

  const focus = (element) => element?.focus({ preventScroll: true });

  // What messages change: the first at the next frame, more of them together a moment later, so that
  // a page has as much to do however many come. Where nobody looks there are no frames.

  const TOGETHER_MS = 50;
  let waiting = [];
  let flushed = 0;
  let timer, frame;
  function applyLater(message) {
    waiting.push(message);
    if (document.hidden) return flush();
    timer ??= setTimeout(() => {
      frame = requestAnimationFrame(flush);
      timer = setTimeout(flush, 200);
    }, Math.max(0, flushed + TOGETHER_MS - performance.now()));
  }

  function flush() {
    if (!waiting.length) return;
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    const messages = waiting;
    [waiting, timer] = [[], undefined];
    apply(messages);
    flushed = performance.now();
  }

  function apply(messages) {
    const listed = (name) => messages.flatMap((message) => message[name] ?? []);
    const latest = (name) => [...new Map(listed(name).map((it) => [it.id, it])).values()];
    const [opened, closed, orders, contracts] = ['opened', 'closed', 'orders', 'contracts'].map(latest);
    const notes = listed('notes');
    for (const order of orders) {
      const contract = contracts.find(({ order_id }) => order_id === order.id);
      announce('order', order, contract && `/contracts/${contract.id}`);
    }
    for (const contract of contracts) announce('contract', contract);
    for (const { contract_id: id, author } of notes) {
      if (!body.matches(`.role-admin, .role-${author}`)) announce('note', { id, status: 'note' }, `/contracts/${id}`);
    }
    change({ opened, closed, orders, contracts });
    count({ open_orders: messages.findLast((message) => message.open_orders !== undefined)?.open_orders });
    // Whether what was closed had passed is not known here.
    if (find('tbody[data-live]')?.dataset.sieve && closed.length) doubtful = true;
    if (needsMore()) refill();
    const { order, contract, own } = find('article')?.dataset ?? {};
    if ([...orders, ...opened].some(({ id }) => id == order)
      || contracts.some(({ id, order_id }) => id == contract || order_id == order)
      || notes.some(({ contract_id: id }) => id == contract)) reload(0);
    // The figures of a profile follow a moment later.
    else if (own !== undefined && orders.length + contracts.length) reload(500);
  }

  // Rows that come, change and leave. What came and was taken within one frame was never here.
  function change({ opened, closed, orders, contracts }) {
    const table = find('tbody[data-live]');
    const takes = { opened, orders, contracts }[table?.dataset.live] ?? [];
    const gone = new Set(table?.dataset.live === 'opened' ? closed.map(({ id }) => id) : []);
    const came = [];
    steady(() => {
      for (const { id, row } of takes) {
        if (gone.has(id) && !find(`#order-${id}`)) continue;
        if (sift(table, id, make(row))) came.push(id);
      }
      for (const { id, reason } of closed) {
        if (refilling) missed.add(id);
        if (gone.has(id)) close(find(`#order-${id}`), reason, table.dataset);
        close(find(`article[data-order="${id}"]`), reason);
      }
    });
    if (!gone.size && !came.length) return;
    document.dispatchEvent(new CustomEvent('board', { detail: { came, gone } }));
  }

  function count(counts) {
    for (const [name, value] of Object.entries(counts)) {
      for (const place of value === undefined ? [] : all(`[data-count="${name}"]`)) {
        if (name === 'gain') place.replaceChildren(...Object.entries(value).map(sum));
        else place.textContent = value;
        place.closest('.unknown')?.classList.remove('unknown');
      }
    }
  }

  function symbol(currency) {
    const parts = new Intl.NumberFormat(root.lang, {
      style: 'currency', currency, currencyDisplay: 'narrowSymbol',
    }).formatToParts(0);
    return parts.find(({ type }) => type === 'currency').value;
  }

  function sum([currency, amount]) {
    const digits = amount.split('.')[1]?.length ?? 0;
    const line = document.createElement('li');
    const small = document.createElement('small');
    small.textContent = root.lang === 'ru' ? symbol(currency) : currency;
    line.append(new Intl.NumberFormat(root.lang, {
      minimumFractionDigits: digits, maximumFractionDigits: digits,
    }).format(amount), ' ', small);
    return line;
  }

  // Whom the news that something came to a status is for; whoever did it knows already.
  const CONCERNED = {
    taken: '.role-customer',
    expired: '.role-customer',
    delivered: '.role-customer',
    completed: '.role-executor',
    cancelled: '.role-customer, .role-executor',
    disputed: '*',
    note: '*',
  };

  let hiding;
  function announce(kind, { id, status }, way = `/${kind}s/${id}`) {
    const known = find(`#${kind}-${id}`)?.dataset.status;
    const notice = find('#notice');
    const words = notice.dataset[status];
    if (!words || known === status || !body.matches(CONCERNED[status])) return;
    const link = Object.assign(document.createElement('a'), { href: way });
    link.textContent = words.replace('{id}', id);
    notice.replaceChildren(link);
    notice.classList.add('shown');
    clearTimeout(hiding);
    const leave = () => {
      // Who is about to follow it may.
      if (notice.matches(':hover, :focus-within')) hiding = setTimeout(leave, 1000);
      else notice.classList.remove('shown');
    };
    hiding = setTimeout(leave, 8000);
  }

  // Fetches what this page shows until it is as new as what was heard; a profile says itself how
  // many revisions it is behind.
  let reloading;
  function reload(ms) {
    clearTimeout(reloading);
    reloading = setTimeout(async () => {
      const page = await load();
      const behind = page && find('article', page)?.dataset.own;
      const done = page && (behind ? behind === '0' : page.body.dataset.revision >= +revision);
      if (done || behind) swap(page);
      if (!done) reload(Math.min(15000, 2 * ms + 500));
    }, ms);
  }

  // A board that is filtered: what does not pass is not put there; what has its place by price, or
  // is looked for by words, is fetched anew, and so is how many pass.

  function passes({ currency, cost }, sieve) {
    return (!sieve.currency || currency === sieve.currency)
      && !(+cost < +sieve.min) && !(+cost > +sieve.max);
  }

  function sift(table, id, row) {
    if (table.dataset.sieve === undefined) return put(table, id, row);
    const [known, fits] = [find(`#${row.id}:not(.closed)`), passes(row.dataset, table.dataset)];
    // One that was edited may have passed before, on another page.
    if (fits || known || row.dataset.version) doubtful = true;
    if (!fits) known?.remove();
    else if (table.dataset.sieve === 'plain') return put(table, id, row);
    return false;
  }

  // Rows: newest first. A first page holds so many open ones; later pages never shift.

  function make(html) {
    const { content } = Object.assign(document.createElement('template'), { innerHTML: html });
    age(content);
    link(content);
    return content.firstChild;
  }

  // Where everything is new, nothing needs to shine.
  const MOST_FRESH = 5;
  function shine(row) {
    if (document.getElementsByClassName('fresh').length < MOST_FRESH) row.classList.add('fresh');
  }
  addEventListener('animationend', ({ target }) => target.classList.remove('fresh'));

  const open = (table) => [...table.rows].filter((row) => !row.matches('.closed')).length;

  /** Whether it is another one now. */
  function put(table, id, row) {
    const known = find(`#${row.id}`);
    const version = (row) => +(row.dataset.version ?? 1);
    // What was closed here stays so; an edited order is another one, in its place.
    if (known && (table.dataset.live !== 'opened'
      || (version(row) > version(known) && !known.matches('.closed')))) {
      const { activeElement: active } = document;
      const name = known.contains(active) && (active.matches('button') ? 'button' : 'a');
      known.replaceWith(row);
      shine(row);
      if (name) focus(find(name, row) ?? find('a', row));
    }
    if (known || !table.matches('[data-first]')) return false;
    const next = [...table.rows].find((other) => other.dataset.id < id);
    if (next) next.before(row);
    else if (open(table) < table.dataset.perPage) table.append(row);
    shine(row);
    return row.isConnected;
  }

  function close(thing, reason, words = thing?.dataset) {
    if (!thing || thing.matches('.closed')) return;
    thing.classList.add('closed');
    thing.dataset.status = reason;
    find('.status', thing).textContent = words[reason];
    for (const button of all('button', thing)) {
      button.textContent = words[reason];
      button.removeAttribute('aria-label');
      button.ariaDisabled = 'true';
      // Really disabled it would lose the focus, and with it a keyboard user's place.
      if (button === document.activeElement) button.type = 'button';
      else button.disabled = true;
    }
    thing.leaves = Date.now() + 1500;
    clearTimeout(settling);
    settling = setTimeout(settle, 1600);
  }

  let settling;

  // Takes away what nobody needs any more, when no message does.
  function settle() {
    if (leaving(find('tbody[data-first]')).length) steady(() => {});
  }

  // What is closed or beyond the page's end.
  function leaving(table) {
    let room = table?.dataset.perPage;
    return [...table?.rows ?? []]
      .filter((row) => (row.matches('.closed') ? Date.now() > row.leaves : room-- <= 0));
  }

  // Changes rows without moving those that the reader points at or has focused (they are held), or
  // what they have scrolled to. All is measured first, and only if need be: reading between writes
  // is laying out anew.
  let scrolled = scrollY;
  addEventListener('scroll', () => { scrolled = scrollY; }, { passive: true });
  const pointed = (table) => [...all('tr:hover', table), ...all('tr:focus-within', table)];

  function steady(write) {
    const table = find('tbody[data-live]');
    const isRising = body.matches('.rising');
    if (!table || isRising || !(scrolled || pointed(table).length)) {
      write();
      return clear(table);
    }
    const screen = { top: scrollY, height: innerHeight, boxes: new Map() };
    for (const row of table.rows) screen.boxes.set(row, row.getBoundingClientRect());
    const { boxes } = screen;
    const [rows, top] = [[...boxes.keys()], (row) => boxes.get(row).top];
    screen.shows = (row) => boxes.has(row) && top(row) > 0 && top(row) < screen.height;
    screen.held = pointed(table).filter(screen.shows);
    screen.isScrolled = rows.length && top(rows[0]) < 0;
    const anchor = screen.held[0] ?? (screen.isScrolled && rows.find((row) => top(row) >= 0));
    write();
    clear(table, screen);
    if (!anchor?.isConnected) return;
    const shift = anchor.getBoundingClientRect().top - top(anchor);
    if (!shift) return;
    const height = Math.ceil(screen.top + shift + screen.height);
    if (height > root.scrollHeight) body.style.minHeight = `${height}px`;
    scrollBy({ top: shift, behavior: 'instant' });
  }

  // Takes away what leaves, unless that would move a held row. What somebody who has scrolled down
  // has before them may lie beyond the page's end for a while.
  function clear(table, screen) {
    if (!table?.matches('[data-first]')) return;
    const { held = [], boxes, isScrolled, shows } = screen ?? {};
    const isBefore = (row, other) => row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
    const most = isScrolled ? 2 * table.dataset.perPage : 0;
    let slack = screen?.top;
    for (const row of leaving(table)) {
      const above = held.filter((other) => isBefore(row, other)).length;
      if (held.includes(row) || (above && above < held.length)) continue;
      if (!row.matches('.closed') && table.rows.length <= most && shows(row)) continue;
      if (above && (slack -= boxes.get(row)?.height ?? row.offsetHeight) < 0) continue;
      row.remove();
    }
  }

  // A first page that closings left short gets its missing rows from a fresh one, and a filtered page
  // what it is in doubt of. Many pages get so in the same moment, so each waits a little; one that is
  // filtered asks at most once a second, and one that nobody sees not before it is seen.

  const missed = new Set();
  let refilling = false;
  let doubtful = false;
  let asked = 0;

  function isShort() {
    const table = find('tbody[data-live="opened"][data-first]');
    if (!table || table.dataset.sieve) return false;
    const [total, size] = [+find('[data-count="open_orders"]').textContent, +table.dataset.perPage];
    return open(table) < Math.min(total, size) || (total > size && !find('.paging nav'));
  }

  const needsMore = () => !document.hidden && (doubtful || isShort());

  const someTime = () => (doubtful
    ? Math.max(0, asked + 1000 - Date.now()) + Math.random() * 1500
    : 200 + Math.random() * 800);

  function refill(ms = someTime()) {
    if (refilling) return;
    refilling = true;
    setTimeout(async () => {
      if (!needsMore()) {
        refilling = false;
        return;
      }
      missed.clear();
      const [table, since] = [find('tbody[data-live]'), revision];
      const { sieve } = table.dataset;
      [doubtful, asked] = [false, Date.now()];
      const page = await load();
      flush();
      refilling = false;
      const { dataset } = page?.body ?? {};
      if (!table.isConnected || (page && dataset.history !== history)) return;
      const isOld = !page || dataset.revision < +since;
      if (isOld) doubtful = sieve !== undefined;
      else takeOver(table, page);
      // Too many at once, perhaps: later there will be fewer.
      if (needsMore()) refill(isOld ? Math.min(15000, 2 * ms + 500) * (0.5 + Math.random() / 2) : undefined);
    }, ms);
  }

  // Pages after the first never shift: of a fresh one they only take how many there are.
  function takeOver(table, page) {
    const rows = all('tbody[data-live] > tr', page).filter(({ dataset }) => !missed.has(+dataset.id));
    if (table.matches('[data-first]')) {
      steady(() => {
        if (table.dataset.sieve === 'fetched') arrange(table, rows);
        else for (const row of rows) put(table, +row.dataset.id, row);
      });
    }
    find('.found')?.replaceWith(find('.found', page));
    if (!find('.paging :focus')) find('.paging').replaceWith(find('.paging', page));
  }

  // Puts rows in the order in which they come; one that is there already stays the one it is.
  function arrange(table, rows) {
    const versions = (one, other) => one.dataset.version === other.dataset.version;
    const wanted = rows.map((row) => {
      const known = find(`#${row.id}`);
      if (!known) shine(row);
      return known && (known.matches('.closed') || versions(known, row)) ? known : row;
    });
    // What is closed leaves by itself.
    for (const row of [...table.rows]) {
      if (!wanted.includes(row) && !row.matches('.closed')) row.remove();
    }
    let place = table.firstElementChild;
    for (const row of wanted.filter((row) => !row.matches('.closed'))) {
      while (place?.matches('.closed')) place = place.nextElementSibling;
      if (place === row) place = place.nextElementSibling;
      else table.insertBefore(row, place);
    }
  }

  // What somebody does. Its answer takes this page's place without a new document, which would first
  // have to style itself, run its scripts and connect. All of it may be sent twice and is done once.

  let sends;
  async function act(form, button) {
    const fields = new URLSearchParams(new FormData(form));
    if (button?.name) fields.append(button.name, button.value);
    const to = button?.hasAttribute('formaction') ? button.formAction : form.action;
    const response = await fetch(to, { method: 'POST', body: fields }).catch(() => null);
    if (response?.redirected && response.ok) {
      const page = await read(response);
      if (page.body.dataset.revision && isOurs(page)) return turn(page);
      return location.assign(response.url);
    }
    // It was refused, or nobody answers: what is to be said of that is a page of its own.
    if (button) release(button);
    sends = form;
    form.requestSubmit(button);
  }

  function turn(page) {
    flush();
    const { here } = page.body.dataset;
    if (here !== body.dataset.here) window.history.pushState(null, '', here);
    body.dataset.here = here;
    body.style.minHeight = '';
    doubtful = false;
    document.title = page.title;
    for (const part of ['.demo', '.top nav', '.bottom']) find(part)?.replaceWith(find(part, page));
    find('.news')?.parentElement.remove();
    const news = find('.news', page)?.parentElement;
    if (news) find('main').before(news);
    fill(find('main', page));
    scrollTo({ top: 0, behavior: 'instant' });
    focus(find('main'));
    if (page.body.dataset.history !== history) resync();
    else if (page.body.dataset.revision < +revision) reload(0);
    else if (needsMore()) refill();
  }

  // What the browser tells.

  // A button that was pressed shows it until its answer is there, and cannot be pressed twice.
  const release = (button) => {
    button.disabled = button.matches('.closed *');
    button.classList.remove('pressed');
  };
  addEventListener('submit', (event) => {
    const { target: form, submitter: button } = event;
    if (body.dataset.live && form.matches('#act, #place') && form !== sends) {
      event.preventDefault();
      act(form, button);
    }
    button.classList.add('pressed');
    setTimeout(() => { button.disabled = true; });
    setTimeout(release, 5000, button);
  });
  addEventListener('popstate', () => {
    if (location.pathname + location.search !== body.dataset.here) location.reload();
  });
  addEventListener('pageshow', ({ persisted }) => {
    for (const button of all('button[form], form button')) release(button);
    if (persisted && body.dataset.live) connect();
  });
  age();
  link();
  setInterval(age, 10000);
  if (!revision) return;

  function wake() {
    if (document.hidden) return;
    attempt = 0;
    if (!socket || Date.now() - heard > SILENCE) connect();
    if (needsMore()) refill();
  }

  addEventListener('online', wake);
  addEventListener('offline', () => connectLater());
  addEventListener('pagehide', disconnect);
  document.addEventListener('visibilitychange', wake);
  document.addEventListener('pointerout', () => setTimeout(settle));
  document.addEventListener('focusout', () => setTimeout(settle));
  addEventListener('scrollend', settle);
  setInterval(() => { if (socket && Date.now() - heard > SILENCE) connectLater(); }, 5000);
  setInterval(countDown, 1000);
  show('catching');
  connect();
  if (+find('article')?.dataset.own) reload(1000);
})();
