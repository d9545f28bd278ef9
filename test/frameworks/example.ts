import { execFile, spawn } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve } from '../../examples/common/serve.js';
import { openBrowser } from '../browser/chromium.ts';
import { pastTick } from '../support/clock.ts';
import { runDirectory } from '../support/run-directory.ts';
import { frameworksMissing, nodeForFrameworks } from './runtime.ts';

/** An example of a framework, and what a build of it has to show. */
export interface Example {
  /** The name of its directory in `examples/frameworks`. */
  name: string;
  title: string;
  /** The script and arguments that Node.js runs, relative to the example. */
  command: readonly string[];
  /** What builds create, relative to the example. It is deleted before each test. */
  made: readonly string[];
  /** The directory of the site, relative to the example. */
  site: string;
  /** The directory of public files, relative to the example. */
  publicDir?: string;
  /** The start of the plugin's summary, or a function that finds the counts in what a build printed. */
  summary: string | ((printed: string) => Counts);
  /** The sources of targets, by URL. */
  copied?: Record<string, string>;
  /** Starts a server, and returns where it listens. If undefined, the directory of the site is served. */
  start?: (example: Built) => Promise<Site>;
  /** The path that is opened in the browser. */
  path?: string;
  /** Whether a second build keeps unchanged files, or the reason why it does not. Undefined: it is no build. */
  second: 'unchanged' | string | undefined;
  /** Changes the project or its output before the second build. */
  beforeSecond?: (root: string) => void;
}

/** What a build has copied, as it reports. */
export interface Counts {
  files: number;
  methods: string[];
  unchanged: number;
}

/** A running server. */
export interface Site {
  origin: string;
  stop(): Promise<void> | void;
}

export interface Built {
  root: string;
  /** Runs the build, and returns what it printed. */
  build(...args: string[]): Promise<string>;
}

const missing = frameworksMissing();
const lane = missing ? ` (skipped: ${missing})` : '';
const METHODS: readonly string[] = ['ficlone', 'copy_file_range', 'read_write'];
/** Matches the methods that copy by a system call. */
export const METHOD = `(?:${METHODS.join('|')})`;

/** What the two builds of an example printed. */
export interface Printed {
  first: string;
  second: string;
}

/** Describes an example in the lane of the frameworks. `more` describes further tests of this example, which run last. */
export function describeExample(
  example: Example,
  more: (built: Built, printed: Printed) => void = () => {},
): void {
  const { name, title, command, made, site, summary, publicDir = 'public', second } = example;
  const root = fileURLToPath(new URL(`../../examples/frameworks/${name}`, import.meta.url));
  const urls: Record<string, string> = {
    '/robots.txt': `${publicDir}/robots.txt`,
    '/images/logo.svg': `${publicDir}/images/logo.svg`,
    ...(example.copied ?? { '/data/greeting.json': 'assets/greeting.json' }),
  };
  const clean = () => {
    for (const each of made) rmSync(join(root, each), { recursive: true, force: true });
  };
  const built: Built = {
    root,
    build: (...args) => run(root, [...command, ...args]),
  };
  const count = Object.keys(urls).length;
  const parse = (printed: string) =>
    typeof summary === 'string' ? countsIn(printed, summary) : summary(printed);
  const stateOf = (url: string) => {
    const { ino, mtimeNs, ctimeNs } = statSync(join(root, site, url), { bigint: true });
    return { url, ino, mtimeNs, ctimeNs };
  };

  describe.skipIf(missing)(`the example of ${title}${lane}`, () => {
    const printed: Printed = { first: '', second: '' };

    beforeAll(async () => {
      clean();
      printed.first = await built.build();
    });

    afterAll(clean);

    test('a build copies public files and targets by system calls', () => {
      const { files, methods } = parse(printed.first);
      expect(files).toBeGreaterThanOrEqual(count);
      expect(methods.filter((method) => !METHODS.includes(method))).toEqual([]);
    });

    test('a page in Chromium gets all of them, and has no error', async () => {
      const { origin, stop } = await (example.start?.(built) ?? serveDirectory(join(root, site)));
      try {
        const { bodies, problems, greeting, width } = await visit(
          origin,
          example.path ?? '/',
          Object.keys(urls),
        );
        for (const [url, source] of Object.entries(urls))
          expect(bodies[url], url).toBe(readFileSync(join(root, source), 'latin1'));
        expect({ problems, greeting, width }).toEqual({
          problems: [],
          greeting: 'copied by unplugin-reflink',
          width: 48,
        });
      } finally {
        await stop();
      }
    });

    if (second !== undefined) {
      const title =
        second === 'unchanged'
          ? 'the next build leaves what is unchanged'
          : `the next build copies everything again: ${second}`;
      test(title, async () => {
        example.beforeSecond?.(root);
        await pastTick();
        const before = Object.keys(urls).map(stateOf);
        printed.second = await built.build();
        const after = Object.keys(urls).map(stateOf);
        const { files, unchanged } = parse(printed.second);
        if (second === 'unchanged') {
          expect(after).toEqual(before);
          expect(unchanged).toBe(count);
        } else {
          expect({ files, unchanged }).toEqual({ files: parse(printed.first).files, unchanged: 0 });
        }
      });
    }

    more(built, printed);
  });
}

