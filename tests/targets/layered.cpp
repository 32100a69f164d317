// For tests/scripts/debug_files_test.py, which compiles it in many ways: one thread waits below an inlined call and a
// function without linkage, one in a library. The lines that are checked are marked. LAYERED_SECOND: another program of
// the same shape, to be put in the first one's place.
#include <unistd.h>

#include <cstdio>
#include <thread>

#ifdef LAYERED_SECOND
#define LAYERED(name) second_##name
int other_code(int a) { return a * 3 + 1; } // moves what follows
#else
#define LAYERED(name) name
#endif

extern "C" void library_entry(int fd);

namespace layered {

inline __attribute__((always_inline)) void LAYERED(wait_inlined)(int fd) {
    char byte;
    if (read(fd, &byte, 1) < 0) // line: wait_inlined
        std::puts("no byte");
}

static __attribute__((noinline)) void LAYERED(hidden)(int fd) {
    LAYERED(wait_inlined)(fd); // line: hidden
    asm volatile("");
}

__attribute__((noinline)) void LAYERED(shown)(int fd) {
    LAYERED(hidden)(fd); // line: shown
    asm volatile("");
}

} // namespace layered

int main() {
    int ends[2];
    if (pipe(ends) != 0)
        return 1;
    std::thread{library_entry, ends[0]}.detach();
    std::puts("ready");
    std::fflush(stdout);
    layered::LAYERED(shown)(ends[0]); // line: main
    return 0;
}
