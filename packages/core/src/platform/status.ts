const IS_REGULAR = 0o100000;
const IS_DIRECTORY = 0o040000;
const IS_LINK = 0o120000;
const IS_FIFO = 0o010000;
const IS_SOCKET = 0o140000;
const TYPE_MASK = 0o170000;

const TWO_32 = 0x1_0000_0000;

/*
 * Offsets in `struct statx` of <linux/stat.h>, in 32-bit words. The layout is the same on every architecture; a test
 * compares it with the header. The lower half of 64 bits comes first: every processor with native calls is
 * little-endian.
 */

/**
 * Attribute bits of the file, and a mask of the bits that the filesystem supports. Only Linux fills them in. On macOS
 * the first word is not 0 if the file is locked: it can be neither renamed nor deleted.
 */
export const ATTRIBUTES = 2;
export const ATTRIBUTES_MASK = 14;
const IS_MOUNT_ROOT = 0x2000;
/** Number of hard links. The native calls of macOS and Windows do not fill it in. */
export const LINKS = 4;
export const UID = 5;
export const GID = 6;
export const MODE = 7;
export const INODE = 8;
export const SIZE = 10;
export const BLOCKS = 12;
export const ACCESSED = 16;
export const CHANGED = 24;
export const MODIFIED = 28;
/** The number of a device file. */
export const NODE_MAJOR = 32;
export const NODE_MINOR = 33;
export const DEVICE_MAJOR = 34;
export const DEVICE_MINOR = 35;
const WORDS = 64;
/** Offset of the nanoseconds in a `struct statx_timestamp`: after 64 bits of seconds. */
export const NANOSECONDS = 2;

/** Words that only Linux fills in. */
export const STATX_MASK_WORD = 0;
export const STATX_DIO_OFFSET_ALIGN_WORD = 39;

/** The number of 32-bit words of a signature: enough to tell one state of one file from every other. */
export const SIGNATURE_WORDS = 10;

/** The coarsest resolution of times, in seconds: that of FAT. */
export const COARSEST_SECONDS = 2;

/**
 * By how much the clock of a filesystem may be ahead of the clock of the process. Includes the two seconds of FAT.
 */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * The attributes of a file, in the layout of Linux's `struct statx`: there the kernel fills in the words, and only
 * fields that are used are decoded. Objects are reused from file to file: new objects and 64-bit integers for each
 * file would be most of what the engine allocates.
 */
export class FileStatus {
  readonly words: Uint32Array = new Uint32Array(WORDS);

  get mode(): number {
    return this.words[MODE]! & 0xffff;
  }

  set mode(mode: number) {
    this.words[MODE] = mode;
  }

  get uid(): number {
    return this.words[UID]!;
  }

  get gid(): number {
    return this.words[GID]!;
  }

  /** In bytes. */
  get size(): number {
    return this.words[SIZE]! + this.words[SIZE + 1]! * TWO_32;
  }

  set size(bytes: number) {
    this.words[SIZE] = bytes;
    this.words[SIZE + 1] = bytes / TWO_32;
  }

  /** Allocated blocks of 512 bytes. */
  get blocks(): number {
    return this.words[BLOCKS]! + this.words[BLOCKS + 1]! * TWO_32;
  }

  /** Whether this is the root of a mount. Undefined if the system does not report it (Linux before 5.8, others). */
  get isMountRoot(): boolean | undefined {
    if ((this.words[ATTRIBUTES_MASK]! & IS_MOUNT_ROOT) === 0) return undefined;
    return (this.words[ATTRIBUTES]! & IS_MOUNT_ROOT) !== 0;
  }

  /** The device the file is on, as one number. */
  get device(): number {
    return this.words[DEVICE_MAJOR]! * 0x10_0000 + this.words[DEVICE_MINOR]!;
  }

  /** Seconds since 1970; negative before. */
  get accessedSeconds(): number {
    return this.#seconds(ACCESSED);
  }

  get accessedNanoseconds(): number {
    return this.words[ACCESSED + NANOSECONDS]!;
  }

  get modifiedSeconds(): number {
    return this.#seconds(MODIFIED);
  }

  get modifiedNanoseconds(): number {
    return this.words[MODIFIED + NANOSECONDS]!;
  }

  get changedSeconds(): number {
    return this.#seconds(CHANGED);
  }

  get changedNanoseconds(): number {
    return this.words[CHANGED + NANOSECONDS]!;
  }

  get isRegular(): boolean {
    return (this.mode & TYPE_MASK) === IS_REGULAR;
  }

  get isDirectory(): boolean {
    return (this.mode & TYPE_MASK) === IS_DIRECTORY;
  }

  get isLink(): boolean {
    return (this.mode & TYPE_MASK) === IS_LINK;
  }

  /** Neither a file, a directory nor a link. */
  get isSpecial(): boolean {
    return !this.isRegular && !this.isDirectory && !this.isLink;
  }

  /** The kind of a special file, for a message. */
  get specialKind(): string {
    const type = this.mode & TYPE_MASK;
    return type === IS_FIFO ? 'a FIFO' : type === IS_SOCKET ? 'a socket' : 'a device';
  }

