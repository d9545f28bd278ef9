type Host = typeof import('./host.ts');

let host: Host | undefined;

/** Loads what a build needs. The config loads without it, because many commands read the config and do not build. */
export async function loadHost(): Promise<Host> {
  return (host ??= await import('./host.ts'));
}

/** For hooks that must be synchronous. Earlier hooks of the same build have called {@link loadHost}. */
export function loadedHost(): Host {
  return host!;
}
