/** Absolute URL of a file in the public directory, wherever the page is deployed. */
export function publicUrl(path: string): string {
  return new URL(import.meta.env.BASE_URL + path, location.href).href;
}

/** Loads a classic script of the public directory. */
export function loadScript(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = publicUrl(path);
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${path} does not load`));
    document.head.append(script);
  });
}

/** Imports a module of the public directory, past the bundler. */
export function importModule<Module>(path: string): Promise<Module> {
  return import(/* @vite-ignore */ publicUrl(path));
}

export async function fetchText(path: string): Promise<string> {
  const response = await fetch(publicUrl(path));
  if (!response.ok) throw new Error(`${path} answers ${response.status}`);
  return response.text();
}

export function loadImage(path: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = publicUrl(path);
  return image.decode().then(() => image);
}
