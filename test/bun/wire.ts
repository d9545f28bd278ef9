/** The format of values between two processes: JSON, with functions, bytes, errors, URLs and `undefined`. */

const KEY = '$wire';

interface Special {
  [KEY]: 'function' | 'bytes' | 'error' | 'undefined' | 'bigint' | 'url';
  value?: unknown;
}

/** Encodes a value. Its functions are added to `functions`, and their positions stand for them. */
export function encode(value: unknown, functions: unknown[] = []): string {
  const special = (kind: Special[typeof KEY], held?: unknown): Special => ({ [KEY]: kind, value: held });
  const replaced = (each: unknown): unknown => {
    if (each === undefined) return special('undefined');
    if (typeof each === 'bigint') return special('bigint', String(each));
    if (typeof each === 'function') return special('function', functions.push(each) - 1);
    if (each instanceof Uint8Array) return special('bytes', Buffer.from(each).toString('base64'));
    if (each instanceof URL) return special('url', each.href);
    if (each instanceof Error) return special('error', each.message);
    if (Array.isArray(each)) return each.map(replaced);
    if (typeof each === 'object' && each !== null)
      return Object.fromEntries(Object.entries(each).map(([name, held]) => [name, replaced(held)]));
    return each;
  };
  return JSON.stringify(replaced(value));
}

/** Decodes a value. `call` calls a function of the other process. */
export function decode(text: string, call?: (id: number, given: unknown[]) => unknown): unknown {
  const restored = (each: unknown): unknown => {
    if (Array.isArray(each)) return each.map(restored);
    if (typeof each !== 'object' || each === null) return each;
    const { [KEY]: kind, value } = each as Special;
    if (kind === 'undefined') return undefined;
    if (kind === 'bigint') return BigInt(value as string);
    if (kind === 'url') return new URL(value as string);
    if (kind === 'bytes') return Buffer.from(value as string, 'base64');
    if (kind === 'error') return new Error(value as string);
    if (kind === 'function') return (...given: unknown[]) => call!(value as number, given);
    return Object.fromEntries(Object.entries(each).map(([name, held]) => [name, restored(held)]));
  };
  return restored(JSON.parse(text));
}
