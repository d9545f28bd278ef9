import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, BrowserWindow } from 'electron';

const { greeting } = JSON.parse(readFileSync(join(import.meta.dirname, 'data/greeting.json'), 'utf8'));

await app.whenReady();
const window = new BrowserWindow({ title: greeting });
await window.loadFile(join(import.meta.dirname, '../renderer/index.html'));
