import { describeHost } from '../hosts/describe-host.ts';
import { describeInLane } from '../support/optional-lanes.ts';
import { host } from './hosts.ts';

describeInLane('versions', 'the cases of every bundler', () => describeHost(host));
