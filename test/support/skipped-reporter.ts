import type { Reporter, TestModule } from 'vitest/node';

/** Says at the end which lanes were skipped, and why: the reason is part of a skipped suite's name. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const name = test.parent.type === 'suite' ? test.parent.fullName : test.fullName;
        skipped.set(name, (skipped.get(name) ?? 0) + 1);
      }
    }
    if (skipped.size === 0) return;
    console.log('\nSkipped:');
    for (const [name, tests] of skipped) console.log(`  ${name} (${tests})`);
  }
}