  get isFifo(): boolean {
    return (this.mode & TYPE_MASK) === IS_FIFO;
  }

  /** The type bits of the mode, as mknod(2) takes them. */
  get type(): number {
    return this.mode & TYPE_MASK;
  }

  /** The number of a device file, as the `dev_t` that mknod(2) takes. */
  get nodeNumber(): number {
    const [major, minor] = [this.words[NODE_MAJOR]!, this.words[NODE_MINOR]!];
    return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
  }

  /** Whether both are FIFOs, both are sockets, or both are the same device. */
  isSameSpecial(other: FileStatus): boolean {
    const { words } = this;
    if (!this.isSpecial || this.type !== other.type) return false;
    if (this.type === IS_FIFO || this.type === IS_SOCKET) return true;
    return words[NODE_MAJOR] === other.words[NODE_MAJOR] && words[NODE_MINOR] === other.words[NODE_MINOR];
  }

  hasOwnerOf(other: FileStatus): boolean {
    return this.words[UID] === other.words[UID] && this.words[GID] === other.words[GID];
  }

  isSameFile(other: FileStatus): boolean {
    const { words } = this;
    // Inode numbers use all 64 bits on some filesystems.
    return (
      words[INODE] === other.words[INODE] &&
      words[INODE + 1] === other.words[INODE + 1] &&
      words[DEVICE_MINOR] === other.words[DEVICE_MINOR] &&
      words[DEVICE_MAJOR] === other.words[DEVICE_MAJOR]
    );
  }

  /** Identifies the file: a string of its device and inode number. */
  get identity(): string {
    const { words } = this;
    return `${this.device} ${words[INODE]} ${words[INODE + 1]}`;
  }

  /**
   * Whether the file may have other names. True for every file if the platform does not count them, but not for one
   * without a number, as on some drives of Windows: nothing would tell it from other files.
   */
  get mayHaveLinks(): boolean {
    const { words } = this;
    return words[LINKS] !== 1 && (words[INODE] !== 0 || words[INODE + 1] !== 0);
  }

  /** How many names the file has; 0 if the platform does not count them. */
  get names(): number {
    return this.words[LINKS]!;
  }

  /** Whether the size and the modification time of a file are the same in another status of it. */
  isSameContent(other: FileStatus): boolean {
    const { words } = this;
    return (
      words[SIZE] === other.words[SIZE] &&
      words[SIZE + 1] === other.words[SIZE + 1] &&
      words[MODIFIED + NANOSECONDS] === other.words[MODIFIED + NANOSECONDS] &&
      words[MODIFIED] === other.words[MODIFIED]
    );
  }

  /** Whether the size, the modification time and the change time of a file are the same in another status of it. */
  isSameState(other: FileStatus): boolean {
    const { words } = this;
    return (
      this.isSameContent(other) &&
      words[CHANGED + NANOSECONDS] === other.words[CHANGED + NANOSECONDS] &&
      words[CHANGED] === other.words[CHANGED]
    );
  }

  /** Compares modification times to the microsecond, because node:fs cannot set them more precisely. */
  isModifiedAtAbout(other: FileStatus): boolean {
    const seconds = this.modifiedSeconds - other.modifiedSeconds;
    return Math.abs(seconds * 1e9 + this.modifiedNanoseconds - other.modifiedNanoseconds) < 1000;
  }

  /** Whether the size is equal, and the modification time as {@link isModifiedAtAbout} compares it. */
  hasSizeAndTimeOf(other: FileStatus): boolean {
    return this.size === other.size && this.isModifiedAtAbout(other);
  }

  /**
   * When the file was last changed, in milliseconds since 1970: the later of modification and change time. A
   * modification time in the future was set explicitly: then the change time counts, if the filesystem keeps one.
   */
  get touchedMs(): number {
    const modified = this.modifiedSeconds * 1000 + this.modifiedNanoseconds / 1e6;
    const changed = this.changedSeconds * 1000 + this.changedNanoseconds / 1e6;
    if (modified <= changed) return changed;
    return changed > 0 && modified > Date.now() + CLOCKS_DIFFER_MS ? changed : modified;
  }

  /** Writes the signature of this state: {@link SIGNATURE_WORDS} words from `offset` on. */
  sign(into: Uint32Array, offset: number): void {
    const { words } = this;
    into[offset] = (words[DEVICE_MAJOR]! << 20) ^ words[DEVICE_MINOR]!;
    into[offset + 1] = words[INODE]!;
    into[offset + 2] = words[INODE + 1]!;
    into[offset + 3] = words[SIZE]!;
    into[offset + 4] = words[SIZE + 1]!;
    into[offset + 5] = words[MODIFIED]!;
    into[offset + 6] = words[MODIFIED + NANOSECONDS]!;
    into[offset + 7] = words[CHANGED]!;
    into[offset + 8] = words[CHANGED + NANOSECONDS]!;
    into[offset + 9] = words[MODE]!;
  }

