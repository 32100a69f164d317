#include "capture/patient_reader.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inspect/capture/temporary_directory.hpp"

using namespace tasks;
using namespace tasks::inspect;

namespace {

constexpr std::uint64_t long_ns = 60'000'000'000;
const SystemClock system_clock;

/// In a child: makes its environment lie in memory whose first touch waits for somebody who never comes.
/// 0: done; else what could not be done.
int fall_sick() {
    const auto fault = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC));
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uffdio_api api{};
    api.api = UFFD_API;
    uffdio_register range{};
    range.range = {reinterpret_cast<std::uintptr_t>(page), 4096};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    if (fault < 0 || ::ioctl(fault, UFFDIO_API, &api) != 0 || ::ioctl(fault, UFFDIO_REGISTER, &range) != 0) {
        return 1;
    }
    const auto start = reinterpret_cast<unsigned long>(page);
    // Mapped memory lies below the stack: the start goes down first, so that it is never above the end.
    return ::prctl(PR_SET_MM, PR_SET_MM_ENV_START, start, 0, 0) == 0 &&
                   ::prctl(PR_SET_MM, PR_SET_MM_ENV_END, start + 4096, 0, 0) == 0
               ? 0
               : 2;
}

/// A process whose /proc/PID/environ blocks whoever reads it.
class SickProcess {
public:
    SickProcess() {
        int told[2];
        REQUIRE(::pipe2(told, O_CLOEXEC) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            const auto outcome = static_cast<char>(fall_sick());
            static_cast<void>(!::write(told[1], &outcome, 1));
            for (;;) {
                ::pause();
            }
        }
        ::close(told[1]);
        char outcome = 3;
        static_cast<void>(!::read(told[0], &outcome, 1));
        ::close(told[0]);
        is_sick_ = outcome == 0;
    }
    ~SickProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    bool is_sick() const { return is_sick_; }
    std::string environ_path() const { return "/proc/" + std::to_string(pid_) + "/environ"; }

private:
    pid_t pid_ = -1;
    bool is_sick_ = false;
};

} // namespace

TEST_CASE("files are read in order, missing ones give nothing") {
    const tests::TemporaryDirectory directory;
    const auto texts = read_patiently({directory.file("a", "first"), directory.path("none"), directory.file("b", ""),
                                       directory.file("c", std::string(200'000, 'x'))},
                                      1u << 20, long_ns, Deadline{system_clock, long_ns});
    REQUIRE(texts.size() == 4);
    CHECK(texts[0] == "first");
    CHECK_FALSE(texts[1]);
    CHECK(texts[2] == "");
    REQUIRE(texts[3]);
    CHECK(texts[3]->size() == 200'000);
}

TEST_CASE("a file is read up to the cap") {
    const tests::TemporaryDirectory directory;
    const auto texts = read_patiently({directory.file("a", std::string(100'000, 'x')), directory.file("b", "next")},
                                      70'000, long_ns, Deadline{system_clock, long_ns});
    REQUIRE(texts[0]);
    CHECK(texts[0]->size() == 70'000);
    CHECK(texts[1] == "next");
}

TEST_CASE("no files are no work, and a deadline that has passed gives nothing") {
    CHECK(read_patiently({}, 10, long_ns, Deadline{system_clock, long_ns}).empty());
    const tests::TemporaryDirectory directory;
    CHECK_FALSE(read_patiently({directory.file("a", "first")}, 10, long_ns, Deadline{system_clock, 0})[0]);
}

TEST_CASE("a process whose environment cannot be read without waiting is passed over") {
    const SickProcess sick;
    if (!sick.is_sick()) {
        WARN("userfaultfd or prctl(PR_SET_MM) is not permitted here");
        return;
    }
    const tests::TemporaryDirectory directory;
    // Half a second is the patience with each file: the ones that can be read take microseconds, unless the machine is
    // so loaded that a child does not run for so long; then another try shows it.
    for (int tries = 0; tries < 20; ++tries) {
        const auto texts =
            read_patiently({directory.file("a", "before"), sick.environ_path(), directory.file("b", "after")}, 1000,
                           500'000'000, Deadline{system_clock, long_ns});
        CHECK_FALSE(texts[1]);
        if (texts[0] && texts[2]) {
            CHECK(texts[0] == "before");
            CHECK(texts[2] == "after");
            return;
        }
    }
    FAIL("the files beside it were never read");
}
