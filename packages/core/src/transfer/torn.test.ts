import { testTornFiles } from '../../../../test/support/torn-files.ts';
import { loadBindings } from '../platform/linux/bindings.ts';
import { linuxSystem } from '../platform/linux/linux.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import type { System } from '../platform/system.ts';

const lanes: [name: string, system: System][] = [['node:fs', portableSystem('a test')]];
if (process.platform === 'linux') lanes.push(['native', linuxSystem(loadBindings())]);
testTornFiles(lanes);
