// The fuzzers' corpora through the same functions that the fuzzers run; those abort where something does not hold.
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "fuzz_entries.hpp"

namespace {

using Entry = void (*)(const std::uint8_t*, std::size_t);

int run_corpus(const char* name, Entry entry) {
    int files = 0;
    for (const auto& file :
         std::filesystem::directory_iterator{std::string{TASKS_SOURCE_DIR} + "/tests/fuzz/corpus/" + name}) {
        std::ifstream in{file.path(), std::ios::binary};
        std::string bytes(static_cast<std::size_t>(file.file_size()), '\0');
        REQUIRE(in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
        INFO(file.path());
        entry(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
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
