// Reports at the end of a process which modules were imported.
import { writeSync } from 'node:fs';
import { register } from 'node:module';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

const { port1, port2 } = new MessageChannel();
const loader = `
  let port;
  export const initialize = (given) => { port = given; };
  export async function load(url, context, next) { port.postMessage(url); return next(url, context); }
`;
register(`data:text/javascript,${encodeURIComponent(loader)}`, { data: port2, transferList: [port2] });
process.on('exit', () => {
  for (let sent = receiveMessageOnPort(port1); sent; sent = receiveMessageOnPort(port1))
    writeSync(1, `${sent.message}\n`);
});
