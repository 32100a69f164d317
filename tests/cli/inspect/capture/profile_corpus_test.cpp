// The profile fuzzer's corpus through the same function that the fuzzer runs; it aborts where something does not hold.
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include <fuzz_entries.hpp>

TEST_CASE("the corpus of the profiles holds") {
    int files = 0;
    for (const auto& file :
         std::filesystem::directory_iterator{std::string{TASKS_SOURCE_DIR} + "/tests/fuzz/corpus/profile"}) {
        std::ifstream in{file.path(), std::ios::binary};
        std::string bytes(static_cast<std::size_t>(file.file_size()), '\0');
        REQUIRE(in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
        INFO(file.path());
        tasks::fuzz::profile(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        ++files;
    }
    CHECK(files > 20);
}
