// This process's own table as a TableSource that may be read on any thread, whatever becomes of the agent meanwhile: by
// the kernel's copy of our own memory. A registry is never freed, and the addresses of its table stay mapped when it
// retires; a file that somebody cut is a short read, not SIGBUS. No fd, no lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <tasks/protocol/table_reader.hpp>

#include "mappings.hpp"
#include "registry.hpp"

namespace tasks::agent {

class OwnTable final : public protocol::TableSource {
public:
    explicit OwnTable(Registry& registry) noexcept
        : start_(reinterpret_cast<std::uintptr_t>(&registry.file().header())), bytes_(registry.file().cap_bytes()) {}

    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override {
        if (offset >= bytes_)
            return 0;
        const std::uint64_t left = bytes_ - offset;
        return static_cast<std::int64_t>(
            read_memory(start_ + offset, into.first(std::min<std::uint64_t>(into.size(), left))));
    }

private:
    std::uint64_t start_;
    std::uint64_t bytes_;
};

} // namespace tasks::agent
