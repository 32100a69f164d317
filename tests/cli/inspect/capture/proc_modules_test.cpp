#include "capture/proc_modules.hpp"

#include <cstring>

#include <catch2/catch.hpp>

#include <elf.h>

using namespace tasks::inspect;

namespace {

/// An image of one page with a build-id note.
std::string image(std::string_view build_id) {
    std::string bytes(4096, '\0');
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_phoff = sizeof header;
    header.e_phnum = 2;
    Elf64_Phdr load{};
    load.p_type = PT_LOAD;
    load.p_vaddr = 0x400000;
    Elf64_Phdr note{};
    note.p_type = PT_NOTE;
    note.p_vaddr = 0x400200;
    note.p_memsz = sizeof(Elf64_Nhdr) + 4 + build_id.size();
    const Elf64_Nhdr head{4, static_cast<Elf64_Word>(build_id.size()), NT_GNU_BUILD_ID};
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, &load, sizeof load);
    std::memcpy(bytes.data() + sizeof header + sizeof load, &note, sizeof note);
    std::memcpy(bytes.data() + 0x200, &head, sizeof head);
    std::memcpy(bytes.data() + 0x200 + sizeof head, "GNU", 4);
    std::memcpy(bytes.data() + 0x200 + sizeof head + 4, build_id.data(), build_id.size());
    return bytes;
}

/// Memory with that image at 0x7000.
ReadMemory memory_of(std::string bytes) {
    return [bytes = std::move(bytes)](std::uint64_t address, std::size_t count) {
        return address < 0x7000 || address - 0x7000 >= bytes.size() ? std::string{}
                                                                    : bytes.substr(address - 0x7000, count);
    };
}

} // namespace

TEST_CASE("the build-id is found in the notes of a mapped image") {
    CHECK(build_id_at(0x7000, memory_of(image("0123456789abcdefghij"))) == "0123456789abcdefghij");
}

TEST_CASE("no byte of an image, changed to anything, harms the reader") {
    const auto good = image("0123456789abcdefghij");
    for (std::size_t at = 0; at < 0x240; ++at) {
        for (const char value : {'\0', '\x7f', '\xff'}) {
            auto bytes = good;
            bytes[at] = value;
            CHECK(build_id_at(0x7000, memory_of(bytes)).size() <= 64);
        }
    }
}

TEST_CASE("an image cut anywhere has its build-id or none") {
    const auto good = image("0123456789abcdefghij");
    for (std::size_t size = 0; size < 0x240; ++size) {
        const auto id = build_id_at(0x7000, memory_of(good.substr(0, size)));
        CHECK((id.empty() || id == "0123456789abcdefghij"));
    }
}

TEST_CASE("executable mappings of files and the vdso are modules, others are not") {
    const auto modules = parse_modules("00007000-00008000 r--p 00000000 08:01 12    /srv/bin/pay ments\n"
                                       "00008000-00009000 r-xp 00001000 08:01 12    /srv/bin/pay ments\n"
                                       "0000a000-0000b000 rw-p 00000000 00:00 0 \n"
                                       "0000b000-0000c000 r-xp 00000000 00:00 0 \n"
                                       "0000c000-0000d000 rw-p 00000000 00:00 0     [heap]\n"
                                       "0000e000-0000f000 r-xp 00000000 00:00 0     [vdso]\n"
                                       "nonsense\n"
                                       "0000f000-0000e000 r-xp 00000000 08:01 12    /backwards\n",
                                       memory_of(image("build")));
    REQUIRE(modules.size() == 2);
    CHECK(modules[0].path == "/srv/bin/pay ments");
    CHECK(modules[0].start == 0x8000);
    CHECK(modules[0].end == 0x9000);
    CHECK(modules[0].file_offset == 0x1000);
    CHECK(modules[0].build_id == "build");
    CHECK(modules[1].path == "[vdso]");
    CHECK(modules[1].build_id.empty());
}
