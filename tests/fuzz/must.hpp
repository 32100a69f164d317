// The fuzzers' assertion: on in every build, and a crash, which is what fuzzers look for.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace tasks::fuzz {

inline void must(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

} // namespace tasks::fuzz
