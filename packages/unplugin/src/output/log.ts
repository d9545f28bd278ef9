import { NAME } from '../options/name.ts';

/** Where the host logs messages; they do not carry the plugin's name. */
export interface HostLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Logs through a logger that does not say who logs. */
export function namedLog(logger: HostLog): HostLog {
  return {
    info: (message) => logger.info(`${NAME}: ${message}`),
    warn: (message) => logger.warn(`${NAME}: ${message}`),
    error: (message) => logger.error(`${NAME}: ${message}`),
  };
}

/** What was thrown, for a person: not everything that is thrown is an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
