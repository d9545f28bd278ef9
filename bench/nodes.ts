import { commandOf, runtimes } from '../test/runtimes/runtimes.ts';

/** The versions that the engine is measured on. */
export const nodeMajors = [20, 24] as const;
export type NodeMajor = (typeof nodeMajors)[number];

export interface NodeVersion {
  version: string;
  program: string;
}

const found = new Map<NodeMajor, NodeVersion>();

/** This process's own program, or else one that npm carries: fetched once, pinned and verified. */
export function findNode(major: NodeMajor): NodeVersion {
  const known = found.get(major) ?? locate(major);
  found.set(major, known);
  return known;
}

function locate(major: NodeMajor): NodeVersion {
  const own = process.versions.node;
  if (own.startsWith(`${major}.`)) return { version: own, program: process.execPath };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`npm carries it for Linux on x64, this is ${process.platform} on ${process.arch}`);
  const runtime = runtimes.find(({ label }) => label === `Node.js ${major}`)!;
  return { version: runtime.version, program: commandOf(runtime)[0]! };
}
