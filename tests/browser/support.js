// A server of the test's own, and windows of people who look at it.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

const BINARY = process.env.ORDERBOARD_BIN ?? 'target/debug/orderboard';

/** A port that is free now: the server comes back on it after it was killed. */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** A redis of a test's own, which may do with it what it likes. */
export class Redis {
  static async start() {
    const redis = new Redis();
    redis.port = await freePort();
    redis.url = `redis://127.0.0.1:${redis.port}`;
    await redis.run();
    return redis;
  }

  async run() {
    const options = ['--port', this.port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.process = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: this.process.stdout })) {
      if (line.includes('Ready to accept connections')) break;
    }
    this.process.stdout.resume();
  }

  async kill() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }
}

/** Two databases of a test's own: its board holds nothing of others. */
class Databases {
  constructor() {
    const name = `t_browser_${process.pid}_${Date.now()}`;
    this.names = { DATABASE_URL: `${name}_interactions`, USERS_DATABASE_URL: `${name}_users` };
    for (const it of Object.values(this.names)) this.run(`CREATE DATABASE ${it}`);
  }

  get settings() {
    return Object.fromEntries(Object.entries(this.names).map(([setting, name]) => {
      const url = new URL(process.env[setting]);
      url.pathname = `/${name}`;
      return [setting, String(url)];
    }));
  }

  run(sql) {
    const { hostname, port, username, password } = new URL(process.env.DATABASE_URL);
    const options = ['--no-defaults', '--protocol=tcp', `--host=${hostname}`, `--port=${port}`,
      `--user=${username}`, `--password=${password}`, `--execute=${sql}`];
    execFileSync('sh', ['-c', 'exec "$(command -v mariadb || command -v mysql)" "$@"', 'sql', ...options]);
  }

  drop() {
    for (const it of Object.values(this.names)) this.run(`DROP DATABASE ${it}`);
  }
}

export class Server {
  static async startAlone(settings = {}) {
    const databases = new Databases();
    const server = await Server.start({ ...databases.settings, ...settings });
    server.databases = databases;
    return server;
  }

  static async start(settings = {}) {
    const server = new Server();
    server.settings = settings;
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    await server.run();
    return server;
  }

  async run() {
    const env = {
      ...process.env,
      AUTH: 'demo',
      LISTEN: `127.0.0.1:${this.port}`,
      SECRET_KEY: 'the browser tests sign with this key',
      // All windows come from one address.
      MAX_REQUESTS_PER_SECOND: '0',
      ...this.settings,
    };
    this.process = spawn(BINARY, ['serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: this.process.stdout })) {
      if (line.includes('listening')) break;
    }
    // Whatever else it prints is read and forgotten, so that it never waits for us.
    this.process.stdout.resume();
  }

  async kill() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  /** Asks the API as somebody. */
  async ask(role, id, path, body) {
    const response = await fetch(this.url + path, {
      method: body ? 'POST' : 'GET',
      headers: { 'X-User-Type': role, 'X-User-Id': String(id) },
      body: body && JSON.stringify(body),
    });
    return response.json();
  }
}

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** A window in which somebody is logged in; `faults` collects whatever a page does wrong. */
export async function open(browser, server, role, id, path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
  const window = await context.newPage();
  window.faults = [];
  window.on('pageerror', (error) => window.faults.push(error.message));
  window.on('console', (message) => {
    // A server that was killed cannot be connected to: that is what the test is about.
    const known = /WebSocket connection|ERR_CONNECTION|Failed to load resource/;
    if (message.type() === 'error' && !known.test(message.text())) window.faults.push(message.text());
  });
  window.on('request', (request) => {
    if (!request.url().startsWith(server.url)) window.faults.push(`asks ${request.url()}`);
  });
  await window.goto(server.url);
  await context.request.post(`${server.url}/session`, { form: { user_type: role, user_id: String(id) } });
  await window.goto(server.url + path);
  return window;
}

/** Marks a page's script world: a reload would lose the mark. */
export const mark = (window) => window.evaluate(() => { window.stays = true; });
export const isMarked = (window) => window.evaluate(() => window.stays === true);

/** A server and a browser for all tests of a file, and what they prepare; there once the tests run.
    Alone, it has a board of its own. */
export function stage(prepare, { alone = false, ...settings } = {}) {
  const at = {};
  before(async () => {
    at.server = await (alone ? Server.startAlone(settings) : Server.start(settings));
    at.browser = await launch();
    await prepare?.(at);
  });
  after(async () => {
    await at.browser?.close();
    await at.server?.kill();
    at.server?.databases?.drop();
  });
  return at;
}

export const live = (window) => window.locator('#live[data-state="live"]').waitFor();
