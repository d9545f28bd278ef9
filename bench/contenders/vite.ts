import { type Agent, runNode } from './children.ts';
import { type Contender, ms } from './contender.ts';

export const copy = (agent: Agent): Contender => ({
  name: "Vite's copy",
  async run(from, to) {
    return { figures: { "Vite's copy": ms((await agent.ask('vite', from, to)).ms) } };
  },
});

export const coldCopy: Contender = {
  name: "Vite's copy, cold process",
  run(from, to) {
    const answer = runNode('once.js', ['vite', from, to]);
    return {
      figures: {
        "Vite's copy, cold: inside": ms(answer.ms),
        "Vite's copy, cold: spawn to exit": ms(answer.wholeMs),
      },
    };
  },
};

export const emptyAndCopy = (agent: Agent): Contender => ({
  name: "Vite's empty + copy",
  async run(from, to) {
    return { figures: { "Vite's empty + copy": ms((await agent.ask('viteAgain', from, to)).ms) } };
  },
});

export const watchedCopy: Contender = {
  name: "Vite's copy",
  run(from, to) {
    return { figures: { "Vite's copy": ms(runNode('once.js', ['viteWatched', from, to]).gapMs) } };
  },
};
