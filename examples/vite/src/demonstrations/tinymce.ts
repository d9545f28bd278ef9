import type { TinyMCE } from 'tinymce';
import { loadScript, publicUrl } from '../public.ts';

declare global {
  interface Window {
    tinymce: TinyMCE;
  }
}

const text = `<h2>Edit me</h2>
<p>The theme, the skin, the icons and the <em>plugins</em> of this editor are files that it asked for itself,
long after <strong>Vite</strong> was done.</p>
<ul><li>so none of them can be bundled</li><li>and all of them lie in the public directory</li></ul>`;

export async function tinymce(stage: HTMLElement): Promise<string> {
  await loadScript('tinymce/tinymce.min.js');
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const target = document.createElement('textarea');
  target.value = text;
  stage.append(target);
  const [editor] = await window.tinymce.init({
    target,
    base_url: publicUrl('tinymce'),
    suffix: '.min',
    license_key: 'gpl',
    skin: dark ? 'oxide-dark' : 'oxide',
    content_css: dark ? 'dark' : 'default',
    plugins: 'lists link wordcount',
    toolbar: 'undo redo | blocks | bold italic | bullist numlist | link',
    menubar: false,
    branding: false,
    promotion: false,
    height: '100%',
  });
  const words = editor?.plugins.wordcount?.body.getWordCount();
  return `TinyMCE ${window.tinymce.majorVersion}.${window.tinymce.minorVersion} counts ${words} words.`;
}
