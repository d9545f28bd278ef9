import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { reasonToSkip } from '../support/optional-lanes.ts';

const executablePath = process.env.CHROMIUM_PATH || '/usr/bin/chromium';

/** What is in the way of opening a browser. */
export const chromiumMissing = (): string | undefined =>
  existsSync(executablePath) ? undefined : `there is no ${executablePath}; CHROMIUM_PATH names another`;

/** Why no browser is opened here; undefined if it is. */
export const browserMissing = (): string | undefined => reasonToSkip('browser', chromiumMissing);

/** Headless Chromium that talks to nobody but the page under test. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
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
}
