import { systemError } from '../errors.ts';
import type { FileResult } from '../model/batch.ts';
import type { System } from '../platform/system.ts';
import { decide } from '../transfer/decide.ts';
import type { NodeQuery } from '../transfer/nodes.ts';
import { pathsOf } from '../transfer/pair.ts';
import { LINKED, UNCHANGED } from '../transfer/transfer.ts';

/**
 * Returns what a copy would do with a file or a link, and notes it in the `system` of the dry run. Throws the error that
 * the copy would throw.
 */
export function expectFile(system: System, query: NodeQuery, follow: boolean, isLink: boolean): FileResult {
  const { pair, name, as, source } = query;
  const looked = system.status(pair.source, name, follow, source);
  if (looked < 0) throw systemError(-looked, { ...pathsOf(query), syscall: 'stat' });
  if (decide(system, query) === 'keep') return UNCHANGED;
  system.expected!.create(pair.destination, as);
  return isLink ? LINKED : { action: 'copied', bytes: source.size };
}
