import { errorCode } from './errors.ts';
import type { Attribute } from './model/settings.ts';

/** How many copies could not get a requested attribute, and one of these copies. */
export interface LostAttribute {
  count: number;
  /**
   * Absolute path of a copy: the first in alphabetical order, so that it does not depend on which thread is faster.
   */
  first: string;
  /** The number of the error; 0 if the filesystem reported success without setting the attribute. */
  errno: number;
}

export type LostAttributes = Partial<Record<Attribute, LostAttribute>>;

/** The name of each attribute in messages. */
const NAMES: Record<Attribute, string> = {
  mode: 'permissions',
  timestamps: 'modification times',
  ownership: 'owner and group',
  links: 'hard links',
  devices: 'FIFOs, devices and sockets',
  special: 'setuid, setgid and sticky bits',
  xattr: 'extended attributes',
  acl: 'access control lists',
};

/** Records that copies could not get an attribute. */
export function addLost(all: LostAttributes, attribute: Attribute, lost: LostAttribute): void {
  const known = all[attribute];
  if (!known) {
    all[attribute] = { ...lost };
    return;
  }
  known.count += lost.count;
  if (lost.first < known.first) Object.assign(known, { first: lost.first, errno: lost.errno });
}

/** One warning for each attribute. */
export function lostWarnings(lost: LostAttributes): string[] {
  return (Object.entries(lost) as [Attribute, LostAttribute][]).map(
    ([attribute, { count, first, errno }]) => {
      const copies =
        count === 1
          ? `for ${JSON.stringify(first)}`
          : `for ${count} copies, the first is ${JSON.stringify(first)}`;
      const code = errno === 0 ? '' : ` (${errorCode(errno)})`;
      const cause =
        attribute === 'special'
          ? 'the copy has another owner, or the filesystem cannot hold them'
          : `the filesystem of the destination cannot hold them, or this user may not set them`;
      return `the ${NAMES[attribute]} ('${attribute}' in preserve) were not preserved ${copies}${code}: ${cause}; leave '${attribute}' out of preserve, or copy to another filesystem`;
    },
  );
}
