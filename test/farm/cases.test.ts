import { describeHost } from '../hosts/describe-host.ts';
import { host } from './hosts.ts';

describeHost(host);
