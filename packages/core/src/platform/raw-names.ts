import { isUtf8 } from 'node:buffer';

/*
 * File names are bytes. If they are not UTF-8, each byte that is not part of a character becomes a lone surrogate in
 * the string, U+DC80 to U+DCFF, as in Python. Such a string differs from all others, and can be converted back to the
 * bytes.
 */

/** With the flag `u` the pattern does not match one half of a surrogate pair. */
const RAW = /[\udc80-\udcff]/u;
const EACH_RAW = /([\udc80-\udcff])/u;
const RAW_BASE = 0xdc00;
/** Ends a C string. */
const NUL = Buffer.alloc(1);

/** Whether a name or a path is not UTF-8. Nearly all are well formed, and to find that takes less time than the pattern. */
export function isRaw(name: string): boolean {
  return !name.isWellFormed() && RAW.test(name);
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

/** A path for `node:fs`: bytes if it is not UTF-8. */
export function onDisk(path: string): string | Buffer {
  return isRaw(path) ? toBytes(path) : path;
}

/** Bytes as a C string: with a NUL at the end. */
export function terminated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, NUL]);
}

/**
 * A name or a path for a C function. The type says string, but it may be bytes, which koffi accepts in place of a
 * string.
 */
export function inC(name: string): string {
  return isRaw(name) ? (terminated(toBytes(name)) as unknown as string) : name;
}

/** A name or a path for messages. Bytes that are not UTF-8 are written in octal, as `ls` does. */
export function shown(name: string): string {
  if (!isRaw(name)) return name;
  return name.replaceAll(/[\udc80-\udcff]/gu, (raw) => `\\${(raw.charCodeAt(0) - RAW_BASE).toString(8)}`);
}

/** Does the same for a message that contains paths as JSON strings. */
export function shownInMessage(message: string): string {
  if (!message.includes('\\udc')) return message;
  return message.replaceAll(
    /(?<!\\)((?:\\\\)*)\\udc([89a-f][0-9a-f])/g,
    (_all, before: string, byte: string) => `${before}\\${Number.parseInt(byte, 16).toString(8)}`,
  );
}
