// The program headers of an ELF image in this process's memory, copied through the kernel: what lies there may be any
// bytes, and may go away. Value type; 3.5 KiB, no allocation. Any thread.
#pragma once

#include <elf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tasks::agent {

class ProgramHeaders {
public:
    /// Of the image whose first page lies at `address`; none where there is no image.
    explicit ProgramHeaders(std::uint64_t address) noexcept;

    std::span<const Elf64_Phdr> headers() const noexcept { return {table_.data(), count_}; }

    /// What is added to an address of the file's to get one in memory: the first page belongs to the segment of
    /// offset 0.
    std::optional<std::uint64_t> bias() const noexcept;

private:
    static constexpr std::size_t most = 64;

    std::uint64_t image_;
    std::array<Elf64_Phdr, most> table_;
    std::size_t count_ = 0;
};

} // namespace tasks::agent
