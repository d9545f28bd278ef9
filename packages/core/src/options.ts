import type { CopyEntry, PlannedFile } from './model/entry.ts';
import type { JobSettings, PlanSettings } from './model/job.ts';
import type { Attribute, Method } from './model/settings.ts';

/** Options of {@link copyFile}, and of every file that {@link copy} copies. */
export interface CopyFileOptions {
  /**
   * Whether to clone, as in cp(1): `auto` clones where the filesystem can, and copies elsewhere; `always` fails where
   * it cannot clone; `never` copies every block.
   *
   * @default 'auto'
   */
  reflink?: 'auto' | 'always' | 'never';
  /**
   * What happens if there is a file or a link at the destination: `true` replaces it; `false` leaves it as it is;
   * `'error'` fails with `EEXIST`; `'changed'` replaces it if its size or modification time is not that of the
   * source; `'older'` replaces it if it was modified before the source, as `cp -u` does.
   *
   * `'changed'` is rsync's quick check: it does not see a file that changed and kept size and modification time. A
   * manifest sees it. Some destinations keep times only in seconds, in even seconds or in hundredths of a second
   * (HFS+, sshfs, FAT, exFAT). There the time of the source is rounded in the same way before the two are compared.
   *
   * A directory at the destination fails with `EISDIR`, and a device, a FIFO or a socket with `ERR_NOT_REGULAR`,
   * whatever the value, unless the source is the same one (`preserve` with `devices`).
   *
   * A later copy with the same value repairs what a killed process left: see {@link CopyFileOptions.atomic}.
   *
   * @default true
   */
  overwrite?: boolean | 'error' | 'changed' | 'older';
  /**
   * Writes every file under a temporary name and renames it when it is complete. So nobody ever finds an incomplete
   * file under its own name, even if the process is killed.
   *
   * Without `atomic`, a file that exists is still replaced this way. A new file is written under its own name, and
   * gets the modification time of its source last: so an incomplete file never has that time, and a later copy with
   * `overwrite: true` or `'changed'` replaces it. With `overwrite: false`, `'error'` or `'older'` a later copy would
   * not replace it: there a new file is always written under a temporary name.
   *
   * @default false
   */
  atomic?: boolean;
  /**
   * Attributes that a copy gets from its source:
   *
   * - `mode`: permission bits, exactly
   * - `special`: setuid, setgid and sticky too
   * - `timestamps`: modification time to the nanosecond, and access time
   * - `ownership`: user and group
   * - `links`: files that are hard links of each other in the source are hard links of each other in the destination.
   *   The calling thread copies these files; on other systems than Linux it then copies all files
   * - `devices`: FIFOs, devices and sockets are created, with the mode, times and owner that are kept. What this user
   *   may not create is left out, with a warning each (`report.leftOut`), as `cp -a` does. Without `devices` they are
   *   refused with `ERR_NOT_REGULAR`
   * - `xattr`: extended attributes
   * - `acl`: access control lists
   *
   * On macOS a clone always has the extended attributes of its source, `com.apple.quarantine` among them. On Windows
   * `mode` is whether a file is read-only, `timestamps` are exact to 100 ns, and `devices` has no effect. On Windows,
   * and where koffi is not loaded, `xattr` and `acl` are refused with `ENOTSUP`.
   *
   * If the destination cannot hold an attribute, or this user may not set it, it is left out. One warning for each
   * attribute says for how many files and directories.
   *
   * If you set `preserve`, directories get the same attributes as files, as with `cp --preserve` and `rsync -a`: also
   * directories that existed before, and the target's `to`, if a whole directory is copied. They get them last; until
   * then nobody has more rights than the source gives. A directory of another user that cannot be changed is a
   * warning. On Windows directories get only `timestamps`.
   *
   * @default `['mode', 'timestamps']` for files; a new directory gets the permission bits of its source minus the
   * umask, as with `cp -r`, and its owner may always write to it
   */
  preserve?: readonly Attribute[];
  /**
   * `follow` copies what a symbolic link points to, `keep` copies the link itself. With `follow`, a broken link is an
   * error, and so is a link that leads back to a directory above it.
   *
   * A link at the destination is replaced, never followed. If it leads to a device, a FIFO or a socket (as
   * `/dev/stdout`), only a link replaces it: a file is refused with `ERR_NOT_REGULAR`. With `keep`, a link that leads
   * to its own destination is refused with `ERR_SAME_FILE`, because it would replace what it points to.
   *
   * @default 'follow'
   */
  symlinks?: 'follow' | 'keep';
  /**
   * `bypass` copies past the page cache (`O_DIRECT`, `F_NOCACHE`, `COPY_FILE_NO_BUFFERING`) where a file cannot be
   * cloned, so that large copies do not push other data out of memory. It is slower if the data is read again soon.
   *
   * @default 'use'
   */
  pageCache?: 'use' | 'bypass';
  /**
   * What is on the disk when the call returns. `none`: the system writes when it likes. `file`: the data of each
   * file. `full`: also its directory entry (not on Windows, which cannot do that). macOS uses `F_FULLFSYNC`, which
   * also empties the cache of the drive.
   *
   * @default 'none'
   */
  durability?: 'none' | 'file' | 'full';
  /**
   * Ends the copy: files that are being written are deleted, complete files stay. It rejects with code `ABORT_ERR`.
   */
  signal?: AbortSignal;
}

