import type { Server } from 'node:http';

export declare function serve(directory: string, port?: number): Promise<Server>;
