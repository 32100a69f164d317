// The program whose names, lines and inlined calls symbolizer_test knows; compiled by that test. A comment MARK x names
// the line on which x is called.
#include <unistd.h>

namespace known {

static inline __attribute__((always_inline)) int innermost(int n) {
    return ::pause() + n; // MARK pause
}

inline __attribute__((always_inline)) int middle(int n) {
    auto add = [n](int m) __attribute__((always_inline)) {
        return innermost(m) + n; // MARK innermost
    };
    return add(3) + 1; // MARK add
}

struct Service {
    __attribute__((noinline)) int outer(int n);
};

int Service::outer(int n) {
    int result = middle(n) * 3; // MARK middle
    asm volatile("" : "+r"(result));
    return result;
}

} // namespace known

int main() {
    known::Service service;
    int result = service.outer(4); // MARK outer
    asm volatile("" : "+r"(result));
    return result;
}
