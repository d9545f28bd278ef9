// Serves a built page: node serve.js <directory> [port]
import { createReadStream, statSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const types = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Answers with the files of one directory, and with nothing else. */
export function serve(directory, port = 0) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = path.join(directory, path.posix.normalize(decodeURIComponent(pathname)));
    const name = file.endsWith(path.sep) ? path.join(file, 'index.html') : file;
    if (!statSync(name, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[path.extname(name)] ?? 'application/octet-stream' });
    createReadStream(name).pipe(response);
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await serve(path.resolve(process.argv[2] ?? 'dist'), Number(process.argv[3] ?? 4173));
  console.log(`http://127.0.0.1:${server.address().port}/`);
}
