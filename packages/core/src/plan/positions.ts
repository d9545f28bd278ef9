/** Finds names in a list when they are asked for in the order of the list, or nearly so. */
export class Positions {
  readonly #names: readonly string[];
  #next = 0;
  /** Built for the first name that is not the next one. */
  #byName: Map<string, number> | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Where a name is in the list, -1 if it is not in it. */
  of(name: string): number {
    if (this.#names[this.#next] === name) return this.#next++;
    this.#byName ??= new Map(this.#names.map((each, position) => [each, position]));
    const position = this.#byName.get(name) ?? -1;
    if (position >= 0) this.#next = position + 1;
    return position;
  }
}
