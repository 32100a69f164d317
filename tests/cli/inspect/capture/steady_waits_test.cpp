#include "capture/steady_waits.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <functional>

#include "inspect/capture/temporary_directory.hpp"

using namespace tasks::inspect;
using tasks::tests::TemporaryDirectory;

namespace {

/// Gives no memory, and lets a test act between the two looks.
class Between final : public ProcessMemory {
public:
    std::function<void()> act = [] {};
    std::size_t read(std::uint64_t, std::span<char> into) const override {
        act();
        into[0] = 'y';
        return into.size();
    }
};

struct Looked {
    TemporaryDirectory root;
    SystemClock clock;
    World world = made_world();
    Between memory;
    std::vector<ThreadFacts> threads = std::vector<ThreadFacts>(1);

    Looked() {
        std::filesystem::create_directories(root.path() + "/7/task/8");
        ran("100 0 1");
        calls("202 0x1000 0x80 0x2 0x0 0x0 0x0 0x7000 0x8000");
        auto& thread = threads[0];
        thread.tid = 8;
        thread.capture = tasks::protocol::Capture::captured;
        thread.syscall = 202;
        thread.arguments = {0x1000, 0x80, 2, 0, 0, 0};
        thread.sp = 0x7000;
        thread.pc = 0x8000;
        thread.wait.futex = 0x1000;
    }

    World made_world() {
        World made;
        made.proc = ProcFiles{root.path()};
        made.clock = &clock;
        return made;
    }
    void ran(const std::string& text) { write("schedstat", text); }
    void calls(const std::string& text) { write("syscall", text); }
    bool steady() {
        find_steady(world, TaskFolders{world, 7, true}, memory, Deadline{clock, 10'000'000'000}, threads);
        return threads[0].wait.steady;
    }

private:
    void write(const std::string& name, const std::string& text) {
        std::ofstream{root.path() + "/7/task/8/" + name} << text << "\n";
    }
};

} // namespace

TEST_CASE_METHOD(Looked, "a thread that waits where it was captured, and does not run, is steady, its lock read anew") {
    CHECK(steady());
    CHECK(threads[0].wait.futex_bytes.at(0) == 'y');
}

TEST_CASE_METHOD(Looked, "one that waits elsewhere by now is not") {
    calls("202 0x2000 0x80 0x2 0x0 0x0 0x0 0x7000 0x8000");
    CHECK_FALSE(steady());
}

TEST_CASE_METHOD(Looked, "one that ran between the looks is not, though it waits there again") {
    memory.act = [this] { ran("200 0 2"); };
    CHECK_FALSE(steady());
}

TEST_CASE_METHOD(Looked, "one that is woken between the looks and has not run yet is not") {
    memory.act = [this] { calls("running"); };
    CHECK_FALSE(steady());
}

TEST_CASE_METHOD(Looked, "one that gives up after a time is not") {
    threads[0].arguments[3] = 0x9000;
    calls("202 0x1000 0x80 0x2 0x9000 0x0 0x0 0x7000 0x8000");
    CHECK_FALSE(steady());
}

TEST_CASE_METHOD(Looked, "one that ended is not") {
    std::filesystem::remove_all(root.path() + "/7/task/8");
    CHECK_FALSE(steady());
}

TEST_CASE_METHOD(Looked, "the signals that a process handles are read, or not known") {
    CHECK_FALSE(caught_signals(world, 7));
    std::ofstream{root.path() + "/7/status"}
        << "Name:\tx\nSigIgn:\t0000000000000001\nSigCgt:\t0000000000002000\nCap:\t0\n";
    CHECK(caught_signals(world, 7) == 0x2000);
}