/** What {@link CopyOptions.onProgress} is called with. */
export interface Progress {
  /** Absolute path of the source of this file. */
  source: string;
  /** Absolute path of its destination. */
  destination: string;
  /** Bytes of this file that are copied. */
  fileBytes: number;
  /** Size of this file in bytes. */
  fileSize: number;
  /** True once, when the file is complete. */
  done: boolean;
  /** How the file was copied; absent until it is complete, and for a file that was left as it was. */
  method?: Method;
  /** Files that are complete so far, including those that were left as they were. */
  files: number;
  /** Bytes copied so far. */
  bytes: number;
}

/** Options of {@link copy}. */
export interface CopyOptions extends CopyFileOptions {
  /**
   * The directory that relative paths are relative to: a path, or a `file:` URL.
   *
   * @default process.cwd()
   */
  cwd?: string | URL;
  /**
   * The most worker threads, 1 to 8. They start only where they save time: for thousands of files, and for files that
   * would block the calling thread.
   *
   * @default os.availableParallelism(), 8 at most
   */
  concurrency?: number;
  /**
   * Called for each file, and for large files after each part. It does not change how a file is copied, so it is
   * called once for a cloned file, when it is complete. It may not be asynchronous.
   */
  onProgress?: (progress: Progress) => void;
  /**
   * Called once, when all files are known and everything stale is deleted. From then on the copy only creates and
   * replaces files of its targets, which the argument can look up. It may not be asynchronous.
   */
  onPlanned?: (planned: Planned) => void;
  /**
   * A file, outside the destination, in which the engine records what it copied. The next copy leaves a file as it is
   * if neither its source nor its destination changed since it was recorded. It replaces a recorded file that nobody
   * changed, whatever `overwrite` says.
   *
   * The copy fails with `ERR_MANIFEST` if the file exists and is no manifest, because it would be lost, or if it is
   * the destination of a file. If its name ends with `.manifest`, it counts as a damaged manifest: the copy warns, copies
   * everything, and replaces it. A manifest that is in the destination is not deleted by `prune`.
   *
   * The manifest is written when the copy ends, also by an error or by `signal`, in one step, and under a lock (a
   * file beside it). What other copies recorded meanwhile stays in it. If the process is killed, the manifest stays
   * as it was, and does not have what that process copied. If it cannot be written, that is a warning, and the next
   * copy copies everything again.
   */
  manifest?: string | URL;
  /**
   * Deletes what is stale. `'placed'` (or `true`): what an earlier copy with the same `manifest` copied, no target
   * copies now, and nobody changed since. `'everything'`: all files in the destination that no target copies. A file
   * that a target copies stays until it is replaced, as {@link CopyFileOptions.overwrite} says.
   *
   * A copy is earlier if it had recorded its files when this call began, or for the first copy of a process, when the
   * process was started. Use one manifest for each set of targets: with the manifest of another set, `'placed'`
   * deletes what that set copied. Recorded files outside of {@link CopyOptions.cwd} stay until a target goes there
   * again. If a symbolic link is deleted, what it leads to stays. A stale directory that is a mount point is not
   * deleted: the copy fails with `EBUSY`, unless {@link CopyOptions.keep} names the directory.
   *
   * @default false
   */
  prune?: boolean | 'placed' | 'everything';
  /**
   * Paths that `prune` does not delete, with everything in them. Relative to each of {@link CopyOptions.pruneRoots}.
   *
   * @default []
   */
  keep?: readonly string[];
  /**
   * When the caller emptied the destination, except for recorded files, in milliseconds since 1970 by the clock of
   * its filesystem. Then `prune: 'placed'` also deletes files that were changed before, as emptying would have done.
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
   * Destinations that the copy must not write to: a file that would go there is not copied, as if no target named it.
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
   * A path that does not exist, or a glob that matches nothing, is a warning instead of an error.
   *
   * @default false
   */
  allowMissing?: boolean;
  /**
   * macOS: clones a directory with everything in it by one call, instead of one call for each file. Apple says about
   * it, in clonefile(2): "Cloning directories with these functions is strongly discouraged. Use copyfile(3) to clone
   * directories instead." It cannot be aborted, and other programs may have to wait for the disk.
   *
   * It is done only where the result is the same: for a copy of one target that is a directory, without `ignore`,
   * `filter`, `directoryFilter`, `rename`, `flatten`, `manifest` and `durability`, that preserves mode and timestamps
   * (and perhaps `xattr`), to a destination that does not exist, on the same APFS volume, with `symlinks: 'keep'` or
   * without links in the directory. Otherwise, and on other systems, it has no effect. Directories also get the mode
   * and the times of their sources. The report counts what is at the destination afterwards.
   *
   * @default false
   */
  cloneDirectories?: boolean;
  /**
   * What happens if a file cannot be copied. `'stop'`: the copy ends with the error. `'collect'`: the copy goes on
   * with the other files, and the report has all errors. If something in the source cannot be read, it is left out,
   * and `prune` deletes nothing. What `prune` cannot delete stays, and the next copy tries again. These errors
   * always end the copy: a full disk or quota (`ENOSPC`, `EDQUOT`), a read-only filesystem (`EROFS`), a function of
   * yours that throws (not a `transform`: its error is one of its file), a worker thread that ends, and `signal`.
   *
   * @default 'stop'
   */
  onError?: 'stop' | 'collect';
  /**
   * Adds one entry for each path to the report; with `'pruned'` only for those that were deleted.
   *
   * @default false
   */
  entries?: boolean | 'pruned';
  /**
   * Adds to the report which files of several targets have one destination. The last target's file is kept, or the
   * first's if `overwrite` is false. Without it, there is a warning if two such names differ only in case or in the
   * spelling of accents, and the filesystem ignores that.
   *
   * @default false
   */
  overlaps?: boolean;
}

