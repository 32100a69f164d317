// What a crash dump is made of; whole crashes are in scripts/crash_dump_test.py.
#include <tasks/crash_dump.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>

#include "agent_fixture.hpp"
#include "clock.hpp"
#include "crash_command.hpp"
#include "crash_facts.hpp"
#include "crash_level.hpp"
#include "crash_output.hpp"
#include "crash_stacks.hpp"

using namespace tasks;
using namespace tasks::agent;

namespace {

std::string told(const CrashFacts& facts) {
    const OwnedFd memory{::memfd_create("facts", MFD_CLOEXEC)};
    char buffer[256];
    ProfileOutput output{memory.get(), buffer};
    write_crash_facts(facts, output);
    REQUIRE(output.finish() == 0);
    std::string text(static_cast<std::size_t>(::lseek(memory.get(), 0, SEEK_END)), '\0');
    REQUIRE(::pread(memory.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    return text;
}

/// A variable of the environment, as it was before at the end.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* before = std::getenv(name); before != nullptr)
            before_ = before;
        ::setenv(name, value, 1);
    }
    ~Variable() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
    std::string before_;
};

bool has_handler_stack() {
    stack_t now{};
    return ::sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_DISABLE) == 0;
}

} // namespace

TEST_CASE("a crash is told by its signal, address and thread, and by the exception, each text as one field") {
    CrashFacts facts;
    facts.signal = SIGSEGV;
    facts.code = SEGV_MAPERR;
    facts.has_address = true;
    facts.tid = 12;
    CHECK(told(facts) == "signal 11  SIGSEGV  code 1  address 0x0  tid 12\n");
    facts.signal = SIGABRT;
    facts.code = SI_TKILL;
    facts.has_address = false;
    facts.terminated = true;
    facts.exception_text = "a\nb";
    CHECK(told(facts) == "signal 6  SIGABRT  code -6  tid 12\nterminate  -  a\\x0ab\n");
    CrashFacts asleep;
    asleep.asleep = true;
    CHECK(told(asleep) == "asleep\n");
}

TEST_CASE("TASKS_TRACEBACK is one of four words, or says nothing") {
    const auto asked = [](const char* value) {
        const Variable variable{"TASKS_TRACEBACK", value};
        return asked_level();
    };
    CHECK(asked("none") == Traceback::none);
    CHECK(asked("single") == Traceback::single);
    CHECK(asked("all") == Traceback::all);
    CHECK(asked("system") == Traceback::system);
    CHECK_FALSE(asked(""));
    CHECK_FALSE(asked("ALL"));
    CHECK_FALSE(asked("all "));
}

TEST_CASE("what is written with a deadline ends by then, though nobody reads") {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    const OwnedFd out{fds[0]};
    const OwnedFd in{fds[1]};
    char buffer[4096];
    const std::uint64_t began = now_ns();
    ProfileOutput output{in.get(), buffer, began + 100'000'000};
    for (int at = 0; at < 10'000 && !output.failed(); ++at)
        output << "0123456789012345678901234567890123456789\n";
    CHECK(output.finish() == ETIMEDOUT);
    CHECK(now_ns() - began < 30'000'000'000u);
}

TEST_CASE("a thread has a stack for handlers as long as its CrashStack lives, and keeps one that it had") {
    std::thread{[] {
        const bool had = has_handler_stack(); // of a sanitizer
        {
            const CrashStack stack;
            CHECK(has_handler_stack());
            const CrashStack second;
        }
        CHECK(has_handler_stack() == had);
    }}.join();
}

TEST_CASE("work runs on the stack that it is given") {
    alignas(16) static char memory[64 * 1024];
    static const char* local = nullptr;
    run_on_stack(
        memory + sizeof memory,
        [](void* number) {
            char here = 0;
            local = &here;
            *static_cast<int*>(number) += here + 1;
        },
        [] {
            static int number = 41;
            return static_cast<void*>(&number);
        }());
    CHECK(local >= memory);
    CHECK(local < memory + sizeof memory);
}

TEST_CASE("the tasks command is the one that is asked for, TASKS_BINARY's, or the first in PATH; \"-\" is none") {
    const test::OwnDirectory directory;
    const Variable path{"PATH", ("relative:" + directory.path()).c_str()};
    const Variable none{"TASKS_BINARY", ""};
    CrashCommand command;
    command.find("", 5'000'000'000);
    CHECK_FALSE(command);
    const OwnedFd made{::open((directory.path() + "/tasks").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0700)};
    command.find("", 5'000'000'000);
    CHECK(command);
    command.find("-", 5'000'000'000);
    CHECK_FALSE(command);
    const Variable named{"TASKS_BINARY", "/opt/tasks"};
    command.find("", 5'000'000'000);
    CHECK(command);
}

TEST_CASE("a dump's file is new, of its owner alone, and where the path asks for it") {
    const test::OwnDirectory directory;
    ProfiledProcess process;
    process.pid = 12;
    process.start_time_ticks = 34;
    process.name << "pay/ments";
    CHECK(CrashOutput{}.choose("relative", process) == EINVAL);
    CHECK(CrashOutput{}.choose(std::string(5000, '/'), process) == ENAMETOOLONG);
    CrashOutput output;
    REQUIRE(output.choose(directory.path() + "/", process) == 0);
    const std::string name = directory.path() + "/pay_ments.12-34.crash";
    REQUIRE(::symlink("/dev/null", name.c_str()) == 0); // what was there is not written through
    CrashOutput::Path made;
    const OwnedFd file = output.create("", process, made);
    REQUIRE(file);
    CHECK(made.view() == name);
    struct stat facts{};
    REQUIRE(::lstat(name.c_str(), &facts) == 0);
    CHECK(S_ISREG(facts.st_mode));
    CHECK((facts.st_mode & 0777) == 0600);
    CrashOutput beside;
    REQUIRE(beside.choose("", process) == 0);
    CHECK_FALSE(beside.create("", process, made));
    CHECK(beside.create(directory.path(), process, made));
    CHECK(made.view() == directory.path() + "/12-34.crash");
}
