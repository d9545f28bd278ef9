import { type PreparedCopies, prepareCopies } from 'fs-reflink/host';

/** Starts worker threads that serve every copy of this process until they are disposed. */
export async function bootWorkers(workers = 2): Promise<PreparedCopies> {
  const copies = prepareCopies({ workers });
  await copies.ready;
  return copies;
}
