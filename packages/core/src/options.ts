import type { CopyEntry } from './model/entry.ts';
import type { PlanSettings } from './model/job.ts';
import type { PlannedFile } from './model/planned-file.ts';
import type { Attribute, Method, TransferSettings } from './model/settings.ts';

/** Options of {@link copyFile}, and of every file that {@link copy} copies. */
export interface CopyFileOptions {
  /**
   * Whether to clone, as in cp(1): `auto` clones where the filesystem can and copies elsewhere, `always`
   * fails where it cannot clone, `never` makes a full copy of every block.
   *
   * @default 'auto'
   */
  reflink?: 'auto' | 'always' | 'never';
  /**
   * What happens to a file or link at the destination: `true` replaces it, `false` leaves it as it is, `'error'`
   * fails with `EEXIST`, `'changed'` replaces it when size or modification time differ from the source's, `'older'` when it
   * was modified before the source, as `cp -u` does.
   * `'changed'` is rsync's quick check: a file that changed and kept both is not seen. A manifest sees it. Where the
   * destination keeps times in whole or even seconds or in hundredths (HFS+, sshfs, FAT, exFAT), as its modification
   * and change time both show, its modification time is compared with the source's cut off alike (in Windows on FAT also
   * rounded up): there a source that changed again within that time and kept its size is not seen either.
   * A directory there is refused with `EISDIR`, a device, a FIFO or a socket with `ERR_NOT_REGULAR`, whatever this
   * says, unless the source is the same one (`preserve` with `devices`).
   *
   * Whatever the value, a later copy with the same one repairs what a process that was killed has left: see
   * {@link CopyFileOptions.atomic}.
   *
   * @default true
   */
  overwrite?: boolean | 'error' | 'changed' | 'older';
  /**
   * Write every file under a temporary name and rename it into place, so that its final name never holds
   * part of it, even if the process is killed. A destination that exists is always replaced this way. So is a new
   * one made where `overwrite` is `false`, `'error'` or `'older'`, because nothing could tell a torn file from a user's:
   * what has the final name is complete, or somebody else's. Without `atomic`, and where `overwrite` is `true` or
   * `'changed'`, a new one is created in place. It gets its source's modification time last, so that a torn one never
   * has it: a later copy with `true` or `'changed'` replaces it, and one with another value cannot know it.
   *
   * @default false
   */
  atomic?: boolean;
  /**
   * Attributes carried over:
   *
   * - `mode`: permission bits, exactly
   * - `special`: setuid, setgid and sticky too
   * - `timestamps`: modification time to the nanosecond, and access time
   * - `ownership`: user and group
   * - `links`: files that have several names in the source have as many in the destination, as hard links; on Linux only
   *   such files stay on the calling thread, elsewhere all files
   * - `devices`: FIFOs, devices and sockets of the source are made, with the mode, times and owner that are carried over.
   *   What this user may not make is left out with a warning each (`report.leftOut`), as `cp -a` does. Without `devices`
   *   they are refused with `ERR_NOT_REGULAR`
   * - `xattr`: extended attributes
   * - `acl`: access control lists
   *
   * On macOS a clone has the source's extended attributes, `com.apple.quarantine` among them, whether asked for or not.
   * On Windows `mode` is whether a file is read-only, `timestamps` goes to 100 ns, `devices` means nothing, and `xattr`
   * and `acl` are refused with `ENOTSUP`.
   *
   * What the destination cannot hold, or this user may not set, is left out, with one warning for each attribute that
   * says how many files and directories it was lost for.
   *
   * When `preserve` is given, directories get the same attributes as files, as with `cp --preserve` and `rsync -a`:
   * also the target's `to`, where a whole directory is copied, and directories that were there before. They are set
   * last; until then nobody has more rights than the source gives. What belongs to somebody else and cannot be
   * changed is a warning. On Windows directories get `timestamps` alone.
   *
   * @default `['mode', 'timestamps']` for files; a new directory gets the permission bits of its source under the
   * umask, as with `cp -r`, and its owner may always write to it
   */
  preserve?: readonly Attribute[];
  /**
   * `follow` copies what a symbolic link points to, `keep` copies the link itself. A broken link or a cycle
   * is an error when followed. A link at the destination is replaced, never followed. One that leads to
   * a device, a FIFO or a socket (as `/dev/stdout`) is replaced by links only: a file is refused with
   * `ERR_NOT_REGULAR`. A link that is kept and leads to its destination is refused with `ERR_SAME_FILE`: it would
   * replace what it points to.
   *
   * @default 'follow'
   */
  symlinks?: 'follow' | 'keep';
  /**
   * `bypass` copies past the page cache (`O_DIRECT`, `F_NOCACHE`, `COPY_FILE_NO_BUFFERING`) where a file cannot be
   * cloned, so that large copies do not push other data out of memory. Slower for data that is read again soon.
   *
   * @default 'use'
   */
  pageCache?: 'use' | 'bypass';
  /**
   * What has reached the disk when the call returns: `none` leaves it to the system, `file` each file's
   * data, `full` also its directory entry (not on Windows, which cannot). On macOS by `F_FULLFSYNC`, which
   * empties the drive's cache too.
   *
   * @default 'none'
   */
  durability?: 'none' | 'file' | 'full';
  /** Ends the copy: files being written are removed, complete ones stay. Rejects with code `ABORT_ERR`. */
  signal?: AbortSignal;
}