/** The environment without variables of Vitest: with them, frameworks print less or build in another way. */
const WITHOUT_VITEST = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|(TEST|MODE|DEV|PROD|SSR|BASE_URL)$)/.test(name)),
);

async function run(root: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(nodeForFrameworks(), args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    timeout: 230_000,
    env: {
      ...WITHOUT_VITEST,
      CI: '1',
      NO_COLOR: '1',
      NODE_ENV: 'production',
      // The next build does not compile the framework again.
      NODE_COMPILE_CACHE: join(runDirectory(), 'compiled'),
      ASTRO_TELEMETRY_DISABLED: '1',
      DOCUSAURUS_NO_TELEMETRY: '1',
      NUXT_TELEMETRY_DISABLED: '1',
      STORYBOOK_DISABLE_TELEMETRY: '1',
      TURBO_TELEMETRY_DISABLED: '1',
    },
  });
  return stdout + stderr;
}

/** Serves the files of a directory. */
export async function serveDirectory(directory: string): Promise<Site> {
  const server = await serve(directory);
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Starts a server that a build has created, and waits until it listens. `PORT` and `HOST` tell it where. */
export async function startServer({ root }: Built, script: string): Promise<Site> {
  const port = await freePort();
  const server = spawn(nodeForFrameworks(), [script], {
    cwd: root,
    env: { ...WITHOUT_VITEST, HOST: '127.0.0.1', PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    void ended.then(() => reject(new Error(`${script} has ended: ${printed}`)));
    server.stdout.on('data', (chunk) => {
      printed += chunk;
      if (/listening/i.test(printed)) resolve();
    });
  });
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      server.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Returns what a page shows, the bytes that it got for each URL, and its errors. */
export async function visit(origin: string, path: string, urls: readonly string[]) {
  const browser = await openBrowser();
  const problems: string[] = [];
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('response', (response) => {
      if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(origin + path);
    await page.locator('#greeting:not(:text-is("…"))').waitFor();
    const greeting = await page.locator('#greeting').textContent();
    const width = await page
      .locator('#logo')
      .evaluate((image) => image.decode().then(() => image.naturalWidth));
    const bodies = await page.evaluate(
      (all) =>
        Promise.all(
          all.map(async (url) => {
            const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
            return [url, Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')] as const;
          }),
        ),
      urls,
    );
    return { bodies: Object.fromEntries(bodies), problems, greeting, width };
  } finally {
    await browser.close();
  }
}

/** The counts in the summary that starts like this. Its lines may be wrapped, as by Storybook. */
function countsIn(printed: string, beginning: string): Counts {
  const text = printed.replaceAll(/\s+(?:│\s+)?/g, ' ');
  const [, line] = new RegExp(`${escaped(beginning)}: (.*?) in \\d+ ms`).exec(text)!;
  const [, files = '0', methods = ''] = /(\d+) copied \(\S+ \S+, (.*?)\)/.exec(line!) ?? [];
  const [, unchanged = '0'] = /(\d+) unchanged/.exec(line!) ?? [];
  return {
    files: Number(files),
    methods: methods.split(', ').map((each) => each.split(' ')[0]!),
    unchanged: Number(unchanged),
  };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
