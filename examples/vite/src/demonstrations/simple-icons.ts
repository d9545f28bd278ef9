import { fetchText } from '../public.ts';

const icons = [
  'vite',
  'rolldown',
  'rollupdotjs',
  'webpack',
  'esbuild',
  'typescript',
  'javascript',
  'nodedotjs',
  'deno',
  'bun',
  'pnpm',
  'npm',
  'vitest',
  'biome',
  'react',
  'vuedotjs',
  'svelte',
  'astro',
  'nuxt',
  'solid',
  'angular',
  'tailwindcss',
  'storybook',
  'webassembly',
  'rust',
  'linux',
  'debian',
  'apple',
  'git',
  'github',
];

export async function simpleIcons(stage: HTMLElement): Promise<string> {
  const drawings = await Promise.all(icons.map((icon) => fetchText(`simple-icons/${icon}.svg`)));
  stage.innerHTML = drawings.join('');
  return `Drew ${stage.querySelectorAll('svg path').length} icons, each its own file.`;
}
