type Host = typeof import('./host.ts');

let host: Host | undefined;

/** Loads what a build needs. The config that names the plugin is loaded without: many commands read one and build nothing. */
export async function loadHost(): Promise<Host> {
  return (host ??= await import('./host.ts'));
}

/** For hooks that cannot wait: a build calls others before, which load it. */
export function loadedHost(): Host {
  return host!;
}
