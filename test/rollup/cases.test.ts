import { describeHost } from '../hosts/describe-host.ts';
import { describeInLane } from '../support/optional-lanes.ts';
import { bundlers } from './hosts.ts';

const [rollup, rolldown] = bundlers;

describeHost(rollup!);
// Vite 8 is Rolldown: what its builds do is tested there.
describeInLane('versions', 'the cases of every bundler', () => describeHost(rolldown!));
