#include "program_headers.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "mappings.hpp"
#include "region.hpp"

namespace tasks::agent {

ProgramHeaders::ProgramHeaders(std::uint64_t address) noexcept : image_(address) {
    std::array<char, sizeof(Elf64_Ehdr)> bytes;
    if (read_memory(address, bytes) != bytes.size())
        return;
    const auto elf = std::bit_cast<Elf64_Ehdr>(bytes);
    if (std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
        elf.e_phentsize != sizeof(Elf64_Phdr) || elf.e_phoff > page_bytes)
        return;
    const std::size_t count = std::min<std::size_t>(elf.e_phnum, table_.size());
    const std::span<char> table{std::bit_cast<char*>(table_.data()), count * sizeof(Elf64_Phdr)};
    if (read_memory(address + elf.e_phoff, table) == table.size())
        count_ = count;
}

std::optional<std::uint64_t> ProgramHeaders::bias() const noexcept {
    for (const Elf64_Phdr& header : headers())
        if (header.p_type == PT_LOAD && header.p_offset == 0)
            return image_ - header.p_vaddr;
    return {};
}

} // namespace tasks::agent
