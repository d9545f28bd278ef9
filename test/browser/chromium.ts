import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { isNamed, reasonToSkip } from '../support/optional-lanes.ts';

const VARIABLE = 'REFLINK_BROWSER';
const executablePath = process.env.CHROMIUM_PATH || '/usr/bin/chromium';

/** The reason why no browser can be opened. Undefined if one can. */
export const chromiumMissing = (): string | undefined =>
  existsSync(executablePath) ? undefined : `there is no ${executablePath}; CHROMIUM_PATH names another`;

/** The reason why no browser is opened here. Undefined if one is. */
export const browserMissing = (): string | undefined => reasonToSkip('browser', chromiumMissing);

/**
 * Starts headless Chromium before all tests: one for all files, because its start takes 4 seconds of processor time.
 * Vitest calls this once for each project.
 */
export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[VARIABLE] !== undefined || !(isNamed('browser') || isNamed('frameworks'))) return undefined;
  if (chromiumMissing()) return undefined;
  const server = await chromium.launchServer({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  process.env[VARIABLE] = server.wsEndpoint();
  return () => server.close();
}

/** Connects to Chromium, which connects only to the page under test. Closing the connection closes only its own pages. */
export const openBrowser = (): Promise<Browser> => chromium.connect(process.env[VARIABLE]!);
