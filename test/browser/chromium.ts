import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { reasonToSkip } from '../support/optional-lanes.ts';

const executablePath = process.env.CHROMIUM_PATH || '/usr/bin/chromium';

/** The reason why no browser can be opened. Undefined if one can. */
export const chromiumMissing = (): string | undefined =>
  existsSync(executablePath) ? undefined : `there is no ${executablePath}; CHROMIUM_PATH names another`;

/** The reason why no browser is opened here. Undefined if one is. */
export const browserMissing = (): string | undefined => reasonToSkip('browser', chromiumMissing);

/** Opens headless Chromium, which connects only to the page under test. */
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
