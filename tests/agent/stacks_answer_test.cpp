// What is captured of the process's own threads, through the socket.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/prctl.h>

#include <cstring>
#include <map>

#include "mappings.hpp"
#include "server_fixture.hpp"
#include "thread_list.hpp"

using namespace tasks;
using namespace tasks::test;
using protocol::Capture;

namespace {

/// An answer put together: its parts and the views into them.
struct Stacks {
    std::vector<protocol::Frame> parts;
    std::vector<protocol::Module> modules;
    std::map<std::uint32_t, protocol::ThreadStack> threads;
    std::uint64_t taken_at_ns = 0;
    std::uint64_t done_at_ns = 0;
    std::uint32_t agent_tid = 0;
};

Stacks ask(TestClient& client, const protocol::StacksRequest& request) {
    REQUIRE(client.send(request, 42));
    Stacks stacks;
    stacks.parts = client.receive_answer();
    REQUIRE_FALSE(stacks.parts.empty());
    for (const protocol::Frame& part : stacks.parts) {
        REQUIRE(part.header.type == static_cast<std::uint16_t>(protocol::MessageType::stacks_answer));
        CHECK(part.header.request_id == 42);
        const auto answer = protocol::read<protocol::StacksAnswer>(part.payload);
        REQUIRE(answer);
        stacks.modules.insert(stacks.modules.end(), answer->modules.begin(), answer->modules.end());
        for (const protocol::ThreadStack& thread : answer->threads)
            CHECK(stacks.threads.emplace(thread.tid, thread).second);
        stacks.taken_at_ns = std::max(stacks.taken_at_ns, answer->taken_at_ns);
        stacks.done_at_ns = std::max(stacks.done_at_ns, answer->done_at_ns);
        stacks.agent_tid = std::max(stacks.agent_tid, answer->agent_tid);
    }
    return stacks;
}

bool in_module(const Stacks& stacks, std::uint64_t pc) {
    for (const protocol::Module& module : stacks.modules)
        if (module.start <= pc && pc < module.end)
            return true;
    return false;
}

std::uint64_t word_at(const protocol::ThreadStack& thread, std::uint64_t address) {
    std::uint64_t word = 0;
    const std::uint64_t offset = address - thread.sp;
    if (offset + sizeof word <= thread.stack.size())
        std::memcpy(&word, thread.stack.data() + offset, sizeof word);
    return word;
}

constexpr std::uint64_t mark = 0x7461736b73000000;

} // namespace

TEST_CASE("A thread blocked in a call is captured with its call, pc, sp and stack") {
    RunningServer server;
    const BlockedThread blocked{mark};
    TestClient client = server.greeted();
    const Stacks stacks = ask(client, {.tids = {}});
    REQUIRE(stacks.threads.count(blocked.tid()) == 1);
    const protocol::ThreadStack& thread = stacks.threads.at(blocked.tid());
    CHECK(thread.capture == Capture::captured);
    CHECK(thread.syscall == SYS_read);
    CHECK(thread.arguments[0] == static_cast<std::uint64_t>(blocked.fd()));
    CHECK(thread.arguments[2] == 1);
    CHECK(in_module(stacks, thread.pc));
    CHECK(thread.sp < blocked.mark_address());
    for (std::uint64_t at = 0; at < 4; ++at)
        CHECK(word_at(thread, blocked.mark_address() + 8 * at) == mark + at);
    CHECK(thread.taken_at_ns >= stacks.taken_at_ns);
    CHECK(thread.taken_at_ns <= stacks.done_at_ns);
}

TEST_CASE("Every thread is told once, the agent's own not at all") {
    RunningServer server;
    const BlockedThread first{mark};
    const BlockedThread second{mark};
    TestClient client = server.greeted();
    const Stacks stacks = ask(client, {.tids = {}});
    CHECK(stacks.threads.count(first.tid()) == 1);
    CHECK(stacks.threads.count(second.tid()) == 1);
    CHECK(stacks.threads.count(own_tid()) == 1);
    CHECK(stacks.threads.count(server.tid()) == 0);
    CHECK(stacks.agent_tid == server.tid());
}

