// The library of layered.cpp.
#include <unistd.h>

#ifdef LAYERED_SECOND
#define LAYERED(name) second_##name
int other_library_code(int a) { return a * 5 + 1; } // moves what follows
#else
#define LAYERED(name) name
#endif

static __attribute__((noinline)) void LAYERED(library_hidden)(int fd) {
    char byte;
    while (read(fd, &byte, 1) < 0) { // line: library_hidden
    }
}

extern "C" __attribute__((noinline)) void library_entry(int fd) {
    LAYERED(library_hidden)(fd); // line: library_entry
    asm volatile("");
}
