import { darwinSystem } from '../../packages/core/src/platform/darwin/darwin.ts';
import { testTornFiles } from '../support/torn-files.ts';
import { describeMacos, doubleBindings } from './double.ts';

describeMacos('torn files', [], () => testTornFiles([['macOS', darwinSystem(doubleBindings())]]));
