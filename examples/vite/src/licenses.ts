import { fetchText, publicUrl } from './public.ts';

/** Packages whose licenses are targets of the plugin; see vite.config.ts. */
const names = ['cesium', 'tinymce'];

/** Links the licenses in the page's footer, each with its title. */
export async function showLicenses(footer: HTMLElement): Promise<void> {
  for (const name of names) {
    const path = `licenses/${name}.txt`;
    const title = (await fetchText(path)).split('\n').find((line) => line.trim() !== '')!;
    const link = document.createElement('a');
    link.href = publicUrl(path);
    link.textContent = `${name}: ${title.replace(/^#+\s*/, '')}`;
    footer.append(link, ' ');
  }
}
