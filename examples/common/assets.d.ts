export declare const packages: Record<string, string>;
export declare const publicDirs: { dir: string; to: string }[];
export declare const page: string;
export declare const imported: string;
