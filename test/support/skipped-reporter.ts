import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** A suite that is skipped has the reason in its name. */
const REASON = /\(skipped: (.*?)\)(?: > |$)/;

/** Prints at the end what was skipped, by reason, or by suite if no name contains a reason. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const what = reasonOf(test);
        skipped.set(what, (skipped.get(what) ?? 0) + 1);
      }
    }
    if (skipped.size === 0) return;
    console.log('\nSkipped:');
    for (const [what, tests] of skipped) console.log(`  ${what} (${tests})`);
  }
}

function reasonOf(test: TestCase): string {
  const reason = REASON.exec(test.fullName)?.[1];
  return reason ?? (test.parent.type === 'suite' ? test.parent.fullName : test.fullName);
}
