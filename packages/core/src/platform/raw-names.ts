import { isUtf8 } from 'node:buffer';

/*
 * Names of files are bytes. Where they are not UTF-8, each byte that is no part of a character is one half of a surrogate
 * pair in a string, U+DC80 to U+DCFF, as in Python: such a string can be told from all others, and made bytes again.
 */

/** The flag `u` keeps it from matching half of a whole pair. */
const RAW = /[\udc80-\udcff]/u;
const EACH_RAW = /([\udc80-\udcff])/u;
const RAW_BASE = 0xdc00;
/** The byte at the end of a string in C. */
const NUL = Buffer.alloc(1);

/** Whether a name or a path is not UTF-8. */
export function isRaw(name: string): boolean {
  return RAW.test(name);
}

/** A name or a path as a string, whatever its bytes are. */
export function fromBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const character = bytes.subarray(at, at + length);
    const isWhole = isUtf8(character);
    text += isWhole ? character.toString('utf8') : String.fromCharCode(RAW_BASE + first);
    at += isWhole ? character.length : 1;
  }
  return text;
}

export function toBytes(name: string): Buffer {
  const parts = name.split(EACH_RAW);
  return Buffer.concat(
    parts.map((part) => (isRaw(part) ? Buffer.of(part.charCodeAt(0) - RAW_BASE) : Buffer.from(part))),
  );
}

/** A path as `node:fs` takes it. */
export function onDisk(path: string): string | Buffer {
  return isRaw(path) ? toBytes(path) : path;
}

/** A name or a path as C takes it. It is declared as a string, in the place of which koffi takes bytes. */
export function inC(name: string): string {
  return isRaw(name) ? (Buffer.concat([toBytes(name), NUL]) as unknown as string) : name;
}

/** A name or a path for people, with such bytes in octal, as `ls` shows them. */
export function shown(name: string): string {
  if (!isRaw(name)) return name;
  return name.replaceAll(/[\udc80-\udcff]/gu, (raw) => `\\${(raw.charCodeAt(0) - RAW_BASE).toString(8)}`);
}

/** A message in which paths are as JSON has them. */
export function shownInMessage(message: string): string {
  if (!message.includes('\\udc')) return message;
  return message.replaceAll(
    /(?<!\\)((?:\\\\)*)\\udc([89a-f][0-9a-f])/g,
    (_all, before: string, byte: string) => `${before}\\${Number.parseInt(byte, 16).toString(8)}`,
  );
}
