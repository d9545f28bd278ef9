import os from 'node:os';

// Error numbers differ between systems (ENOTSUP is 95 on Linux and 45 on macOS): the running one's are used.
const { errno } = os.constants;
export const { EACCES, EEXIST, EILSEQ, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, ENOTEMPTY, ENOTSUP, ENXIO } =
  errno;
export const { EPERM } = errno;
