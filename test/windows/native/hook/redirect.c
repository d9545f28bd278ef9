/* Puts the hook's functions into kernel32.dll's export table, where GetProcAddress finds them. */
#include "hook.h"

#define DEFINE(result, name, parameters) result(WINAPI *wine_##name) parameters;
REDIRECTED(DEFINE)
#undef DEFINE

#define AT(base, offset) ((void *)((char *)(base) + (offset)))

/* An export is 32 bits from its module's beginning, so the way to anywhere else starts nearby: jmp [rip + 0]. */
struct trampoline {
  unsigned char jump[6];
  unsigned char target[8];
  unsigned char padding[2];
};

static struct trampoline *trampolines;
static int used;

static BOOL find_room(HMODULE module, DWORD image_bytes) {
  char *first = AT(module, (image_bytes + 0xffffu) & ~0xffffull);
  for (char *at = first; !trampolines && at < first + 0x70000000ll; at += 0x10000)
    trampolines = VirtualAlloc(at, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
  return trampolines != NULL;
}

static BOOL redirect(HMODULE module, IMAGE_EXPORT_DIRECTORY *exports, const char *name, void *to, void **from) {
  DWORD *names = AT(module, exports->AddressOfNames), *functions = AT(module, exports->AddressOfFunctions);
  WORD *ordinals = AT(module, exports->AddressOfNameOrdinals);
  *from = (void *)GetProcAddress(module, name);
  if (!*from) return FALSE;
  for (DWORD i = 0; i < exports->NumberOfNames; i++) {
    if (lstrcmpA(AT(module, names[i]), name)) continue;
    struct trampoline *way = &trampolines[used++];
    memcpy(way->jump, "\xff\x25\0\0\0\0", sizeof way->jump);
    memcpy(way->target, &to, sizeof way->target);
    DWORD *function = &functions[ordinals[i]], protection;
    if (!VirtualProtect(function, sizeof *function, PAGE_READWRITE, &protection)) return FALSE;
    *function = (DWORD)((char *)way - (char *)module);
    VirtualProtect(function, sizeof *function, protection, &protection);
    return (void *)GetProcAddress(module, name) == way;
  }
  return FALSE;
}

static int redirected;
static int wanted;

/* How many functions are missing: 0 when all of them are redirected. */
EXPORT int hook_missing(void) { return wanted - redirected; }

/* Both instead of the C library's, which is not linked. */
ULONG _tls_index;

BOOL WINAPI _DllMainCRTStartup(HINSTANCE instance, DWORD reason, LPVOID reserved) {
  (void)instance, (void)reserved;
  if (reason != DLL_PROCESS_ATTACH) return TRUE;
  HMODULE module = GetModuleHandleA("kernel32.dll");
  IMAGE_NT_HEADERS *headers = AT(module, ((IMAGE_DOS_HEADER *)module)->e_lfanew);
  IMAGE_EXPORT_DIRECTORY *exports =
      AT(module, headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress);
  if (!find_room(module, headers->OptionalHeader.SizeOfImage)) return FALSE;
#define REDIRECT(result, name, parameters)                                                                        \
  wanted++;                                                                                                       \
  redirected += redirect(module, exports, #name, (void *)hook_##name, (void **)&wine_##name);
  REDIRECTED(REDIRECT)
#undef REDIRECT
  return TRUE;
}
