import { type PreparedCopies, prepareCopies } from 'fs-reflink/host';

/** Worker threads that stand ready for every copy of this process until they are disposed of. */
export async function bootWorkers(workers = 2): Promise<PreparedCopies> {
  const copies = prepareCopies({ workers });
  await copies.ready;
  return copies;
}
