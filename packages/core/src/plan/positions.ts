/** Finds names in a list. It is fast if the names are looked up in the order of the list, or nearly so. */
export class Positions {
  readonly #names: readonly string[];
  #next = 0;
  /** Created for the first name that is not the next one. */
  #byName: Map<string, number> | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** The position of a name in the list, or -1. */
  of(name: string): number {
    if (this.#names[this.#next] === name) return this.#next++;
    this.#byName ??= new Map(this.#names.map((each, position) => [each, position]));
    const position = this.#byName.get(name) ?? -1;
    if (position >= 0) this.#next = position + 1;
    return position;
  }
}
