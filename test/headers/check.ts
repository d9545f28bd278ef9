import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Compiled, compile, entryOf, link } from './zig.ts';

/** What the TypeScript says about C: values by name, sizes and offsets in bytes, prototypes. */
export interface Tables {
  constants?: Readonly<Record<string, number>>;
  /** `size` is the type's, everything else a field. */
  layouts?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  prototypes?: Readonly<Record<string, string>>;
  /** Types of functions that are given to the system, as prototypes without a name. */
  callbacks?: Readonly<Record<string, string>>;
}

/** Tables, and the headers of one target that have to agree with them. */
export interface Check extends Tables {
  name: string;
  /** In zig's words. */
  target: string;
  includes: readonly string[];
  /** C before the includes: feature macros. */
  before?: string;
  /** C after the includes: what the headers lack, restated. */
  after?: string;
  /** @default ['c'] */
  libraries?: string[];
  /** What these headers do not have, and why that is so. It must be true. */
  absent?: Readonly<Record<string, string>>;
  /** Names that prototypes are looked up by, where it is not their own. */
  symbols?: Readonly<Record<string, string>>;
}

/** Compiles and links what the tables say; also looks up functions by the names the headers give them. */
export async function run(zig: string, check: Check): Promise<Compiled> {
  const home = mkdtempSync(join(tmpdir(), 'fs-reflink-headers-'));
  const assembly = join(home, 'check.s');
  try {
    const compiled = await compile(zig, sourceOf(check), check.target, assembly);
    if (!compiled.ok) return compiled;
    const missing = notCalled(check, readFileSync(assembly, 'utf8'));
    if (missing.length > 0) return { ok: false, errors: `not what the headers call: ${missing.join(', ')}` };
    return await link(zig, assembly, check.target, check.libraries ?? ['c']);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** A header may give a function another symbol than its name: the one we look up has to be the one it gives. */
function notCalled(
  { target, prototypes = {}, symbols = {}, absent = {} }: Check,
  assembly: string,
): string[] {
  const words = new Set(assembly.match(/[\w$.]+/g));
  const prefix = target.includes('macos') ? '_' : '';
  return Object.keys(prototypes)
    .filter((name) => !(name in absent))
    .map((name) => prefix + (symbols[name] ?? name))
    .filter((symbol) => !words.has(symbol));
}

/** The C that compiles only if the tables are right. */
export function sourceOf(check: Check): string {
  const { includes, before = '', after = '', absent = {} } = check;
  const isPresent = ([name]: readonly [string, unknown]) => !(name in absent);
  const constants = Object.entries(check.constants ?? {}).filter(isPresent);
  const layouts = Object.entries(check.layouts ?? {}).filter(isPresent);
  const prototypes = Object.entries(check.prototypes ?? {}).filter(isPresent);
  return [
    before,
    '#include <stddef.h>',
    '#include <stdint.h>',
    ...includes.map((header) => `#include <${header}>`),
    after,
    ...constants.map(([name, value]) => assertion(`(${name}) == (${value})`, `${name} is ${value}`)),
    ...layouts.flatMap(([type, fields]) =>
      Object.entries(fields).map(([field, bytes]) => {
        const actual = field === 'size' ? `sizeof(${type})` : `offsetof(${type}, ${field})`;
        return assertion(`${actual} == ${bytes}`, `${type}: ${field} is ${bytes}`);
      }),
    ),
    ...prototypes.map(([name, prototype]) => `static ${pointerTo(name, prototype)} = ${name};`),
    ...Object.entries(check.callbacks ?? {}).map(
      ([type, prototype]) =>
        `${prototype.replace(' (', ` (*volatile checked_${type})(`)} __attribute__((unused)) = (${type})0;`,
    ),
    `int ${entryOf(check.target)}(void) {`,
    '  int found = 0;',
    ...prototypes.map(([name]) => `  found += checked_${name} != 0;`),
    '  return found;',
    '}',
    '',
  ].join('\n');
}

function assertion(condition: string, message: string): string {
  return `_Static_assert(${condition}, ${JSON.stringify(message)});`;
}

/** Volatile, so that the function has to be there when it is linked. */
function pointerTo(name: string, prototype: string): string {
  const [, before, after] = new RegExp(`^(.*\\W)${name}\\s*(\\(.*\\))$`).exec(prototype) ?? [];
  if (before === undefined) throw new Error(`"${prototype}" is no prototype of ${name}`);
  return `${before}(*volatile checked_${name})${after}`;
}

/**
 * Sizes of the scalar types in prototypes, as koffi's types that stand for them have them: `toKoffi` translates.
 */
export function widths(
  prototypes: Readonly<Record<string, string>>,
  toKoffi: (type: string) => string | undefined,
): Record<string, { size: number }> {
  const types = Object.values(prototypes).flatMap((prototype) => {
    const [, result, parameters] = /^(.*?) \w*\((.*)\)$/.exec(prototype)!;
    return [result!, ...parameters!.split(/, */)];
  });
  const sizes = [...new Set(types)].flatMap((type) => {
    const [, bits] = /^u?int(\d+|ptr)_t$/.exec(toKoffi(type) ?? '') ?? [];
    return bits ? [[type, { size: bits === 'ptr' ? 8 : Number(bits) / 8 }]] : [];
  });
  return Object.fromEntries(sizes);
}

/** A check of all names that are said to be absent: each must be an error. */
export function checkOfAbsent(check: Check): Check {
  const { constants = {}, layouts = {}, prototypes = {}, absent = {}, ...rest } = check;
  const pick = <Value>(table: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(table).filter(([name]) => name in absent));
  return { ...rest, constants: pick(constants), layouts: pick(layouts), prototypes: pick(prototypes) };
}
