import os from 'node:os';
import { errorReason } from '../errors.ts';
import type { Probe, ProbePlace } from '../model/probe.ts';
import { probe } from '../probe.ts';
import { EXIT } from './failure.ts';
import { table, wrap } from './format.ts';
import { complain, paint, print, printJson } from './output.ts';

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

/** Filesystems that have no way to share blocks between files, whatever their options. */
const NEVER = new Set([
  'ext4',
  'tmpfs',
  'ramfs',
  'vfat',
  'exfat',
  'ntfs',
  'ntfs3',
  'f2fs',
  'hfs',
  'NTFS',
  'FAT32',
  'exFAT',
]);
/** Filesystems where another one behind them decides whether files can be cloned. */
const REMOTE = new Set(['nfs', 'cifs', 'smb2', 'fuse', '9p', 'ceph', 'vboxsf']);

const CAN: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'btrfs, and XFS made with reflink=1, can',
  darwin: 'APFS can',
  win32: 'ReFS can, on a Dev Drive for example',
};

/** What a probe means for the user, in whole sentences. Says only what the probe has found. */
function advice(probe: Probe): string[] {
  const cloning = probe.reflink.supported || probe.problem !== undefined ? [] : aboutCloning(probe);
  return [...cloning, ...aboutNative(probe)];
}

function aboutCloning({ reflink, source, destination, platform }: Probe): string[] {
  const names = new Set([source.filesystem, destination.filesystem]);
  const unable = [...names].filter((name) => NEVER.has(name));
  const can = CAN[platform];
  const texts =
    unable.length > 0 ? [`${unable.join(' and ')} cannot clone${can === undefined ? '' : `; ${can}`}.`] : [];
  const crosses = names.size > 1 || (reflink.code === 'EXDEV' && !names.has('overlay'));
  if (crosses) {
    const which = names.size > 1 ? ` (${[...names].join(' and ')})` : '';
    texts.unshift(`Files share blocks only within one filesystem, and these are two${which}.`);
  }
  return texts.length > 0 ? texts : aboutOneFilesystem(destination.filesystem, reflink.code);
}

function aboutOneFilesystem(name: string, code: string | undefined): string[] {
  if (name === 'xfs' && code === 'ENOTSUP') {
    return [
      'This XFS was made without reflink; mkfs.xfs -m reflink=1, the default since xfsprogs 5.1, makes one that can clone.',
    ];
  }
  if (name === 'overlay') {
    return [
      'An overlay clones only where its upper layer, and the layer a file is read from, lie on one filesystem that can.',
    ];
  }
  if (name === 'btrfs' && code === 'EINVAL') {
    return [
      'btrfs does not clone between files with copy-on-write and files without it (chattr +C, nodatacow).',
    ];
  }
  return REMOTE.has(name) ? [`Whether ${name} clones is decided by what is behind it.`] : [];
}

function aboutNative({ native }: Probe): string[] {
  if (native.loaded) return [];
  return [
    `koffi is not loaded (${native.error}): node:fs copies everything, and nothing is copied inside the kernel.`,
  ];
}
