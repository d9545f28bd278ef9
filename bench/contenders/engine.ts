import type { NodeVersion } from '../nodes.ts';
import { type Agent, type Answer, runNode } from './children.ts';
import { type Contender, megabytes, ms } from './contender.ts';

export const warm = (agent: Agent): Contender => ({
  name: 'ours',
  async run(from, to) {
    const answer = await agent.ask('ours', from, to);
    return { figures: { ours: ms(answer.ms) }, note: methodsOf(answer) };
  },
});

export const first: Contender = {
  name: 'ours, first copy',
  run(from, to) {
    const answer = runNode('once.js', ['oursFirst', from, to]);
    return { figures: { 'ours, first copy': ms(answer.ms) }, note: methodsOf(answer) };
  },
};

export const third = (node: NodeVersion): Contender => ({
  name: 'ours',
  run(from, to) {
    const answer = runNode('once.js', ['oursThird', from, to], node.program);
    return { figures: { ours: ms(answer.ms) }, note: methodsOf(answer) };
  },
});

export const cold: Contender = {
  name: 'ours, cold process',
  run(from, to) {
    const answer = runNode('once.js', ['ours', from, to]);
    return {
      figures: { 'ours, cold: inside': ms(answer.ms), 'ours, cold: spawn to exit': ms(answer.wholeMs) },
      note: methodsOf(answer),
    };
  },
};

export const twice = (agent: Agent): Contender => ({
  name: 'ours, second run',
  async run(from, to) {
    const answer = await agent.ask('oursTwice', from, to);
    return {
      figures: { 'ours, first run': ms(answer.firstMs), 'ours, second run': ms(answer.ms) },
      note: `then ${answer.unchanged} unchanged`,
    };
  },
});

export const watched = (agent: Agent): Contender => ({
  name: 'ours, workers started',
  async run(from, to) {
    const { gapMs } = await agent.ask('oursWatched', from, to);
    return { figures: { 'ours, workers started': ms(gapMs) } };
  },
});

export const watchedCold: Contender = {
  name: 'ours, cold process',
  run(from, to) {
    const { gapMs } = runNode('once.js', ['oursWatched', from, to]);
    return { figures: { 'ours, cold process': ms(gapMs) } };
  },
};

export const memory: Contender = {
  name: 'ours',
  run(from, to) {
    const answer = runNode('once.js', ['ours', from, to]);
    return { figures: { 'ours, peak': megabytes(answer.peakBytes) }, note: methodsOf(answer) };
  },
};

export const memoryWithout: Contender = {
  name: 'package imported only',
  leaves: 'nothing',
  run(from, to) {
    const { peakBytes } = runNode('once.js', ['onlyImport', from, to]);
    return { figures: { 'imported only, peak': megabytes(peakBytes) } };
  },
};

function methodsOf({ methods = {} }: Answer): string {
  return Object.entries(methods)
    .map(([method, { files }]) => `${method} ${files}`)
    .join(', ');
}
