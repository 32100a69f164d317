// What is written is what is read, whatever the pieces it comes in; the bytes of version 1 stay as they are.
#include "saved/snapshot_reader.hpp"
#include "saved/snapshot_writer.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include <tasks/protocol/version.hpp>

#include "analysis/saved_names.hpp"
#include "inspect/saved/known_snapshot.hpp"

namespace tasks::inspect {
namespace {

std::string written(const Snapshot& snapshot, bool raw) {
    std::string bytes;
    REQUIRE(write_snapshot(snapshot, raw, [&](std::string_view piece) {
        bytes += piece;
        return true;
    }));
    return bytes;
}

Snapshot read(std::string_view bytes, std::size_t piece = 4096) {
    SnapshotReader reader;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        REQUIRE(reader.take(bytes.substr(0, piece)));
    }
    REQUIRE(reader.begun());
    return reader.finish();
}

std::string problem_of(std::string_view bytes) {
    SnapshotReader reader;
    if (reader.take(bytes)) {
        CHECK_FALSE(reader.begun());
    }
    return reader.problem();
}

bool tells(const Snapshot& snapshot, std::string_view what) {
    return std::ranges::any_of(snapshot.incomplete,
                               [&](const Incomplete& one) { return one.reason.find(what) != one.reason.npos; });
}

std::string golden(const std::string& bytes) {
    const std::string path = TASKS_SOURCE_DIR "/protocol/vectors/snapshot/v1.tasks";
    if (const char* approve = std::getenv("TASKS_APPROVE"); approve != nullptr && std::string_view{approve} == "1") {
        std::ofstream{path, std::ios::binary} << bytes;
    }
    std::ostringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("a snapshot that is read is written as the same bytes again, in whatever pieces it came [golden]",
          "[golden]") {
    const auto bytes = written(known_snapshot(), true);
    if (protocol::version == "0.1.0") { // the file names its writer
        CHECK(bytes == golden(bytes));
    }
    CHECK(written(read(golden(bytes)), true) == bytes);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        const auto again = read(bytes, piece);
        CHECK(again.incomplete.size() == known_snapshot().incomplete.size());
        CHECK(written(again, true) == bytes);
    }
}

TEST_CASE("stack bytes and registers are written only with raw") {
    const auto snapshot = known_snapshot();
    const auto bytes = written(snapshot, false);
    CHECK(bytes.find("secret") == bytes.npos);
    CHECK(written(snapshot, true).find("secret") != bytes.npos);
    const auto again = read(bytes);
    CHECK(again.threads[1].stack.empty());
    CHECK(again.threads[1].captured_running()); // its frames are there
}

TEST_CASE("fibers' stacks are saved by number, and their bytes only with raw") {
    auto snapshot = known_snapshot();
    FiberStack fiber;
    fiber.frame = 0x55d0c2000010;
    fiber.stack.sp = 0x7f0012340000;
    fiber.stack.pc = 0x55d0c0a13020;
    fiber.stack.stack = "of a fiber";
    fiber.stack.stack_cut = true;
    fiber.stack.saved_stack = 1;
    auto damaged = fiber;
    damaged.frame = 0x1000;
    damaged.stack.saved_stack = 99;
    snapshot.fibers = {fiber, damaged};
    CHECK(written(snapshot, false).find("of a fiber") == std::string::npos);
    const auto again = read(written(snapshot, true));
    REQUIRE(again.fibers.size() == 2);
    CHECK(again.fibers[0].frame == 0x1000); // by frame
    CHECK(again.fibers[0].stack.saved_stack == 0);
    const auto& stack = again.fibers[1].stack;
    CHECK(again.fibers[1].frame == fiber.frame);
    CHECK((stack.sp == fiber.stack.sp && stack.pc == fiber.stack.pc && stack.stack == fiber.stack.stack));
    CHECK((stack.stack_cut && stack.switched_away && stack.saved_stack == 1));
    CHECK(source_of(*again.names).unwind(stack).pcs == again.names->stacks[1].pcs);
}

TEST_CASE("a snapshot that ends early gives what there is, and says so") {
    const auto bytes = written(known_snapshot(), true);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        SnapshotReader reader;
        REQUIRE(reader.take(std::string_view{bytes}.substr(0, size)));
        if (reader.begun()) {
            CHECK(tells(reader.finish(), "ends early"));
        } else {
            CHECK_FALSE(reader.problem().empty());
        }
    }
}

