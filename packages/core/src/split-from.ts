import { toPath } from './path-or-url.ts';

/**
 * Splits `from` into its sources and the entries of an array that exclude something, without their `!`. `!(a|b)` is
 * a pattern, not a negation.
 */
export function splitFrom(from: string | URL | readonly (string | URL)[]): {
  sources: string[];
  negated: string[];
} {
  if (!isList(from)) return { sources: [toPath(from)], negated: [] };
  const isNegated = (each: string | URL) => typeof each === 'string' && /^!(?!\()/.test(each);
  return {
    sources: from.filter((each) => !isNegated(each)).map(toPath),
    negated: from.filter(isNegated).map((each) => toPath(each).slice(1)),
  };
}

function isList<Each>(from: Each | readonly Each[]): from is readonly Each[] {
  return Array.isArray(from);
}
