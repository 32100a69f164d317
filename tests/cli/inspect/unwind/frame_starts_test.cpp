#include "unwind/frame_starts.hpp"

#include <gelf.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include <catch2/catch.hpp>

namespace tasks::inspect {
namespace {

constexpr std::size_t any_number = 10'000'000;

/// This program's own file.
class OwnFile {
public:
    OwnFile() : fd_(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) {
        elf_version(EV_CURRENT);
        elf_ = elf_begin(fd_, ELF_C_READ, nullptr);
        REQUIRE(elf_ != nullptr);
    }
    ~OwnFile() {
        elf_end(elf_);
        ::close(fd_);
    }
    OwnFile(const OwnFile&) = delete;
    OwnFile& operator=(const OwnFile&) = delete;

    Elf* elf() const { return elf_; }

    /// A section's bytes and address.
    std::pair<std::string, std::uint64_t> section(std::string_view wanted) const {
        std::size_t names = 0;
        REQUIRE(elf_getshdrstrndx(elf_, &names) == 0);
        for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section)) != nullptr;) {
            GElf_Shdr header;
            REQUIRE(gelf_getshdr(section, &header) != nullptr);
            if (elf_strptr(elf_, names, header.sh_name) == wanted) {
                const Elf_Data* data = elf_rawdata(section, nullptr);
                return {{static_cast<const char*>(data->d_buf), data->d_size}, header.sh_addr};
            }
        }
        FAIL("no such section");
        return {};
    }

private:
    int fd_;
    Elf* elf_;
};

/// The linker's own list of them: pairs of offsets from the section's start, of a function and of its entry.
std::vector<std::uint64_t> starts_in_header(const std::string& bytes, std::uint64_t address) {
    std::vector<std::uint64_t> starts;
    for (std::size_t at = 12; at + 8 <= bytes.size(); at += 8) {
        std::int32_t offset = 0;
        std::memcpy(&offset, bytes.data() + at, sizeof offset);
        starts.push_back(address + static_cast<std::uint64_t>(std::int64_t{offset}));
    }
    return starts;
}

TEST_CASE("the starts in .eh_frame are those in the header that the linker makes") {
    const OwnFile file;
    auto starts = frame_starts(file.elf(), any_number);
    std::sort(starts.begin(), starts.end());
    const auto [bytes, address] = file.section(".eh_frame_hdr");
    CHECK(starts.size() > 1000);
    CHECK(starts == starts_in_header(bytes, address));
    CHECK(frame_starts(file.elf(), 10).size() == 10);
}

TEST_CASE("a section that is cut gives the starts before the cut") {
    const OwnFile file;
    auto [bytes, address] = file.section(".eh_frame");
    bytes.resize(600);
    const auto whole = frame_starts(bytes, address, any_number);
    REQUIRE(whole.size() > 3);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::string cut = bytes.substr(0, size); // its own allocation: a read behind it would be seen
        const auto starts = frame_starts(cut, address, any_number);
        REQUIRE(starts.size() <= whole.size());
        CHECK(std::equal(starts.begin(), starts.end(), whole.begin()));
    }
}

TEST_CASE("a section with any byte changed is read to some end") {
    const OwnFile file;
    auto [bytes, address] = file.section(".eh_frame");
    bytes.resize(600);
    for (std::size_t at = 0; at < bytes.size(); ++at)
        for (const char other : {'\0', '\x7f', '\x80', '\xff'}) {
            std::string changed = bytes;
            changed[at] = other;
            CHECK(frame_starts(changed, address, any_number).size() <= bytes.size() / 8);
        }
}

} // namespace
} // namespace tasks::inspect
