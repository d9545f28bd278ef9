export declare const packages: Record<string, string>;
export declare const publicDirs: { dir: string; prefix: string }[];
export declare const page: string;
