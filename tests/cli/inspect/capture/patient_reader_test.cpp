#include "capture/patient_reader.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "inspect/capture/temporary_directory.hpp"

using namespace tasks;
using namespace tasks::inspect;

namespace {

constexpr std::uint64_t long_ns = 60'000'000'000;
const SystemClock system_clock;

/// The children of this process that run its own program: the reading child has not exec'ed.
std::vector<pid_t> children() {
    std::vector<pid_t> found;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "children");
        for (pid_t child = 0; file >> child;) {
            found.push_back(child);
        }
    }
    return found;
}

/// Stops the first child that is seen, as a file that blocks would, until the end of the scope.
class ChildStopper {
public:
    ChildStopper() : thread_([this] { watch(); }) {}
    ~ChildStopper() {
        end_ = true;
        thread_.join();
    }

private:
    void watch() const {
        while (!end_) {
            const auto seen = children();
            if (!seen.empty() && seen.front() > 1 && ::kill(seen.front(), SIGSTOP) == 0) {
                return;
            }
        }
    }

    std::atomic<bool> end_{false};
    std::thread thread_;
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

namespace {

/// Kernels may be built without the lists of children.
bool children_are_listed() {
    const auto own = std::to_string(::getpid());
    return std::filesystem::exists("/proc/" + own + "/task/" + own + "/children");
}

} // namespace

TEST_CASE("a file whose reader gets stuck is passed over, and the next one is read") {
    if (!children_are_listed()) {
        WARN("/proc/PID/task/TID/children is not there");
        return;
    }
    const tests::TemporaryDirectory directory;
    const auto large = directory.file("large", "");
    constexpr std::size_t large_bytes = 64u << 20; // some 20 ms of reading, in which the child is to be caught
    std::filesystem::resize_file(large, large_bytes);
    const auto after = directory.file("after", "after");
    for (int tries = 0; tries < 100; ++tries) {
        const ChildStopper stopper;
        const auto texts = read_patiently({large, after}, large_bytes, 500'000'000, Deadline{system_clock, long_ns});
        if (!texts[0] && texts[1] == "after") {
            SUCCEED();
            return;
        }
    }
    FAIL("the reading child was never caught in the middle");
}

TEST_CASE("a stuck reader does not hold the caller beyond the deadline, and is not left behind") {
    const tests::TemporaryDirectory directory;
    const auto large = directory.file("large", "");
    std::filesystem::resize_file(large, 64u << 20);
    const auto before = system_clock.monotonic_ns();
    {
        const ChildStopper stopper;
        read_patiently({large}, 64u << 20, long_ns, Deadline{system_clock, 300'000'000});
    }
    CHECK(system_clock.monotonic_ns() - before < long_ns);
    // A child that has been killed may take its time to die; it is reaped here then.
    for (int times = 0; times < 6000 && !children().empty(); ++times) {
        ::waitpid(-1, nullptr, WNOHANG);
        ::usleep(10'000);
    }
    CHECK(children().empty());
}
