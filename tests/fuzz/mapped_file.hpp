// A fuzzer's input as a file that a process has mapped: a memory file, and where its code is said to be. Gone with it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "capture/snapshot.hpp"
#include "unwind/elf_image.hpp"

#include "must.hpp"

namespace tasks::fuzz {

class MappedFile {
public:
    static constexpr std::uint64_t bias = 0x7f0000000000;

    MappedFile(const inspect::ElfImage& image, const std::uint8_t* data, std::size_t size)
        : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        must(fd_ >= 0 && ::write(fd_, data, size) == static_cast<ssize_t>(size), "the file is written");
        facts_.path = "/proc/self/fd/" + std::to_string(fd_);
        for (const auto& segment : image.segments()) {
            if (!segment.executable || facts_.end != 0)
                continue;
            facts_.file_offset = segment.offset & ~(page - 1);
            facts_.start = bias + ((segment.address - (segment.offset - facts_.file_offset)) & ~(page - 1));
            facts_.end = facts_.start + std::min(largest, (segment.file_size / page + 2) * page);
        }
    }
    ~MappedFile() { ::close(fd_); }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    bool is_plausible() const { return facts_.end > facts_.start && facts_.start >= bias; }
    const inspect::ModuleFacts& facts() const { return facts_; }

private:
    static constexpr std::uint64_t page = 4096;
    static constexpr std::uint64_t largest = 16 * page;

    int fd_;
    inspect::ModuleFacts facts_;
};

} // namespace tasks::fuzz