/** All files of a copy; see {@link CopyOptions.onPlanned}. */
export interface Planned {
  /** Files and links that are not known to be unchanged. */
  files: number;

  /**
   * Which of these absolute paths are destinations.
   *
   * @param ignoreCase letters that differ in case alone are the same
   */
  find(paths: Iterable<string>, ignoreCase?: boolean): PlannedFile[];

  /**
   * Which files go into directories that have these absolute paths, or lie in such a directory: one file of each
   * directory.
   *
   * @param ignoreCase letters that differ in case alone are the same
   */
  findInside(paths: Iterable<string>, ignoreCase?: boolean): PlannedFile[];

  /**
   * Which of these absolute paths are directories that the copy creates, or copies files into. Parents are not among
   * them if they contain only directories.
   *
   * @param ignoreCase letters that differ in case alone are the same
   */
  findDirectories(paths: Iterable<string>, ignoreCase?: boolean): string[];

  /**
   * What happened so far to the files that go to these absolute paths; it is complete when the copy has ended.
   */
  entries(paths: Iterable<string>): CopyEntry[];
}

/** The checked options of a copy, with all defaults filled in. */
export interface ResolvedCopyOptions {
  /** What every thread of a copy needs to know; `plan` is what the planning thread needs in addition. */
  job: JobSettings;
  plan: PlanSettings;
  concurrency: number;
  onProgress: ((progress: Progress) => void) | undefined;
  onPlanned: ((planned: Planned) => void) | undefined;
  signal: AbortSignal | undefined;
}
