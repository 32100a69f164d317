// The fuzzers' corpora through the same functions that the fuzzers run; those abort where something does not hold.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "fuzz_entries.hpp"

namespace {

using Entry = void (*)(const std::uint8_t*, std::size_t);

std::filesystem::directory_iterator corpus(const std::string& name) {
    return std::filesystem::directory_iterator{std::string{TASKS_SOURCE_DIR} + "/tests/fuzz/corpus/" + name};
}

std::string content(const std::filesystem::directory_entry& file) {
    std::ifstream in{file.path(), std::ios::binary};
    std::string bytes(static_cast<std::size_t>(file.file_size()), '\0');
    REQUIRE(in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
    return bytes;
}

void run(Entry entry, const std::string& bytes) {
    entry(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

int run_corpus(const char* name, Entry entry) {
    int files = 0;
    for (const auto& file : corpus(name)) {
        INFO(file.path());
        run(entry, content(file));
        ++files;
    }
    return files;
}

} // namespace

TEST_CASE("the corpus of the frame decoder holds") {
    CHECK(run_corpus("frame_decoder", tasks::fuzz::frame_decoder) > 10);
}
TEST_CASE("the corpus of the messages holds") { CHECK(run_corpus("messages", tasks::fuzz::messages) > 10); }
TEST_CASE("the corpus of the table holds") { CHECK(run_corpus("table", tasks::fuzz::table) > 10); }
TEST_CASE("the corpus of the profiles holds") { CHECK(run_corpus("profile", tasks::fuzz::profile) > 10); }
TEST_CASE("the corpus of the agent's request reader holds") {
    CHECK(run_corpus("request_reader", tasks::fuzz::request_reader) > 10);
}
TEST_CASE("the corpus of an agent's answers holds") { CHECK(run_corpus("answers", tasks::fuzz::answers) > 10); }
TEST_CASE("the corpus of the saved snapshots holds") { CHECK(run_corpus("snapshot", tasks::fuzz::snapshot) > 10); }
TEST_CASE("the corpus of the notes of cores holds") { CHECK(run_corpus("core_notes", tasks::fuzz::core_notes) > 10); }
TEST_CASE("the corpus of the perf records holds") { CHECK(run_corpus("perf_records", tasks::fuzz::perf_records) > 10); }
TEST_CASE("the corpus of the program headers holds") {
    CHECK(run_corpus("program_headers", tasks::fuzz::program_headers) > 8);
}
TEST_CASE("the corpus of mapped files holds") { CHECK(run_corpus("module", tasks::fuzz::module) > 5); }
TEST_CASE("the corpus of coroutine functions holds") { CHECK(run_corpus("coroutines", tasks::fuzz::coroutines) > 4); }

TEST_CASE("coroutine functions of damaged files are looked at") {
    const char* asked = std::getenv("TASKS_TEST_DAMAGED");
    const int damages = asked == nullptr ? 40 : std::atoi(asked);
    std::mt19937 random{5};
    for (const auto& file : corpus("coroutines")) {
        const std::string whole = content(file);
        for (int i = 0; i < damages; ++i) {
            std::string damaged = whole;
            for (auto bytes = 1u << random() % 9; bytes > 0; --bytes) // headers are in front: most is to be read still
                damaged[64 + random() % (damaged.size() - 64)] = static_cast<char>(random());
            INFO(file.path() << " damaged " << i);
            run(tasks::fuzz::coroutines, damaged);
        }
    }
    SUCCEED();
}
