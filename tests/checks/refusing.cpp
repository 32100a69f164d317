// refusing perf|ptrace ... -- COMMAND: runs a command whose perf_event_open or ptrace calls fail with EPERM, as a
// container's filter makes them fail.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace {

bool refuse(unsigned call) {
    std::array<sock_filter, 4> program{
        sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call},
        sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    const sock_fprog filter{program.size(), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

} // namespace

int main(int count, char** words) {
    int at = 1;
    for (; at < count && std::strcmp(words[at], "--") != 0; ++at) {
        if (!refuse(std::strcmp(words[at], "perf") == 0 ? SYS_perf_event_open : SYS_ptrace)) {
            std::perror("refusing: seccomp");
            return 77;
        }
    }
    if (at + 1 >= count) {
        std::fputs("refusing perf|ptrace ... -- COMMAND\n", stderr);
        return 2;
    }
    ::execv(words[at + 1], words + at + 1);
    std::perror(words[at + 1]);
    return 127;
}
