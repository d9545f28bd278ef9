// Copies for the process that forked this one, with the environment that was given.
import { copyFile } from 'fs-reflink';

process.umask(0o077);

process.on('message', async ({ id, source, destination, options }) => {
  try {
    const copied = await copyFile(source, destination, options);
    process.send({ id, copied });
  } catch (error) {
    process.send({ id, copied: { code: error.code ?? String(error) } });
  }
});
