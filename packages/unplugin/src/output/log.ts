import { NAME } from '../options/name.ts';

/** The log of a host. Messages do not contain the plugin's name. */
export interface HostLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A log that adds the plugin's name to messages, for a logger that does not name plugins. */
export function namedLog(logger: HostLog): HostLog {
  return {
    info: (message) => logger.info(`${NAME}: ${message}`),
    warn: (message) => logger.warn(`${NAME}: ${message}`),
    error: (message) => logger.error(`${NAME}: ${message}`),
  };
}

/** The message of what was thrown, which is not always an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