/** What {@link CopyOptions.onProgress} is called with. */
export interface Progress {
  /** Absolute path of the source of the file at hand. */
  source: string;
  /** Absolute path of its destination. */
  destination: string;
  /** Bytes of this file that are in place. */
  fileBytes: number;
  /** Size of this file in bytes. */
  fileSize: number;
  /** True once, when the file is complete. */
  done: boolean;
  /** How the file was copied; absent while it is underway, and for a file left as it was. */
  method?: Method;
  /** Files completed so far, those left as they were included. */
  files: number;
  /** Bytes copied so far. */
  bytes: number;
}

/** Options of {@link copy}. */
export interface CopyOptions extends CopyFileOptions {
  /**
   * The directory that relative paths of targets belong to: a path, or a `file:` URL.
   *
   * @default process.cwd()
   */
  cwd?: string | URL;
  /**
   * The most worker threads, 1 to 8. They are started only where they pay: for thousands of files, and for files that
   * would hold the calling thread.
   *
   * @default os.availableParallelism(), 8 at most
   */
  concurrency?: number;
  /**
   * Called for each file, and for large files for each part. Asking for progress does not change how a file
   * is copied, so a cloned file is reported once, when it is complete.
   */
  onProgress?: (progress: Progress) => void;
  /**
   * Called once, when all files are known and everything stale is deleted: from then on the copy only adds
   * and replaces what its targets name, which can be looked up.
   */
  onPlanned?: (planned: Planned) => void;
  /**
   * A file in which the engine keeps what it copied, outside the destination. With it a file is left as it
   * is when neither its source nor its destination changed since it was copied, and what was copied and is as it
   * was copied may be replaced, whatever `overwrite` says. It is written when the copy ends, also by an error or by
   * `signal`, in one step, and under a lock that is a file beside it: what other copies have added since this one
   * began stays. A process that is killed leaves the manifest as it was; what it had copied is then not known as ours.
   * One that cannot be written is a warning: the next copy then copies everything again.
   */
  manifest?: string | URL;
  /**
   * Deletes what is stale: `'placed'` (or `true`) what an earlier run copied by the same `manifest`, no
   * target copies now and nobody has changed since; `'everything'` all that no target copies, and what one
   * does copy but the manifest does not know, which is then created anew. A run is earlier if it had recorded its files
   * when this one was called, or for the first copy of a process when the process was started. Copies with other
   * targets need a manifest of their own: what they recorded is stale for the next one. What the manifest names outside of
   * {@link CopyOptions.cwd} stays until a target leads there again. A symbolic link is deleted, and nothing behind it.
   *
   * @default false
   */
  prune?: boolean | 'placed' | 'everything';
  /**
   * Paths that `prune` leaves alone, with all that is in them. Relative to each of {@link CopyOptions.pruneRoots}.
   *
   * @default []
   */
  keep?: readonly string[];
  /**
   * When the caller emptied the destination but for what the manifest names, in milliseconds since 1970 by the clock
   * of its filesystem. `prune: 'placed'` then also deletes what somebody had changed before, as emptying would have.
   *
   * @default undefined: nothing that was changed is deleted
   */
  emptiedAt?: number;
  /**
   * The directories `prune: 'everything'` and `keep` work on. Relative to {@link CopyOptions.cwd}.
   *
   * @default each target's `to` that is a directory
   */
  pruneRoots?: readonly string[];
  /**
   * Destinations that are somebody else's: a file that would go there is not copied, as if no target named it.
   * Relative to {@link CopyOptions.cwd}.
   *
   * @default []
   */
  leave?: readonly string[];
  /**
   * The directories that an absolute {@link Target.to} has to lie in, unless the target has `allowOutside: true`;
   * otherwise the copy fails with `ERR_OUTSIDE_DESTINATION`. Relative to {@link CopyOptions.cwd}.
   *
   * @default any absolute path is allowed
   */
  allowedRoots?: readonly string[];
  /**
   * A target that matches nothing is a warning instead of an error.
   *
   * @default false
   */
  allowMissing?: boolean;
  /**
   * macOS: clone a directory with everything in it by one call, instead of one for each file. Apple says of
   * it, in clonefile(2): "Cloning directories with these functions is strongly discouraged. Use
   * copyfile(3) to clone directories instead." It cannot be ended before it is done, and other programs may
   * wait for the disk meanwhile.
   *
   * Done only where it comes to the same: for a copy of one target that is a directory, without `ignore`,
   * `filter`, `directoryFilter`, `rename`, `flatten`, `manifest` and `durability`, that preserves mode and timestamps (and
   * `xattr` if you like), to a place where nothing is, on the same APFS volume, with `symlinks: 'keep'` or no
   * link in the directory. Otherwise, and on other systems, it has no effect. Directories then have the
   * source's mode and times too. The report counts what stands at the destination afterwards.
   *
   * @default false
   */
  cloneDirectories?: boolean;
  /**
   * What happens when a file cannot be copied: `'stop'` ends the copy with the error; `'collect'` goes on with the others,
   * and the report has all errors. Then also what cannot be read in the source is left out, and nothing is deleted if
   * there is such a thing. Some errors end the copy either way: a full disk or quota (`ENOSPC`, `EDQUOT`), a read-only
   * filesystem (`EROFS`), a function of yours that throws, a worker thread that ends, `signal`.
   *
   * @default 'stop'
   */
  onError?: 'stop' | 'collect';
  /**
   * Put one entry per path into the report.
   *
   * @default false
   */
  entries?: boolean;
  /**
   * Put into the report which files go to one place, of which the last target's stays, or the first's where
   * `overwrite` is false. Otherwise targets whose names are one file only because the filesystem ignores the case of
   * letters or the way accents are written are a warning.
   *
   * @default false
   */
  overlaps?: boolean;
}

/** All files of a copy; see {@link CopyOptions.onPlanned}. */
export interface Planned {
  /** Files and links that are not known to be in place. */
  files: number;

  /**
   * Which of these absolute paths are destinations.
   *
   * @param ignoreCase letters that differ in case alone are the same
   */
  find(paths: Iterable<string>, ignoreCase?: boolean): PlannedFile[];

  /**
   * Which files go into directories that have these absolute paths, or lie in such a directory: one file of each directory.
   *
   * @param ignoreCase letters that differ in case alone are the same
   */
  findInside(paths: Iterable<string>, ignoreCase?: boolean): PlannedFile[];

  /**
   * What has become of the files that go to these absolute paths, as far as the copy has come; all of it once the
   * call has returned.
   */
  entries(paths: Iterable<string>): CopyEntry[];
}

export interface ResolvedCopyOptions extends Omit<PlanSettings, 'began'> {
  transfer: TransferSettings;
  concurrency: number;
  entries: boolean;
  collectsErrors: boolean;
  onProgress: ((progress: Progress) => void) | undefined;
  onPlanned: ((planned: Planned) => void) | undefined;
  signal: AbortSignal | undefined;
}
