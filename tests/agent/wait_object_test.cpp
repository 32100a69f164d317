#include <tasks/wait_object.hpp>

#include <optional>
#include <thread>
#include <vector>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

std::vector<protocol::WaitObject> objects(const OwnAgent& own) {
    const FileSource source{own.directory().only(protocol::table_suffix)};
    auto reader = protocol::TableReader::open(source);
    REQUIRE(reader);
    std::vector<protocol::WaitObject> told;
    reader->each_wait_object([&](const protocol::WaitObject& one) { told.push_back(one); });
    return told;
}

protocol::WaitObject only(const OwnAgent& own) {
    const auto told = objects(own);
    REQUIRE(told.size() == 1);
    return told.front();
}

} // namespace

TEST_CASE("a wait object is told with its address, and is no task") {
    const OwnAgent own;
    CHECK(objects(own).empty());
    const int channel = 0;
    const WaitObject object{&channel, "results"};
    CHECK(only(own).address == reinterpret_cast<std::uintptr_t>(&channel));
    const SeenTable table = own.table();
    CHECK(table.tasks.empty());
    CHECK(table.totals.damaged == 0);
    CHECK(table.totals.jobs_started == 0);
}

TEST_CASE("handles are counted, copies too, and the end of the last one is told with its time") {
    const OwnAgent own;
    const int channel = 0;
    const WaitObject object{&channel, "results"};
    CHECK(only(own).handles == 0);
    CHECK(only(own).handles_ended_ns == 0); // never had one
    {
        const WaitHandle first{object};
        WaitHandle copy{first}; // NOLINT(performance-unnecessary-copy-initialization)
        CHECK(only(own).handles == 2);
        const WaitHandle moved{std::move(copy)};
        CHECK(only(own).handles == 2);
        WaitHandle assigned;
        assigned = moved;
        CHECK(only(own).handles == 3);
        assigned = WaitHandle{};
        CHECK(only(own).handles == 2);
        CHECK(only(own).handles_ended_ns == 0);
    }
    CHECK(only(own).handles == 0);
    CHECK(only(own).handles_ended_ns != 0);
    const WaitHandle again{object};
    CHECK(only(own).handles == 1);
    CHECK(only(own).handles_ended_ns == 0);
}

TEST_CASE("a handle that outlives its object counts for nothing, not even for the next object") {
    const OwnAgent own;
    const int channel = 0;
    std::optional<WaitObject> object;
    object.emplace(&channel);
    std::optional<WaitHandle> handle;
    handle.emplace(*object);
    object.reset();
    CHECK(objects(own).empty());
    const WaitObject next{&channel};
    const WaitHandle its{next};
    handle.reset();
    CHECK(only(own).handles == 1);
}

TEST_CASE("an object of before the agent, or of an earlier one, tells nothing") {
    const int channel = 0;
    const WaitObject before{&channel};
    std::optional<WaitObject> object;
    std::optional<WaitHandle> handle;
    {
        const OwnAgent own;
        const WaitHandle of_before{before};
        CHECK(objects(own).empty());
        object.emplace(&channel);
        handle.emplace(*object);
        CHECK(only(own).handles == 1);
    }
    const OwnAgent next;
    handle.reset();
    object.reset();
    CHECK(objects(next).empty());
}

TEST_CASE("handles of many threads at once leave none behind") {
    const OwnAgent own;
    const int channel = 0;
    const WaitObject object{&channel};
    const WaitHandle first{object};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&first] {
            for (int round = 0; round < 1000; ++round)
                const WaitHandle mine{first};
        });
    for (auto& thread : threads)
        thread.join();
    CHECK(only(own).handles == 1);
}

TEST_CASE("a forked child's handles do not count in the parent") {
    const OwnAgent own;
    const int channel = 0;
    const WaitObject object{&channel};
    const WaitHandle handle{object};
    CHECK(in_child([&] {
              const WaitHandle another{handle};
              return 0;
          }) == 0);
    CHECK(only(own).handles == 1);
}
