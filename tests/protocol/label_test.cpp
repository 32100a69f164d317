// Labels in the table: text of any bytes, a key that is a site; what cannot be is left out, the task stays.
#include <tasks/protocol/table_reader.hpp>

#include <catch2/catch.hpp>

#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

/// A job with that label, and its walk.
Walked walk_with(const LabelField& label) {
    TestTable table;
    table.add_job(table.add_site("job", "f", "f.cpp", 1)).label = label;
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    auto walked = walk(reader);
    REQUIRE(walked.tasks.size() == 1);
    return walked;
}

char* bytes_of(LabelField& label) { return reinterpret_cast<char*>(label.text.data()); }

} // namespace

TEST_CASE("a label is told with its key, its text and whether it was cut") {
    const auto whole = walk_with(label(1, "8431"));
    CHECK(whole.tasks[0].label_key == 1);
    CHECK(whole.tasks[0].label_text == "8431");
    CHECK_FALSE(whole.tasks[0].label_cut);
    const std::string longest(max_label_bytes, '\xff');
    const auto cut = walk_with(label(1, longest, true));
    CHECK(cut.tasks[0].label_text == longest);
    CHECK(cut.tasks[0].label_cut);
    CHECK(cut.totals.damaged == 0);
    CHECK(walk_with(label(1, "")).tasks[0].label_key == 1);
    CHECK(walk_with({}).tasks[0].label_key == 0);
}

TEST_CASE("a label that cannot be is none, is counted, and the task is told") {
    const auto damaged = [](const LabelField& label) {
        const auto walked = walk_with(label);
        CHECK(walked.tasks[0].label_key == 0);
        CHECK(walked.tasks[0].label_text.empty());
        CHECK_FALSE(walked.tasks[0].label_cut);
        return walked.totals.damaged;
    };
    CHECK(damaged(label(65, "8431")) == 1); // no such site
    CHECK(damaged(label(0xffffffff, "8431")) == 1);
    auto two_ends = label(1, "8431");
    bytes_of(two_ends)[5] = 'x'; // behind the zero
    CHECK(damaged(two_ends) == 1);
    for (const int mark : {2, 127, 128, 255}) {
        auto marked = label(1, "8431");
        bytes_of(marked)[max_label_bytes] = static_cast<char>(mark);
        CHECK(damaged(marked) == 1);
    }
    auto no_key = label(0, "8431");
    CHECK(damaged(no_key) == 0);
}

TEST_CASE("a thread that has a label and no job is a task that runs") {
    TestTable table;
    auto& thread = table.add_thread(5);
    thread.label = label(table.add_site("shard", "f", "f.cpp", 1), "3");
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    const auto walked = walk(reader);
    REQUIRE(walked.tasks.size() == 1);
    CHECK(walked.tasks[0].kind == Kind::thread);
    CHECK(walked.tasks[0].state == State::running);
    CHECK(walked.tasks[0].tid == 5);
    CHECK(walked.tasks[0].label_text == "3");
}
