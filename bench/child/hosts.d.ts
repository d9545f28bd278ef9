export function bytesBelow(directory: string): number;
