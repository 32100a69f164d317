// hanging_memory HANGING OTHERS [UID]: HANGING threads wait in read() with pages of a userfaultfd that nobody serves in
// their frame, so that who reads those is held for ever; OTHERS threads wait the same way without. With UID it becomes
// that user. Prints "ready PID", or why it cannot be; ends with its input.
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

constexpr std::uintptr_t page = 4096;

std::array<int, 2> silent{};
std::atomic<int> waiting{0};

[[gnu::noinline]] void wait_for_byte() {
    char byte = 0;
    ++waiting;
    static_cast<void>(!::read(silent[0], &byte, 1));
    asm volatile("" ::: "memory"); // so that this frame stays
}

[[gnu::noinline]] void wait_below_missing_pages(int faults) {
    char room[8 * page]; // never touched: its whole pages are missing
    const auto first = (reinterpret_cast<std::uintptr_t>(room) + page - 1) / page * page;
    uffdio_register missing{};
    missing.range = {first, 6 * page};
    missing.mode = UFFDIO_REGISTER_MODE_MISSING;
    if (::ioctl(faults, UFFDIO_REGISTER, &missing) != 0) {
        std::printf("UFFDIO_REGISTER: %s\n", std::strerror(errno));
        std::_Exit(1);
    }
    wait_for_byte();
    asm volatile("" ::"r"(room) : "memory");
}

int open_faults() {
    const auto faults = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC));
    uffdio_api api{};
    api.api = UFFD_API;
    if (faults < 0 || ::ioctl(faults, UFFDIO_API, &api) != 0) {
        std::printf("userfaultfd: %s\n", std::strerror(errno));
        std::exit(0);
    }
    return faults;
}

} // namespace

int main(int count, char** words) {
    if (count < 3 || ::pipe(silent.data()) != 0) {
        return 2;
    }
    const int hanging = std::atoi(words[1]);
    const int others = std::atoi(words[2]);
    const int faults = open_faults();
    for (int at = 0; at < hanging; ++at) {
        std::thread{wait_below_missing_pages, faults}.detach();
    }
    for (int at = 0; at < others; ++at) {
        std::thread{wait_for_byte}.detach();
    }
    while (waiting.load() < hanging + others) {
        std::this_thread::yield();
    }
    if (count > 3) {
        const auto user = static_cast<uid_t>(std::atoi(words[3]));
        if (::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0) {
            return 2;
        }
    }
    std::printf("ready %d\n", static_cast<int>(::getpid()));
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    std::_Exit(0);
}
