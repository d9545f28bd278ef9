/** Compiles what was imported, and lists it. */
export async function show(urls) {
  const list = document.querySelector('ul');
  for (const [name, url] of Object.entries(urls)) {
    const item = list.appendChild(document.createElement('li'));
    item.dataset.package = name;
    item.dataset.path = new URL(url, document.baseURI).pathname;
    try {
      const content = await (await fetch(url)).arrayBuffer();
      const module = await WebAssembly.compile(content);
      const exported = WebAssembly.Module.exports(module).length;
      item.textContent = `${name}: ${content.byteLength} bytes, ${exported} exports`;
      item.dataset.status = 'ok';
    } catch (error) {
      item.textContent = `${name}: ${error}`;
      item.dataset.status = 'failed';
    }
  }
  document.body.dataset.status = 'done';
}
