#include <windows.h>
__declspec(dllexport) int hook_installed(void){return 0;}