TEST_CASE("A thread's name is told") {
    RunningServer server;
    std::array<char, 16> before{};
    ::prctl(PR_GET_NAME, before.data());
    ::prctl(PR_SET_NAME, "a (b) c");
    TestClient client = server.greeted();
    for (const bool without_last_ran : {false, true}) {
        const Stacks stacks = ask(client, {.tids = {own_tid()}, .without_last_ran = without_last_ran});
        REQUIRE(stacks.threads.size() == 1);
        CHECK(stacks.threads.begin()->second.name == "a (b) c");
    }
    ::prctl(PR_SET_NAME, before.data());
}

TEST_CASE("A thread that runs is said to run") {
    RunningServer server;
    std::atomic<bool> stop{false};
    std::atomic<std::uint32_t> tid{0};
    std::thread spinning([&] {
        sigset_t all; // the capture signal too, which another test may have taken for this process
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        tid.store(own_tid());
        while (!stop.load(std::memory_order_relaxed)) {
        }
    });
    REQUIRE(eventually([&] { return tid.load() != 0; }));
    TestClient client = server.greeted();
    // It may just have stood still for a page fault: at one of some looks it runs.
    CHECK(eventually([&] {
        const Stacks stacks = ask(client, {.tids = {tid.load()}});
        const protocol::ThreadStack& thread = stacks.threads.at(tid.load());
        return thread.capture == Capture::running && thread.stack.empty() && !thread.last_ran_ago_ns;
    }));
    stop.store(true);
    spinning.join();
}

TEST_CASE("Only the threads asked for are told, and those that have gone as such") {
    RunningServer server;
    const BlockedThread blocked{mark};
    std::uint32_t gone = 0;
    std::thread([&] { gone = own_tid(); }).join();
    const std::string path = "/proc/self/task/" + std::to_string(gone);
    REQUIRE(eventually([&] { return ::access(path.c_str(), F_OK) != 0; }));
    TestClient client = server.greeted();
    const Stacks stacks = ask(client, {.tids = {blocked.tid(), gone, server.tid()}});
    REQUIRE(stacks.threads.size() == 2);
    CHECK(stacks.threads.at(blocked.tid()).capture == Capture::captured);
    CHECK(stacks.threads.at(gone).capture == Capture::exited);
}

TEST_CASE("A copy shorter than the stack is marked as cut, a whole one is not") {
    RunningServer server;
    const BlockedThread blocked{mark};
    TestClient client = server.greeted();
    const Stacks cut = ask(client, {.stack_bytes = 64, .tids = {blocked.tid()}});
    CHECK(cut.threads.at(blocked.tid()).stack.size() == 64);
    CHECK(cut.threads.at(blocked.tid()).stack_cut);
    const Stacks whole = ask(client, {.stack_bytes = 262144, .tids = {blocked.tid()}});
    const protocol::ThreadStack& thread = whole.threads.at(blocked.tid());
    CHECK(thread.stack.size() > 64);
    CHECK(word_at(thread, blocked.mark_address()) == mark);
#ifndef __SANITIZE_THREAD__ // its thread-local memory, below the thread's own block, is larger than a copy
    CHECK_FALSE(thread.stack_cut);
    // It ends with the stack: below the thread's own block, which lies in the same mapping.
    CHECK(thread.sp + thread.stack.size() == agent::thread_block(blocked.tid()).value_or(0));
#endif
}

TEST_CASE("Without stack bytes the facts of the wait are told") {
    RunningServer server;
    const BlockedThread blocked{mark};
    TestClient client = server.greeted();
    const Stacks stacks = ask(client, {.stack_bytes = 0, .tids = {blocked.tid()}});
    const protocol::ThreadStack& thread = stacks.threads.at(blocked.tid());
    CHECK(thread.capture == Capture::captured);
    CHECK(thread.syscall == SYS_read);
    CHECK(thread.sp != 0);
    CHECK(thread.stack.empty());
    CHECK_FALSE(thread.stack_cut);
}

