import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM_PATH || '/usr/bin/chromium';

/** Why no browser can be opened; with `REFLINK_REQUIRE_BROWSER=1` that fails, so that it is not skipped unseen. */
export function browserMissing(): string | undefined {
  if (existsSync(executablePath)) return undefined;
  const reason = `there is no ${executablePath}; CHROMIUM_PATH names another`;
  if (process.env.REFLINK_REQUIRE_BROWSER === '1')
    throw new Error(`REFLINK_REQUIRE_BROWSER=1, but ${reason}`);
  return reason;
}

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
