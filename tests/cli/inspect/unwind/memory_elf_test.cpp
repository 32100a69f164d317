// MemoryElf, as ElfImage reads it back.
#include <catch2/catch.hpp>

#include "unwind/elf_image.hpp"
#include "unwind/memory_elf.hpp"

using namespace tasks::inspect;

namespace {

ElfImage read_back(const MemoryElf& file) {
    auto opened = OpenFile::open(file.path());
    REQUIRE(opened);
    auto image = ElfImage::from_file(*std::move(opened));
    REQUIRE(image);
    return *std::move(image);
}

} // namespace

TEST_CASE("a file in memory has the sections it was made of") {
    const auto file =
        MemoryElf::made({{".debug_info.dwo", "some"}, {".debug_line.dwo", ""}, {".debug_str.dwo", "text"}});
    REQUIRE(file);
    const ElfImage image = read_back(*file);
    CHECK(image.plain_bytes(".debug_info.dwo", 100) == "some");
    CHECK(image.plain_bytes(".debug_str.dwo", 100) == "text");
    CHECK_FALSE(image.has_section(".debug_line.dwo"));
    CHECK(image.plain_bytes(".debug_str.dwo", 3).empty());
}

TEST_CASE("zeros follow each section of a file in memory") {
    const auto file = MemoryElf::made({{".debug_str.dwo", "text without an end"}});
    REQUIRE(file);
    const ElfImage image = read_back(*file);
    const auto place = image.section_place(".debug_str.dwo");
    REQUIRE(place);
    char after = 'x';
    REQUIRE(image.read_at(place->offset + place->size, &after, 1) == 1);
    CHECK(after == 0);
}

TEST_CASE("text of a section can be changed in our copy, within its bounds") {
    const auto file = MemoryElf::made({{".debug_str", "one two"}});
    REQUIRE(file);
    ElfImage image = read_back(*file);
    image.pad_section(".debug_str");
    char* all = image.writable(".debug_str", nullptr, 1);
    CHECK(all == nullptr);
    const std::string elsewhere = "one two";
    CHECK(image.writable(".debug_str", elsewhere.c_str(), 1) == nullptr);
}
