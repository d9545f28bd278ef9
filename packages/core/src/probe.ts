import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorCode } from './errors.ts';
import { isPath, resolvePath } from './options.ts';
