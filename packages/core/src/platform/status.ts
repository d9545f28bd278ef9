const IS_REGULAR = 0o100000;
const IS_DIRECTORY = 0o040000;
const IS_LINK = 0o120000;
const TYPE_MASK = 0o170000;

/** 32-bit words of a {@link FileStatus} that together tell one state of one file from every other. */
export const SIGNATURE_WORDS = 10;

/**
 * The attributes of a file the engine works with. Reused from file to file, because one object per file and
 * 64-bit integers on the heap would be most of what the engine allocates. Inode numbers use all 64 bits on
 * some filesystems, so they are kept in halves.
 */
export class FileStatus {
  mode = 0;
  uid = 0;
  gid = 0;
  /** In bytes. */
  size = 0;
  /** Allocated blocks of 512 bytes. */
  blocks = 0;
  deviceMajor = 0;
  deviceMinor = 0;
  inodeLow = 0;
  inodeHigh = 0;
  accessSeconds = 0;
  accessNanoseconds = 0;
  modifiedSeconds = 0;
  modifiedNanoseconds = 0;
  changedSeconds = 0;
  changedNanoseconds = 0;

  get isRegular(): boolean {
    return (this.mode & TYPE_MASK) === IS_REGULAR;
  }

  get isDirectory(): boolean {
    return (this.mode & TYPE_MASK) === IS_DIRECTORY;
  }

  get isLink(): boolean {
    return (this.mode & TYPE_MASK) === IS_LINK;
  }

  isSameFile(other: FileStatus): boolean {
    return (
      this.inodeLow === other.inodeLow &&
      this.inodeHigh === other.inodeHigh &&
      this.deviceMinor === other.deviceMinor &&
      this.deviceMajor === other.deviceMajor
    );
  }

  /** Whether content or attributes changed between two looks at one file. */
  isSameState(other: FileStatus): boolean {
    return (
      this.size === other.size &&
      this.hasSameModification(other) &&
      this.changedNanoseconds === other.changedNanoseconds &&
      this.changedSeconds === other.changedSeconds
    );
  }

  hasSameModification(other: FileStatus): boolean {
    return (
      this.modifiedNanoseconds === other.modifiedNanoseconds && this.modifiedSeconds === other.modifiedSeconds
    );
  }

  /** The same to the microsecond, which is all that node:fs can set. */
  isModifiedAtAbout(other: FileStatus): boolean {
    const seconds = this.modifiedSeconds - other.modifiedSeconds;
    return Math.abs(seconds * 1e9 + this.modifiedNanoseconds - other.modifiedNanoseconds) < 1000;
  }

  /** When the file was last touched, in milliseconds since 1970. */
  get touchedMs(): number {
    const modified = this.modifiedSeconds * 1000 + this.modifiedNanoseconds / 1e6;
    const changed = this.changedSeconds * 1000 + this.changedNanoseconds / 1e6;
    return Math.max(modified, changed);
  }

  assign(other: FileStatus): void {
    Object.assign(this, other);
  }

  /** Writes {@link SIGNATURE_WORDS} words from `offset` on. */
  sign(words: Uint32Array, offset: number): void {
    words[offset] = (this.deviceMajor << 20) ^ this.deviceMinor;
    words[offset + 1] = this.inodeLow;
    words[offset + 2] = this.inodeHigh;
    words[offset + 3] = this.size;
    words[offset + 4] = this.size / 0x1_0000_0000;
    words[offset + 5] = this.modifiedSeconds;
    words[offset + 6] = this.modifiedNanoseconds;
    words[offset + 7] = this.changedSeconds;
    words[offset + 8] = this.changedNanoseconds;
    words[offset + 9] = this.mode;
  }
}
