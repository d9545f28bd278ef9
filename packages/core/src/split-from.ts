/** What `from` names, and what an array leaves out, without the `!`. `!(a|b)` is no negation, but a pattern. */
export function splitFrom(from: string | readonly string[]): { sources: string[]; negated: string[] } {
  if (typeof from === 'string') return { sources: [from], negated: [] };
  const isNegated = (each: string) => /^!(?!\()/.test(each);
  return {
    sources: from.filter((each) => !isNegated(each)),
    negated: from.filter(isNegated).map((each) => each.slice(1)),
  };
}