TEST_CASE("every byte may be any other") {
    const auto bytes = written(known_snapshot(), true);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const char flip : {'\x01', '\x80', '\xff'}) {
            auto damaged = bytes;
            damaged[at] = static_cast<char>(damaged[at] ^ flip);
            SnapshotReader reader;
            if (reader.take(damaged) && reader.begun()) {
                const auto snapshot = reader.finish();
                CHECK(snapshot.threads.size() <= 3);
                for (const auto& task : snapshot.tasks) {
                    REQUIRE(task.scopes < snapshot.scope_lists.size());
                    REQUIRE(task.label < snapshot.labels.size());
                    REQUIRE(task.frame < snapshot.task_frames.size());
                }
                if (snapshot.coroutines) {
                    for (const auto& frame : snapshot.coroutines->frames) {
                        REQUIRE(frame.function < snapshot.coroutines->functions.size());
                        const auto& points = snapshot.coroutines->functions[frame.function].points;
                        REQUIRE((frame.point == CoroutineFrame::no_point || frame.point < points.size()));
                    }
                }
            } else {
                CHECK_FALSE(reader.problem().empty());
            }
        }
    }
}

TEST_CASE("records and fields of a later version are passed over") {
    auto bytes = written(known_snapshot(), true);
    const auto snapshot = read(bytes);
    bytes += std::string{"\xfa\x7f\x03xyz", 6};                                // record 2047, 3 bytes
    bytes += std::string{"\x52\x04\xf8\x7f\x01\x18", 6}.substr(0, 5) + "\x01"; // after the end: not counted
    CHECK(read(bytes).tasks.size() == snapshot.tasks.size());
}

TEST_CASE("coroutines are saved with all that is known of them; none found is not the same as not looked for") {
    const auto known = known_snapshot();
    const auto again = read(written(known, false));
    REQUIRE(again.coroutines);
    CHECK(again.coroutines->functions == known.coroutines->functions);
    CHECK(again.coroutines->frames == known.coroutines->frames);
    CHECK(again.coroutines->unscanned_bytes == 4096);
    CHECK(again.coroutines->values_read);
    Snapshot none;
    CHECK_FALSE(read(written(none, false)).coroutines);
    none.coroutines.emplace();
    CHECK(read(written(none, false)).coroutines);
}

TEST_CASE("a coroutine frame whose function is not there, or that is there twice, is left out and counted") {
    auto snapshot = known_snapshot();
    auto& frames = snapshot.coroutines->frames;
    frames.push_back(frames.front());
    frames.push_back({.address = 0x55d0c2000200, .function = 7});
    frames.front().point = 9;
    const auto again = read(written(snapshot, false));
    REQUIRE(again.coroutines->frames.size() == 2);
    CHECK(again.coroutines->frames.front().point == CoroutineFrame::no_point);
    CHECK(tells(again, "2 records left out"));
}

TEST_CASE("what is no snapshot, or of another version, is said to be so") {
    CHECK(problem_of("") == "is empty; give a file that --save wrote");
    CHECK(problem_of("\nother") == "is no snapshot; give a file that --save wrote");
    const auto title = written({}, false).substr(0, 17);
    CHECK(problem_of(title) == "ends before its header");
    CHECK(problem_of(title + std::string{"\x12\x02\x08\x02", 4}).starts_with("has version 2 of the format"));
    CHECK(problem_of(title + std::string{"\x12\x02\x08\x80", 4}).starts_with("is damaged: its header"));
    CHECK(problem_of(title + std::string{"\x13", 1} + title).starts_with("is damaged: it has no header"));
}

TEST_CASE("a record that is too long is passed over, though it never ends") {
    auto bytes = written(known_snapshot(), false);
    bytes += std::string{"\x5a\xff\xff\xff\xff\x0f", 6}; // 4 GiB
    CHECK(read(bytes).tasks.size() == known_snapshot().tasks.size());
}

TEST_CASE("stacks and names are found out once and looked up after") {
    auto snapshot = known_snapshot();
    snapshot.names.reset();
    std::size_t asked = 0;
    const StackSource source{[](const ThreadFacts&) { return Trace{{0x10, 0x20}, {true, false}, true, ""}; },
                             [&asked](std::uint64_t pc, bool) -> const std::vector<Frame>& {
                                 static std::vector<Frame> frames(1);
                                 ++asked;
                                 frames[0].function = pc == 0x10 ? "inner" : "outer";
                                 return frames;
                             }};
    name_all(source, snapshot);
    CHECK(asked == 5);                           // with where a thread and a coroutine were made and registered
    REQUIRE(snapshot.names->stacks.size() == 2); // with "none"
    const auto again = read(written(snapshot, false));
    const auto saved = source_of(*again.names);
    CHECK(saved.unwind(again.threads[0]).pcs == std::vector<std::uint64_t>{0x10, 0x20});
    CHECK(saved.frames(0x10, true)[0].function == "inner");
    CHECK(saved.frames(0x20, false)[0].function == "outer");
    CHECK(saved.frames(0x20, true)[0].function.empty()); // was never asked for
    CHECK(saved.frames(0x20, true)[0].address == 0x20);
}

} // namespace tasks::inspect
