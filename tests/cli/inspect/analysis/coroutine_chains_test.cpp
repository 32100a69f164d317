#include "analysis/coroutine_chains.hpp"

#include <catch2/catch.hpp>

#include "inspect/analysis/made_coroutines.hpp"

namespace tasks::inspect {
namespace {

using protocol::State;
using protocol::WaitReason;

const std::string entry = "boost::asio::detail::co_spawn_entry_point<int>(int)";
const std::string timer =
    "boost::asio::async_result<boost::asio::use_awaitable_t<int>, void ()>::initiate<boost::asio::"
    "basic_waitable_timer<int>::initiate_async_wait>(int)";

class Chains {
protected:
    /// Innermost first; answers the address of the innermost.
    std::uint64_t chain(const std::vector<std::string>& functions) {
        std::uint64_t inner = 0;
        for (const auto& function : functions) {
            const auto address = made.frame(function, 10).address;
            if (inner != 0) {
                at(inner).awaited_by = address;
            } else {
                first_ = address;
            }
            inner = address;
        }
        return first_;
    }
    CoroutineFrame& at(std::uint64_t address) {
        return *std::ranges::find(made->frames, address, &CoroutineFrame::address);
    }
    std::vector<std::string> names(const CoroutineChains& chains, std::uint32_t innermost, bool raw = false) {
        std::vector<std::string> all;
        for (const auto frame : chains.chain(innermost, raw)) {
            all.push_back(made->functions[made->frames[frame].function].function);
        }
        return all;
    }

