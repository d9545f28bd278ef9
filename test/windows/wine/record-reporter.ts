import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { InnerRun, InnerTest } from './record.ts';

/** Writes what became of every test to the file that `REFLINK_WINDOWS_RECORD` names, and prints nothing. */
export default class RecordReporter implements Reporter {
  readonly #printed: string[] = [];

  onUserConsoleLog({ type, content, taskId }: { type: string; content: string; taskId?: string }): void {
    this.#printed.push(`${type}${taskId ? '' : ' of no test'}: ${content}`);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly { message: string; stack?: string }[]): void {
    const run: InnerRun = {
      files: modules.map((module) => ({
        file: relative(process.cwd(), module.moduleId).replaceAll('\\', '/'),
        errors: [...module.errors(), ...suiteErrors(module)].map(describeError),
        tests: [...module.children.allTests()].map(record),
      })),
      errors: errors.map(describeError),
      printed: this.#printed,
    };
    writeFileSync(process.env.REFLINK_WINDOWS_RECORD!, JSON.stringify(run));
  }
}

function suiteErrors(module: TestModule) {
  return [...module.children.allSuites()].flatMap((suite) => suite.errors());
}

function record(test: TestCase): InnerTest {
  const { state, errors = [], ...rest } = test.result();
  const note = 'note' in rest && rest.note ? [`${test.name} (skipped: ${rest.note})`] : [test.name];
  return {
    path: [...suites(test), ...note],
    // A test that was never run did not pass.
    state: state === 'pending' ? 'failed' : state,
    errors: state === 'pending' ? ['it was not run'] : errors.map(describeError),
  };
}

function suites(test: TestCase): string[] {
  const names: string[] = [];
  for (let parent: TestSuite | TestModule = test.parent; parent.type === 'suite'; parent = parent.parent) {
    names.unshift(parent.name);
  }
  return names;
}

function describeError({ message, stack = '' }: { message: string; stack?: string }): string {
  return stack.includes(message) ? stack : `${message}\n${stack}`;
}
