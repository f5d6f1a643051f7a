// The admin's overview: charts of the last ten minutes, and what the stream says besides counters.
(() => {
  'use strict';

  const SPAN = 600;
  const root = document.documentElement;
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const plain = new Intl.NumberFormat(root.lang, { maximumFractionDigits: 1 });
  const short = new Intl.NumberFormat(root.lang, { notation: 'compact' });
  const clock = new Intl.DateTimeFormat(root.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const exact = new Intl.DateTimeFormat(root.lang, { timeStyle: 'medium', hourCycle: 'h23' });

  const COLORS = { accepts_per_minute: '--nearly' };
  let times = [], series = {}, latest = {}, charts = [], ticked;

  // What is told in words and figures.

  const UNITS = { cache_hits_percent: '\u00a0%' };
  const write = (value, figure) => (
    value === null || value === undefined ? '—' : plain.format(value) + (UNITS[figure] ?? ''));

  function tell(pulse) {
    latest = pulse;
    for (const place of all('[data-pulse]')) {
      place.textContent = write(pulse[place.dataset.pulse], place.dataset.pulse);
    }
    const words = find('.standing')?.dataset;
    for (const place of all('[data-part]')) {
      const state = pulse.parts[place.dataset.part];
      place.dataset.state = state;
      place.textContent = words[{ up: 'up', down: 'down' }[state] ?? 'none'];
    }
    if (pulse.books) tellBooks(pulse.books);
  }

  function tellBooks({ balanced, revision, finished }) {
    const place = find('.books');
    const told = `${balanced} ${revision} ${finished}`;
    if (!place || place.dataset.told === told) return;
    Object.assign(place.dataset, { told, balanced });
    place.textContent = place.dataset[balanced].replace('{revision}', revision);
    const time = document.createElement('time');
    time.dateTime = finished;
    time.textContent = exact.format(new Date(finished));
    find('.checked span').replaceChildren(time);
    find('.checked').hidden = false;
  }

  // Charts. A figure holds until another one is told, and every second has its point.

  function draw(figure) {
    const keys = all('[data-figure]', figure);
    const names = keys.map((key) => key.dataset.figure);
    const place = find('.plot', figure);
    const data = () => [times, ...names.map((name) => series[name])];
    const axis = {
      stroke: () => color('--faint'), grid: { stroke: () => color('--line'), width: 1 },
      ticks: { show: false }, font: '11px system-ui, sans-serif',
    };
    const chart = new uPlot({
      width: place.clientWidth,
      height: 150,
      padding: [null, 20, null, null],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, sync: { key: 'overview' } },
      scales: {
        // The first minutes of a server are not drawn in a corner.
        x: { range: () => [times.at(-1) - Math.max(60, times.length - 1), times.at(-1)] },
        y: { range: (_, low, high) => [0, Math.max(4, high * 1.1)] },
      },
      axes: [
        {
          ...axis, space: 80, size: 24,
          values: (_, ticks, __, ___, step) => (
            ticks.map((at) => (step < 60 ? exact : clock).format(at * 1000))),
        },
        {
          ...axis, size: 44,
          values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? short.format(tick) : '')),
        },
      ],
      series: [{}, ...names.map((name) => ({
        stroke: () => color(COLORS[name] ?? '--accent'),
        width: 2,
        fill: names.length === 1
          ? () => `color-mix(in srgb, ${color('--accent')} 12%, transparent)` : undefined,
        points: { show: false },
      }))],
      hooks: {
        setCursor: [({ cursor: { idx } }) => keys.forEach((key) => {
          const value = series[key.dataset.figure][idx ?? times.length - 1];
          find('b', key).textContent = write(value);
          find('.at', figure)?.remove();
          if (idx === null || idx === undefined || key !== keys.at(-1)) return;
          const at = Object.assign(document.createElement('span'), { className: 'at' });
          at.textContent = exact.format(times[idx] * 1000);
          key.after(at);
        })],
      },
    }, data(), place);
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 150 })).observe(place);
    const update = () => {
      chart.setData(data());
      if (chart.cursor.idx !== null && chart.cursor.idx !== undefined) return;
      for (const key of keys) find('b', key).textContent = write(series[key.dataset.figure].at(-1));
    };
    update();
    charts.push({ figure, update });
  }

  async function load() {
    const reply = await fetch('/api/admin/pulse').catch(() => null);
    if (!reply?.ok) return false;
    const told = await reply.json();
    const now = Math.floor(Date.parse(told.at) / 1000);
    times = Array.from({ length: told.seconds }, (_, at) => now - told.seconds + 1 + at);
    series = told;
    tell(told.now);
    ticked = Date.now();
    return true;
  }

  async function start() {
    const place = find('.charts:not([data-ready])');
    if (!place) return;
    place.dataset.ready = '';
    charts = [];
    if (!await load() || !times.length) {
      delete place.dataset.ready;
      setTimeout(start, 2000);
      return;
    }
    all('figure', place).forEach(draw);
  }

  async function tick() {
    if (!charts.length || document.hidden) return;
    // Whoever slept knows nothing of the time between.
    if (Date.now() - ticked > 5000) await load();
    else {
      ticked += 1000;
      times.push(times.at(-1) + 1);
      if (times.length > SPAN) times.shift();
      for (const name of Object.keys(series)) {
        if (!Array.isArray(series[name])) continue;
        series[name].push(latest[name]);
        if (series[name].length > SPAN) series[name].shift();
      }
    }
    for (const { update } of charts) update();
  }

  addEventListener('pulse', ({ detail }) => tell(detail));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tick);
  new MutationObserver(start).observe(find('main'), { childList: true });
  setInterval(tick, 1000);
  start();
})();
