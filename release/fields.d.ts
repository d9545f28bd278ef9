/** @throws {Error} where a field is not filled in */
export declare function fillFields(root: URL): void;