TEST_CASE("An answer larger than a frame comes in several, the modules in the first") {
    RunningServer server;
    std::vector<std::unique_ptr<BlockedThread>> threads;
    for (std::uint64_t at = 0; at < 12; ++at)
        threads.push_back(std::make_unique<BlockedThread>(mark + 16 * at));
    TestClient client = server.greeted();
    const Stacks stacks = ask(client, {.stack_bytes = 262144, .tids = {}}); // a frame has room for one such stack
    CHECK(stacks.parts.size() > 1);
    for (std::size_t at = 0; at < stacks.parts.size(); ++at) {
        CHECK(stacks.parts[at].header.more() == (at + 1 < stacks.parts.size()));
        const auto answer = protocol::read<protocol::StacksAnswer>(stacks.parts[at].payload);
        CHECK(answer->modules.empty() == (at != 0));
    }
    for (std::uint64_t at = 0; at < threads.size(); ++at)
        CHECK(word_at(stacks.threads.at(threads[at]->tid()), threads[at]->mark_address()) == mark + 16 * at);
}

TEST_CASE("The time since a thread last ran is told, unless it is not wanted") {
    RunningServer server;
    const BlockedThread blocked{mark};
    const auto blocked_since = std::chrono::steady_clock::now();
    TestClient client = server.greeted();
    const auto ran_ago = [&](bool without) {
        return ask(client, {.tids = {blocked.tid()}, .without_last_ran = without})
            .threads.at(blocked.tid())
            .last_ran_ago_ns;
    };
    CHECK_FALSE(ran_ago(true));
    const auto first = ran_ago(false);
    if (!first) {
        WARN("this kernel tells no se.exec_start");
        return;
    }
    // It last ran before `blocked_since`. The scheduler's clocks leave out time stolen by the hypervisor: half of
    // the time by the wall is asked for, not all.
    CHECK(eventually([&] {
        const auto ago = ran_ago(false);
        const std::chrono::nanoseconds by_the_wall = std::chrono::steady_clock::now() - blocked_since;
        return ago && *ago > *first && by_the_wall > std::chrono::milliseconds(100) &&
               *ago > static_cast<std::uint64_t>(by_the_wall.count()) / 2 &&
               *ago < static_cast<std::uint64_t>(by_the_wall.count()) + 20'000'000'000u;
    }));
}

TEST_CASE("The agent's thread may run on all its CPUs again after a capture") {
    RunningServer server;
    const BlockedThread blocked{mark};
    const auto affinity = [&] {
        cpu_set_t set;
        CPU_ZERO(&set);
        REQUIRE(::sched_getaffinity(static_cast<pid_t>(server.tid()), sizeof set, &set) == 0);
        return CPU_COUNT(&set);
    };
    const int before = affinity();
    TestClient client = server.greeted();
    ask(client, {.tids = {}});
    CHECK(affinity() == before);
}

TEST_CASE("The modules are the executable mappings, with the build-ids of their files") {
    RunningServer server;
    TestClient client = server.greeted();
    const Stacks stacks = ask(client, {.tids = {own_tid()}});
    const auto here = reinterpret_cast<std::uint64_t>(&in_module);
    bool found = false;
    bool vdso = false;
    for (const protocol::Module& module : stacks.modules) {
        CHECK(module.start < module.end);
        CHECK((module.path.front() == '/' || module.path == "[vdso]"));
        vdso = vdso || module.path == "[vdso]";
        if (module.start > here || module.end <= here)
            continue;
        found = true;
        CHECK(module.path.find("agent_tests") != std::string_view::npos);
        CHECK(module.build_id.size() == 20); // SHA-1, the linker's default
    }
    CHECK(found);
    CHECK(vdso);
}

TEST_CASE("Where /proc refuses, each thread is told as not permitted") {
    if (::geteuid() != 0) {
        WARN("only root can become somebody whose /proc is root's");
        return;
    }
    OwnDirectory directory;
    REQUIRE(::chown(directory.path().c_str(), 65534, 65534) == 0);
    const int status = in_child([&] {
        if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0 ||
            ::prctl(PR_SET_DUMPABLE, 0) != 0)
            return 10;
        RunningServer server{directory.path()};
        TestClient client = server.client();
        if (!client.greet() || !client.send(protocol::StacksRequest{.tids = {}}))
            return 11;
        const auto frame = client.receive();
        const auto answer = protocol::read<protocol::StacksAnswer>(frame->payload);
        if (!answer || answer->threads.empty() || answer->modules.empty())
            return 12;
        for (const protocol::ThreadStack& thread : answer->threads)
            if (thread.capture != Capture::not_permitted || thread.name.empty())
                return 13;
        return 0;
    });
    CHECK(status == 0);
}
