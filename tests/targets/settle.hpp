// Waits until threads of this process have come to rest: a target says that it is ready only then.
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace targets {

inline int thread_id() { return static_cast<int>(::syscall(SYS_gettid)); }

/// What /proc/self/task/TID/syscall says.
inline std::string syscall_text(int tid) {
    const std::string path = "/proc/self/task/" + std::to_string(tid) + "/syscall";
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::string text(256, '\0');
    const ssize_t got = fd < 0 ? 0 : ::read(fd, text.data(), text.size());
    if (fd >= 0)
        ::close(fd);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

/// Returns when each of the threads stood in the same place at two looks, 20 ms apart.
inline void wait_until_blocked(const std::vector<int>& tids) {
    std::vector<std::string> before(tids.size());
    for (;;) {
        bool same = true;
        for (std::size_t at = 0; at < tids.size(); ++at) {
            std::string now = syscall_text(tids[at]);
            same = same && now == before[at] && now.rfind("running", 0) != 0;
            before[at] = std::move(now);
        }
        if (same)
            return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

} // namespace targets
