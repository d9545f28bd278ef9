import { describeHost } from '../hosts/describe-host.ts';
import { describeInLane } from '../support/optional-lanes.ts';
import { bundlers } from './hosts.ts';

const [rollup, rolldown] = bundlers;

describeHost(rollup!);
// Vite 8 uses Rolldown, and the tests of Vite cover it.
describeInLane('versions', 'the cases of every bundler', () => describeHost(rolldown!));
