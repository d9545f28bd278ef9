/* What a volume says of itself, and new files. */
#include "hook.h"

#ifndef FILE_SUPPORTS_BLOCK_REFCOUNTING
#define FILE_SUPPORTS_BLOCK_REFCOUNTING 0x08000000
#endif
#define SECTOR_BYTES 512

static void describe(LPDWORD flags, LPWSTR name, DWORD name_length) {
  BOOL refs = settings.volume == VOLUME_REFS;
  if (flags && refs) *flags |= FILE_SUPPORTS_BLOCK_REFCOUNTING;
  if (flags) *flags |= FILE_SUPPORTS_SPARSE_FILES;
  if (name && name_length >= 5) lstrcpyW(name, refs ? L"ReFS" : L"NTFS");
}

BOOL WINAPI hook_GetVolumeInformationW(LPCWSTR root, LPWSTR label, DWORD label_length, LPDWORD serial,
                                       LPDWORD longest, LPDWORD flags, LPWSTR name, DWORD name_length) {
  BOOL ok = wine_GetVolumeInformationW(root, label, label_length, serial, longest, flags, name, name_length);
  if (ok && settings.volume != VOLUME_OF_WINE) describe(flags, name, name_length);
  return ok;
}

BOOL WINAPI hook_GetVolumeInformationByHandleW(HANDLE file, LPWSTR label, DWORD label_length, LPDWORD serial,
                                               LPDWORD longest, LPDWORD flags, LPWSTR name, DWORD name_length) {
  BOOL ok =
      wine_GetVolumeInformationByHandleW(file, label, label_length, serial, longest, flags, name, name_length);
  if (ok && settings.volume != VOLUME_OF_WINE) describe(flags, name, name_length);
  return ok;
}

BOOL WINAPI hook_GetDiskFreeSpaceW(LPCWSTR root, LPDWORD sectors, LPDWORD sector_bytes, LPDWORD free, LPDWORD all) {
  BOOL ok = wine_GetDiskFreeSpaceW(root, sectors, sector_bytes, free, all);
  if (!ok || settings.volume == VOLUME_OF_WINE) return ok;
  if (sectors) *sectors = settings.cluster_bytes / SECTOR_BYTES;
  if (sector_bytes) *sector_bytes = SECTOR_BYTES;
  return TRUE;
}

HANDLE WINAPI hook_CreateFileW(LPCWSTR path, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security,
                               DWORD disposition, DWORD flags, HANDLE like) {
  HANDLE file = wine_CreateFileW(path, access, share, security, disposition, flags, like);
  DWORD error = GetLastError();
  if (file != INVALID_HANDLE_VALUE && (disposition == CREATE_NEW || disposition == CREATE_ALWAYS)) forget_file(file);
  SetLastError(error);
  return file;
}

BOOL WINAPI hook_GetFileInformationByHandleEx(HANDLE file, FILE_INFO_BY_HANDLE_CLASS what, LPVOID into, DWORD size) {
  if (!wine_GetFileInformationByHandleEx(file, what, into, size)) return FALSE;
  if (settings.volume == VOLUME_OF_WINE || (what != FileBasicInfo && what != FileAttributeTagInfo)) return TRUE;
  DWORD *attributes = what == FileBasicInfo ? &((FILE_BASIC_INFO *)into)->FileAttributes
                                            : &((FILE_ATTRIBUTE_TAG_INFO *)into)->FileAttributes;
  if (state_of(file).sparse) *attributes |= FILE_ATTRIBUTE_SPARSE_FILE;
  return TRUE;
}
