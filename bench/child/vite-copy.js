// What Vite itself does with a public directory: the functions copyDir and emptyDir of its build, call for call.
import fs from 'node:fs';
import path from 'node:path';

export function copyDir(srcDir, destDir) {
  fs.mkdirSync(destDir, { recursive: true });
  for (const file of fs.readdirSync(srcDir)) {
    const srcFile = path.resolve(srcDir, file);
    if (srcFile === destDir) continue;
    const destFile = path.resolve(destDir, file);
    if (fs.statSync(srcFile).isDirectory()) copyDir(srcFile, destFile);
    else fs.copyFileSync(srcFile, destFile);
  }
}

export function emptyDir(dir) {
  for (const file of fs.readdirSync(dir)) {
    fs.rmSync(path.resolve(dir, file), { recursive: true, force: true });
  }
}
