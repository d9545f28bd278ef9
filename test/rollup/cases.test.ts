import { describeHost } from '../hosts/describe-host.ts';
import { bundlers } from './hosts.ts';

for (const bundler of bundlers) describeHost(bundler);
