let loading: Promise<typeof import('fs-reflink')> | undefined;

/** The engine, loaded when a build is certain: beside what the bundler does then, not before it begins. */
export function loadEngine(): Promise<typeof import('fs-reflink')> {
  return (loading ??= import('fs-reflink'));
}
