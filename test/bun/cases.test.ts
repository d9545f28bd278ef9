import { describe } from 'vitest';
import { describeHost } from '../hosts/describe-host.ts';
import { host, skipped } from './hosts.ts';

describe.skipIf(skipped)(`Bun.build${skipped ? ` (skipped: ${skipped})` : ''}`, () => describeHost(host));
