#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/wait.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <thread>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

/// The label of the only task there is.
std::string only_label(const OwnAgent& own) {
    const auto tasks = own.table().tasks;
    REQUIRE(tasks.size() == 1);
    return tasks[0].label;
}

std::string label_of(std::string_view text) {
    const OwnAgent own;
    const Job job{"job"};
    const Label label{"key", text};
    return only_label(own);
}

} // namespace

TEST_CASE("a label is told with its task, and gone when its scope ends") {
    const OwnAgent own;
    const Job job{"job"};
    {
        const Label label{"request", "8431"};
        CHECK(only_label(own) == "request=8431");
    }
    CHECK(only_label(own).empty());
}

TEST_CASE("of nested labels the inner one is told, then the outer one again") {
    const OwnAgent own;
    const Job job{"job"};
    const Label outer{"request", "a text of more than one word"};
    {
        const Label inner{"attempt", "2"};
        CHECK(only_label(own) == "attempt=2");
        const Label innermost{"attempt", ""};
        CHECK(only_label(own) == "attempt=");
    }
    CHECK(only_label(own) == "request=a text of more than one word");
}

TEST_CASE("a label's number may be of any type") {
    const OwnAgent own;
    const Job job{"job"};
    const auto label_with = [&](auto number) {
        const Label label{"n", number};
        return only_label(own);
    };
    CHECK(label_with(0) == "n=0");
    CHECK(label_with(-17) == "n=-17");
    CHECK(label_with(true) == "n=1");
    CHECK(label_with(std::uint8_t{200}) == "n=200");
    CHECK(label_with(std::numeric_limits<std::uint64_t>::max()) == "n=18446744073709551615");
    CHECK(label_with(std::numeric_limits<std::int64_t>::min()) == "n=-9223372036854775808");
}

TEST_CASE("a label's text is cut at 31 bytes, between two characters") {
    const std::string longest(31, 'x');
    CHECK(label_of(longest) == "key=" + longest);
    CHECK(label_of(longest + "y") == "key=" + longest + "...");
    const std::string two = "\xc3\xb6";          // an o with two dots
    const std::string three = "\xe2\x82\xac";    // a euro
    const std::string four = "\xf0\x9f\x98\x80"; // a face
    const std::string x28(28, 'x');
    CHECK(label_of(x28 + three) == "key=" + x28 + three);
    CHECK(label_of(x28 + "x" + three) == "key=" + x28 + "x...");
    CHECK(label_of(x28 + four) == "key=" + x28 + "...");
    CHECK(label_of(x28 + "xx" + two) == "key=" + x28 + "xx...");
    CHECK(label_of(x28 + "x" + two + "y") == "key=" + x28 + "x" + two + "...");
    CHECK(label_of(std::string(100'000, '\x80')) == "key=" + std::string(31, '\x80') + "..."); // no UTF-8
    CHECK(label_of(std::string_view{}) == "key=");
}

TEST_CASE("a label's text ends at a zero byte, and is told as cut") {
    CHECK(label_of(std::string_view{"ab\0cd", 5}) == "key=ab...");
    CHECK(label_of(std::string(31, 'x') + std::string(1, '\0')) == "key=" + std::string(31, 'x') + "...");
}

TEST_CASE("a handle inherits the label of the task that begins it, and keeps it") {
    const OwnAgent own;
    std::optional<JobHandle> handle;
    {
        const Label label{"request", "8431"};
        handle.emplace("send receipt");
        const Label other{"request", "9000"};
    }
    CHECK(only_label(own) == "request=8431");
    // Its record is used again: for a task without a label.
    handle.reset();
    const JobHandle next{"without"};
    CHECK(only_label(own).empty());
}

TEST_CASE("a job inherits the label of its thread") {
    const OwnAgent own;
    const Label label{"request", "8431"};
    const Job job{"job"};
    CHECK(only_label(own) == "request=8431");
}

TEST_CASE("a handle's own label takes the place of the one that it inherited") {
    const OwnAgent own;
    const Label label{"request", "8431"};
    JobHandle handle{"send receipt"};
    handle.label("receipt", "17");
    const auto found = own.table().named("send receipt");
    REQUIRE(found.size() == 1);
    CHECK(found[0].label == "receipt=17");
    handle.label("receipt", "of a customer with a very long name");
    CHECK(own.table().named("send receipt").at(0).label == "receipt=of a customer with a very long ...");
}

TEST_CASE("a thread with a label and no job is told as a thread that runs") {
    const OwnAgent own;
    {
        const Label label{"shard", 3};
        const auto tasks = own.table().tasks;
        REQUIRE(tasks.size() == 1);
        CHECK(tasks[0].task.kind == protocol::Kind::thread);
        CHECK(tasks[0].task.state == protocol::State::running);
        CHECK(tasks[0].label == "shard=3");
    }
    CHECK(own.table().tasks.empty());
}

TEST_CASE("a thread that ended with a label leaves none to the next one in its place") {
    const OwnAgent own;
    std::optional<Label> left;
    std::thread([&] { left.emplace("shard", 3); }).join();
    std::string seen;
    std::thread([&] {
        const Job job{"job"};
        seen = only_label(own);
        left.reset(); // of another thread: does nothing
        CHECK(only_label(own) == seen);
    }).join();
    CHECK(seen.empty());
}

TEST_CASE("without an agent, and after it, labels do nothing") {
    const Label label{"request", 1};
    JobHandle handle;
    handle.label("request", "1");
    std::optional<OwnAgent> own{std::in_place};
    std::optional<Label> second{std::in_place, "request", 2};
    JobHandle begun{"begun"};
    own.reset();
    begun.label("request", "3");
    const OwnAgent other;
    second.reset();
    const Job job{"job"};
    CHECK(only_label(other).empty());
}
