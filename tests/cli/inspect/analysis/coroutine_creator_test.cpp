// Who created a coroutine, from the frames of where it was registered and of what that returns to.
#include <catch2/catch.hpp>

#include "analysis/coroutine_creator.hpp"

using namespace tasks::inspect;

namespace {

using Names = std::vector<std::string>;

std::vector<Frame> frames(const Names& names) {
    std::vector<Frame> all;
    for (const auto& name : names) {
        all.emplace_back().function = name;
    }
    return all;
}

Names creators(const Names& registered_in, const Names& caller, const std::string& coroutine) {
    Names names;
    for (const auto& frame : creator_frames(frames(registered_in), frames(caller), coroutine)) {
        names.push_back(frame.function);
    }
    return names;
}

} // namespace

TEST_CASE("a coroutine's function that was not inlined was called by what it returns to") {
    REQUIRE(creators({"Promise::get_return_object", "awaitable<int> (anonymous namespace)::query(long)"},
                     {"serve(int)"}, "query") == Names{"serve(int)"});
}

TEST_CASE("a coroutine's function that was inlined was called by the function that it lies in") {
    REQUIRE(creators({"session(tcp::socket)", "Server::accept()", "main"}, {"__libc_start_call_main"}, "session") ==
            Names{"Server::accept()", "main", "__libc_start_call_main"});
    REQUIRE(creators({"walk(int)", "walk(int) [clone .actor]"}, {"run()"}, "walk") ==
            Names{"walk(int) [clone .actor]", "run()"});
}

TEST_CASE("names of coroutine functions are found behind templates, lambdas and what the compiler adds") {
    for (const char* name :
         {"Backend<int>::query<void (*)()>(long) const", "query", "task<int> a::b<c::query>::query(d<e>)",
          "query(int) [clone .constprop.0]", "(anonymous namespace)::query(f::g)"}) {
        INFO(name);
        REQUIRE(creators({name, "outer"}, {}, "query") == Names{"outer"});
    }
    REQUIRE(creators({"serve()::{lambda(int)#1}::operator()(int) const", "serve()"}, {}, "operator()") ==
            Names{"serve()"});
}

TEST_CASE("where no frame is the coroutine's function its return address tells") {
    REQUIRE(creators({"query_all(int)", "a::query::b()"}, {"main"}, "query") == Names{"main"});
    REQUIRE(creators({""}, {"main"}, "") == Names{"main"});
    REQUIRE(creators({}, {}, "query").empty());
}
