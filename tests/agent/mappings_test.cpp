// Lines of maps, and build-ids read from the process's own memory.
#include <catch2/catch.hpp>

#include <link.h>
#include <sys/mman.h>

#include <cstring>

#include "mappings.hpp"
#include "region.hpp"

using namespace tasks::agent;

namespace {

/// The build-id of the program as the dynamic linker sees it: the notes of its program headers.
std::string own_build_id(std::uint64_t& image) {
    struct Found {
        std::string id;
        std::uint64_t image = 0;
    } found;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) {
            auto& into = *static_cast<Found*>(to);
            for (int at = 0; at < info->dlpi_phnum; ++at) {
                const auto& header = info->dlpi_phdr[at];
                const std::uint64_t address = info->dlpi_addr + header.p_vaddr;
                if (header.p_type == PT_LOAD && header.p_offset == 0)
                    into.image = address;
                if (header.p_type != PT_NOTE)
                    continue;
                const auto* bytes = reinterpret_cast<const char*>(address);
                for (std::size_t offset = 0; offset + 16 <= header.p_memsz;) {
                    ElfW(Nhdr) note;
                    std::memcpy(&note, bytes + offset, sizeof note);
                    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4)
                        into.id.assign(bytes + offset + 16, note.n_descsz);
                    offset += sizeof note + ((note.n_namesz + 3) & ~3u) + ((note.n_descsz + 3) & ~3u);
                }
            }
            return 1; // the program itself comes first
        },
        &found);
    image = found.image;
    return found.id;
}

} // namespace

TEST_CASE("A line of maps is read") {
    Mapping mapping;
    REQUIRE(parse_mapping("5640c3fda000-5640c3fdf000 r-xp 00002000 fe:00 247134                     /usr/bin/a cat",
                          mapping));
    CHECK(mapping.start == 0x5640c3fda000);
    CHECK(mapping.end == 0x5640c3fdf000);
    CHECK(mapping.executable);
    CHECK(mapping.file_offset == 0x2000);
    CHECK(mapping.device == "fe:00");
    CHECK(mapping.inode == 247134);
    CHECK(mapping.path == "/usr/bin/a cat");
}

TEST_CASE("An anonymous mapping has no path") {
    Mapping mapping;
    REQUIRE(parse_mapping("7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ", mapping));
    CHECK_FALSE(mapping.executable);
    CHECK(mapping.path.empty());
}

TEST_CASE("What is no line of maps is refused") {
    Mapping mapping;
    for (const char* line :
         {"", "x", "5640c3fda000", "5640c3fda000-", "5640-5641 r-xp", "2000-1000 r-xp 0 fe:00 1 /a",
          "1000-2000 r 0 fe:00 1 /a", "1000-2000 r-xp zz fe:00 1 /a", "11111111111111111111-2 r-xp 0 fe:00 1 /a"})
        CHECK_FALSE(parse_mapping(line, mapping));
}

TEST_CASE("The build-id in memory is that of the program's notes") {
    std::uint64_t image = 0;
    const std::string expected = own_build_id(image);
    REQUIRE_FALSE(expected.empty());
    std::array<char, max_build_id_bytes> bytes{};
    const std::size_t length = build_id_at(image, bytes);
    CHECK(std::string(bytes.data(), length) == expected);
}

TEST_CASE("Memory that is no ELF image, or cannot be read, has no build-id") {
    std::array<char, max_build_id_bytes> bytes{};
    Region region{page_bytes};
    const std::span<char> page = region.take(page_bytes);
    const auto address = reinterpret_cast<std::uint64_t>(page.data());
    CHECK(build_id_at(address, bytes) == 0);
    CHECK(build_id_at(16, bytes) == 0);
    // A header that promises 65,535 program headers behind it.
    std::memcpy(page.data(), ELFMAG, SELFMAG);
    page[EI_CLASS] = ELFCLASS64;
    std::memset(page.data() + sizeof(Elf64_Ehdr) - 10, 0xff, 10);
    CHECK(build_id_at(address, bytes) == 0);
}

TEST_CASE("Memory is read up to the first page that cannot be") {
    Region region{2 * page_bytes};
    const std::span<char> pages = region.take(2 * page_bytes);
    REQUIRE(::mprotect(pages.data() + page_bytes, page_bytes, PROT_NONE) == 0);
    std::vector<char> into(page_bytes);
    const auto address = reinterpret_cast<std::uint64_t>(pages.data());
    CHECK(read_memory(address + 100, into) == page_bytes - 100);
    CHECK(read_memory(address + page_bytes, into) == 0);
    CHECK(read_memory(0, into) == 0);
}

TEST_CASE("The region's neighbours cannot be read") {
    Region region{page_bytes};
    const std::span<char> page = region.take(page_bytes);
    std::array<char, 1> byte{};
    CHECK(read_memory(reinterpret_cast<std::uint64_t>(page.data()) - 1, byte) == 0);
    CHECK(read_memory(reinterpret_cast<std::uint64_t>(page.data()) + page_bytes, byte) == 0);
    CHECK(region.take(1).empty());
}
