// odd_frames [ROUNDS]: threads that wait in frames which are hard to unwind, ROUNDS of each kind: frames of a size
// known only at run time, realigned frames, both, recursions, virtual calls, a function of a library that calls back,
// tail calls, signal handlers. Prints "ready PID" when all of them stand still, ends at the end of stdin. Compiled by
// tests/scripts/pc_equality_test.py in many ways; needs nothing of the project.
#include <alloca.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<int> never{0};

__attribute__((noinline)) int stand_still() {
    never.wait(0);
    asm volatile("" ::: "memory");
    return never;
}

__attribute__((noinline)) int in_dynamic_frame(std::size_t bytes) {
    auto* block = static_cast<volatile char*>(alloca(bytes));
    block[0] = 1;
    const int result = stand_still();
    return result + block[0];
}

__attribute__((noinline)) int in_aligned_frame(std::size_t bytes) {
    alignas(64) std::array<volatile char, 192> lane{};
    lane[bytes % lane.size()] = 1;
    const int result = bytes % 3 == 0 ? stand_still() : in_dynamic_frame(bytes);
    return result + lane[0];
}

__attribute__((noinline)) int in_recursion(std::size_t depth) {
    volatile int kept = static_cast<int>(depth);
    kept = kept + (depth == 0 ? in_dynamic_frame(48) : in_recursion(depth - 1));
    return kept;
}

struct Waiter {
    virtual ~Waiter() = default;
    virtual int wait(std::size_t bytes) = 0;
};
struct DynamicWaiter : Waiter {
    int wait(std::size_t bytes) override {
        auto* block = static_cast<volatile char*>(alloca(bytes));
        block[1] = 2;
        const int result = bytes % 2 == 0 ? stand_still() : in_recursion(bytes % 5);
        return result + block[1];
    }
};

__attribute__((noinline)) int through_virtual_call(std::size_t bytes) {
    std::unique_ptr<Waiter> waiter = std::make_unique<DynamicWaiter>();
    Waiter* hidden = waiter.get();
    asm volatile("" : "+r"(hidden));
    const int result = hidden->wait(bytes);
    asm volatile("" ::: "memory");
    return result;
}

int compare(const void* left, const void* right) {
    const int result = in_dynamic_frame(100);
    return result + *static_cast<const char*>(left) - *static_cast<const char*>(right);
}

__attribute__((noinline)) int through_library(std::size_t) {
    std::array<char, 2> letters{'b', 'a'};
    std::qsort(letters.data(), letters.size(), 1, compare);
    return letters[0];
}

__attribute__((noinline)) int by_tail_call(std::size_t bytes) { return in_aligned_frame(bytes + 1); }

void handler(int) { in_dynamic_frame(200); }

__attribute__((noinline)) int in_handler(std::size_t) {
    ::pthread_kill(::pthread_self(), SIGUSR1);
    asm volatile("" ::: "memory");
    return never;
}

using Kind = int (*)(std::size_t);
constexpr std::array<Kind, 7> kinds{in_dynamic_frame, in_aligned_frame, in_recursion, through_virtual_call,
                                    through_library,  by_tail_call,     in_handler};

std::string syscall_of(int tid) {
    const std::string path = "/proc/self/task/" + std::to_string(tid) + "/syscall";
    std::string text(256, '\0');
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const auto got = ::read(fd, text.data(), text.size());
    ::close(fd);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

void wait_until_still(const std::vector<int>& tids) {
    const std::string futex = std::to_string(SYS_futex) + " ";
    for (const int tid : tids)
        for (std::string before;;) {
            std::string now = syscall_of(tid);
            if (now == before && now.rfind(futex, 0) == 0)
                break;
            before = std::move(now);
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
}

} // namespace

int main(int argc, char** argv) {
    ::signal(SIGUSR1, handler);
    const std::size_t rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10;
    static std::vector<int> tids(rounds * kinds.size());
    static std::atomic<std::size_t> started{0};
    for (std::size_t at = 0; at < tids.size(); ++at)
        std::thread([at] {
            tids[at] = static_cast<int>(::syscall(SYS_gettid));
            started.fetch_add(1);
            kinds[at % kinds.size()](8 + at / kinds.size() * 20); // also the depth of the recursions: at most 188
        }).detach();
    while (started.load() != tids.size())
        std::this_thread::yield();
    wait_until_still(tids);
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    ::_exit(0);
}
