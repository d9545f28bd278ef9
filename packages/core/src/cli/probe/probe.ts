import os from 'node:os';
import { errorReason } from '../../errors.ts';
import type { Probe, ProbePlace } from '../../model/probe.ts';
import { probe } from '../../probe.ts';
import { EXIT } from '../failure.ts';
import { complain, paint, print, printJson } from '../output.ts';
import { table, wrap } from '../table.ts';
import { advice } from './advice.ts';

const WIDTH = 79;

/** What the error of a trial means. Other errors are described in the system's words. */
const MEANINGS: Readonly<Record<string, string>> = {
  EXDEV: 'these are different filesystems',
  ENOTSUP: 'not supported here',
  EOPNOTSUPP: 'not supported here',
  ENOSYS: 'this system does not have it',
  ENOTTY: 'this filesystem does not have it',
  EINVAL: 'refused for these files',
  ETXTBSY: 'a file is in use',
};

/** `fs-reflink probe`. Returns the exit status: failed if nothing could be tried. */
export async function runProbe(
  from: string,
  to: string,
  { json = false }: { json?: boolean },
): Promise<number> {
  const found = await probe(from, to);
  if (json) printJson({ ...found, advice: advice(found) });
  else printProbe(found);
  return found.problem === undefined ? EXIT.ok : EXIT.failed;
}

function printProbe(found: Probe): void {
  for (const line of table([place('from', found.source), place('to', found.destination)])) print(line);
  print('');
  if (found.problem === undefined) {
    printAbilities(found);
    print('');
    for (const line of wrap(expected(found), WIDTH)) print(line);
  } else complain(found.problem);
  for (const text of advice(found)) {
    const [first = '', ...more] = wrap(text, WIDTH - 2);
    print([`- ${first}`, ...more.map((line) => `  ${line}`)].join('\n'));
  }
}

function place(name: string, { path, filesystem, blockSize }: ProbePlace): string[] {
  return [name, filesystem, `blocks of ${blockSize}`, path];
}

function printAbilities(found: Probe): void {
  const { direct } = found;
  const rows: [what: string, ability: Probe['reflink'], detail: string][] = [
    ['clone (reflink)', found.reflink, 'files share their blocks'],
    ['copy inside the kernel', found.kernelCopy, 'no byte passes this process'],
    ['past the page cache', found.direct, `aligned to ${direct.alignment} bytes`],
    ['holes stay holes', found.sparse, 'sparse files stay sparse'],
  ];
  const cells = rows.map(([what, ability, detail]) => [
    what,
    ability.supported ? 'yes' : 'no ',
    ability.supported ? detail : reasonFor(ability.code),
  ]);
  for (const line of table(cells)) {
    print(
      line.replace(
        / {2}(yes|no ) {2}/,
        (_all, word) => `  ${paint(word === 'yes' ? 'green' : 'red', word)}  `,
      ),
    );
  }
}

function expected({ method, smallFileMethod }: Probe): string {
  return method === smallFileMethod
    ? `A copy from here to there uses ${method}.`
    : `A copy from here to there uses ${method}, and ${smallFileMethod} for small files.`;
}

function reasonFor(code: string | undefined): string {
  if (code === undefined) return 'no reason given';
  const number = (os.constants.errno as Record<string, number>)[code];
  return `${MEANINGS[code] ?? (number === undefined ? 'refused' : errorReason(number))} (${code})`;
}