    Snapshot snapshot;
    MadeCoroutines made{snapshot};

private:
    std::uint64_t first_ = 0;
};

using Names = std::vector<std::string>;

} // namespace

TEST_CASE_METHOD(Chains, "a chain of coroutines is one task, told from its innermost frame") {
    chain({"inner()", "middle()", "outer()"});
    chain({"alone()"});
    const CoroutineChains chains{snapshot};
    REQUIRE(chains.innermost().size() == 2);
    CHECK(names(chains, chains.innermost()[0]) == Names{"inner()", "middle()", "outer()"});
    CHECK(names(chains, chains.innermost()[1]) == Names{"alone()"});
}

TEST_CASE_METHOD(Chains, "two coroutines that one awaits are two tasks") {
    const auto inner = chain({"inner()", "outer()"});
    made.frame("other()", 10).awaited_by = at(inner).awaited_by;
    CHECK(CoroutineChains{snapshot}.innermost().size() == 2);
}

TEST_CASE_METHOD(Chains, "a cycle is cut and counted once, whatever leads into it") {
    const auto a = chain({"a()", "b()", "c()"});
    at(at(at(a).awaited_by).awaited_by).awaited_by = a;
    const auto self = made.frame("self()", 10).address;
    at(self).awaited_by = self;
    made.frame("into()", 10).awaited_by = a;
    made.frame("lost()", 10).awaited_by = 0x1234;
    const CoroutineChains chains{snapshot};
    REQUIRE(chains.innermost().size() == 3);
    for (const auto innermost : chains.innermost()) {
        CHECK(chains.chain(innermost, true).size() <= 4);
    }
}

TEST_CASE_METHOD(Chains, "a finished frame is a task where nobody holds it") {
    const auto inner = chain({"inner()", "outer()"});
    at(inner).state = State::done;
    const auto leaked = made.frame("leaked()", 10).address;
    at(leaked).state = State::done;
    const CoroutineChains chains{snapshot};
    REQUIRE(chains.innermost().size() == 2);
    CHECK(names(chains, chains.innermost()[0]) == Names{"outer()"});
    CHECK(names(chains, chains.innermost()[1]) == Names{"leaked()"});
}

TEST_CASE_METHOD(Chains, "what a frame holds without waiting for it is counted where it waits itself") {
    const auto holder = made.frame("holder()", 10).address;
    const auto hold = [&](CoroutineFrame& frame) -> CoroutineFrame& {
        frame.held_by = holder;
        return frame;
    };
    hold(made.frame("not_started()", 0));
    hold(made.frame("finished()", 10)).state = State::done;
    hold(made.frame("generator()", 20, "std::suspend_always"));
    hold(made.frame("part()", 10)).elided = true;
    CHECK(CoroutineChains{snapshot}.innermost().size() == 1);
    hold(made.frame("child()", 10));
    made.frame("not_started()", 0);
    made.frame("generator()", 20);
    made.frame("part()", 10).held_by = 0x1234; // which is not there
    CHECK(CoroutineChains{snapshot}.innermost().size() == 5);
}

TEST_CASE_METHOD(Chains, "a chain that a thread runs is no task beside that thread") {
    const auto inner = chain({"inner()", "outer()"});
    at(inner).state = State::running;
    at(inner).tid = 7;
    const auto waits_for_it = made.frame("also()", 10).address;
    at(waits_for_it).awaited_by = inner;
    chain({"alone()"});
    const CoroutineChains chains{snapshot};
    CHECK(chains.innermost().size() == 1);
    CHECK(chains.runs_on(7));
    CHECK_FALSE(chains.runs_on(8));
    CHECK(chains.running_on(7) == std::vector<std::uint32_t>{0});
}

TEST_CASE_METHOD(Chains, "Asio's own frames at both ends are left out, and the operation is what is waited for") {
    chain({timer, "session(int)", entry});
    chain({timer, entry});
    const CoroutineChains chains{snapshot};
    REQUIRE(chains.innermost().size() == 2);
    const auto session = chains.innermost()[0];
    CHECK(names(chains, session) == Names{"session(int)"});
    CHECK(names(chains, session, true) == Names{timer, "session(int)", entry});
    CHECK(chains.wait_reason(session) == WaitReason::timer);
    CHECK(chains.wait(session).operation == "basic_waitable_timer::async_wait");
    CHECK(names(chains, chains.innermost()[1]) == Names{timer, entry}); // there is nothing else
}

TEST_CASE_METHOD(Chains, "Asio's coroutine around an operation that nobody awaits is left over, unless it is certain") {
    at(chain({timer})).inferred = true;
    CHECK(CoroutineChains{snapshot}.innermost().empty());
    at(chain({timer})).inferred = false;
    CHECK(CoroutineChains{snapshot}.innermost().size() == 1);
}

TEST_CASE_METHOD(Chains, "why a coroutine waits is known of its suspend point, or not at all") {
    made.frame("reads()", 10, "ReadAwaiter");
    made.frame("new()", 0);
    made.frame("unknown()", 10).point = CoroutineFrame::no_point;
    const CoroutineChains chains{snapshot};
    CHECK(chains.wait_reason(0) == WaitReason::io_read);
    CHECK(chains.wait_reason(1) == WaitReason::not_started);
    CHECK(chains.wait_reason(2) == WaitReason::unknown);
}

TEST_CASE_METHOD(Chains, "what is registered and was found is one; the outermost that is registered is the task") {
    const auto inner = chain({timer, "inner()", "outer()", entry});
    const auto registered = [&](std::uint64_t id, std::uint64_t frame, std::uint64_t parent) {
        snapshot.task_frames.push_back({.frame = frame, .awaited_by = parent});
        TaskFacts task;
        task.id = id;
        task.kind = protocol::Kind::coroutine;
        task.frame = static_cast<std::uint32_t>(snapshot.task_frames.size() - 1);
        snapshot.tasks.push_back(task);
    };
    registered(1, at(at(inner).awaited_by).awaited_by, 0); // outer()
    registered(2, at(inner).awaited_by, 1);                // inner()
    registered(3, 0x1234, 4);                              // not found in memory
    registered(4, 0x1238, 0);
    registered(5, 0x123c, 99); // awaited by what is not registered
    const CoroutineChains chains{snapshot};
    CHECK(chains.innermost().empty());
    CHECK(chains.place(0).innermost == 0);
    CHECK(chains.place(1).is_part);
    CHECK(chains.place(2).is_part);
    REQUIRE(chains.place(3).innermost == 4);
    CHECK(chains.chain(4, false).size() == 2);
    CHECK(chains.place(4).innermost == 6);
    CHECK_FALSE(chains.place(4).is_part);
    CHECK(chains.innermost_task(0) == &snapshot.tasks[1]);
    CHECK(names(chains, 0) == Names{"inner()", "outer()"});
}

TEST_CASE("a snapshot without coroutines has no chains") {
    const Snapshot snapshot;
    const CoroutineChains chains{snapshot};
    CHECK(chains.innermost().empty());
    CHECK_FALSE(chains.runs_on(1));
    CHECK(chains.running_on(1).empty());
}

} // namespace tasks::inspect
