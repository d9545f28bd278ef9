/* What Wine 8 lacks of bcryptprimitives.dll: the random numbers that rolldown and esbuild ask it for. */
#include <windows.h>
#include <ntsecapi.h>

/* Both instead of the C library's, which is not linked. */
ULONG _tls_index;

BOOL WINAPI _DllMainCRTStartup(HINSTANCE instance, DWORD reason, LPVOID reserved) {
  (void)instance, (void)reason, (void)reserved;
  return TRUE;
}

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {
  while (count > 0) {
    ULONG part = count > 0x10000000 ? 0x10000000 : (ULONG)count;
    if (!RtlGenRandom(bytes, part)) return FALSE;
    bytes += part;
    count -= part;
  }
  return TRUE;
}