  /**
   * Whether {@link sign} would write the same words. If the change time has nanoseconds, the device number may
   * differ: a filesystem may get another number when it is mounted again.
   */
  isSigned(by: Uint32Array, offset: number): boolean {
    const { words } = this;
    return (
      (words[CHANGED + NANOSECONDS] !== 0 ||
        by[offset] === ((words[DEVICE_MAJOR]! << 20) ^ words[DEVICE_MINOR]!) >>> 0) &&
      by[offset + 1] === words[INODE] &&
      by[offset + 2] === words[INODE + 1] &&
      by[offset + 3] === words[SIZE] &&
      by[offset + 4] === words[SIZE + 1] &&
      by[offset + 5] === words[MODIFIED] &&
      by[offset + 6] === words[MODIFIED + NANOSECONDS] &&
      by[offset + 7] === words[CHANGED] &&
      by[offset + 8] === words[CHANGED + NANOSECONDS] &&
      by[offset + 9] === words[MODE]
    );
  }

  /** Like {@link isSigned}, for any change time: a file gets another one when one of its names is deleted. */
  isSignedAtAnyTime(by: Uint32Array, offset: number): boolean {
    const signed = by.slice(offset, offset + SIGNATURE_WORDS);
    signed[7] = this.words[CHANGED]!;
    signed[8] = this.words[CHANGED + NANOSECONDS]!;
    return this.isSigned(signed, 0);
  }

  /** Sets access and modification time to the change time. For a new file that is the time of its creation. */
  takeChangeTime(): void {
    this.words.copyWithin(ACCESSED, CHANGED, CHANGED + NANOSECONDS + 1);
    this.words.copyWithin(MODIFIED, CHANGED, CHANGED + NANOSECONDS + 1);
  }

  /** Access and modification time as the two `struct timespec` of 64-bit fields that futimens() takes. */
  writeTimes(into: Uint32Array): Uint32Array {
    const { words } = this;
    into[0] = words[ACCESSED]!;
    into[1] = words[ACCESSED + 1]!;
    into[2] = words[ACCESSED + NANOSECONDS]!;
    into[3] = 0;
    into[4] = words[MODIFIED]!;
    into[5] = words[MODIFIED + 1]!;
    into[6] = words[MODIFIED + NANOSECONDS]!;
    into[7] = 0;
    return into;
  }

  /** Fills in what node:fs reports. */
  fill(stats: import('node:fs').BigIntStats): void {
    const { words } = this;
    this.mode = Number(stats.mode);
    words[UID] = Number(stats.uid);
    words[GID] = Number(stats.gid);
    words[LINKS] = Number(stats.nlink);
    this.#setLong(INODE, stats.ino);
    this.#setLong(SIZE, stats.size);
    this.#setLong(BLOCKS, stats.blocks);
    this.#setTime(ACCESSED, stats.atimeNs);
    this.#setTime(MODIFIED, stats.mtimeNs);
    this.#setTime(CHANGED, stats.ctimeNs);
    // Splits the number as glibc does, so that the native calls and node:fs give a device the same number. On other
    // systems any split will do.
    this.#setDevice(DEVICE_MAJOR, stats.dev);
    if (this.isSpecial) this.#setDevice(NODE_MAJOR, stats.rdev);
  }

  #setDevice(at: number, device: bigint): void {
    this.words[at] = Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n));
    this.words[at + 1] = Number((device & 0xffn) | ((device >> 12n) & 0xffff_ff00n));
  }

  /** Fills in mode, device and inode number. The inode number comes as two halves of 32 bits. */
  fillIdentity(mode: number, device: number, inodeLow: number, inodeHigh: number): void {
    const { words } = this;
    this.mode = mode;
    words[INODE] = inodeLow;
    words[INODE + 1] = inodeHigh;
    words[DEVICE_MAJOR] = 0;
    words[DEVICE_MINOR] = device;
  }

  /** Fills in the length in bytes and the allocated blocks of 512 bytes. */
  fillSize(bytes: number, blocks: number): void {
    this.size = bytes;
    this.words[BLOCKS] = blocks;
    this.words[BLOCKS + 1] = blocks / TWO_32;
  }

  /** Fills in one of the times: seconds since 1970 (negative before), and the nanoseconds after that second. */
  fillTime(which: 'accessed' | 'modified' | 'changed', seconds: number, nanoseconds: number): void {
    const at = which === 'accessed' ? ACCESSED : which === 'modified' ? MODIFIED : CHANGED;
    this.words[at] = seconds;
    this.words[at + 1] = Math.floor(seconds / TWO_32);
    this.words[at + NANOSECONDS] = nanoseconds;
  }

  #seconds(at: number): number {
    return this.words[at]! + (this.words[at + 1]! | 0) * TWO_32;
  }

  #setLong(at: number, value: bigint): void {
    this.words[at] = Number(BigInt.asUintN(32, value));
    this.words[at + 1] = Number(BigInt.asUintN(32, value >> 32n));
  }

  #setTime(at: number, nanoseconds: bigint): void {
    const fraction = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    this.#setLong(at, (nanoseconds - fraction) / 1_000_000_000n);
    this.words[at + NANOSECONDS] = Number(fraction);
  }
}
