// What a TableReader has besides its facts: the source, the checked directory and its buffers. All memory is taken
// when it is made, from the heap or from whoever opens it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <tasks/protocol/table_reader.hpp>

#include "table_header.hpp"

namespace tasks::protocol {

/// 64 KiB a read: 8 KiB and 512 KiB make a walk 15 % slower, 128 KiB 3 % faster. Two of them stay in a core's cache.
inline constexpr std::size_t chunk_records = 512;
/// A site's three texts, each with a length of 16 bits.
inline constexpr std::size_t site_text_bytes = 3 * 65535;

struct TableReader::State {
    static constexpr std::size_t chunk_bytes = 2 * chunk_records * record_bytes;
    static constexpr std::size_t buffer_bytes = chunk_bytes + site_text_bytes;

    // Not written before they are read into: a reader that is only asked for facts costs no memory for them.
    explicit State(const TableSource& from)
        : source(from), own(std::make_unique_for_overwrite<char[]>(buffer_bytes)), buffers(own.get()) {}
    /// `memory` holds buffer_bytes, aligned for records.
    State(const TableSource& from, char* memory) noexcept : source(from), buffers(memory) {}

    std::span<TaskRecord> first() noexcept { return {reinterpret_cast<TaskRecord*>(buffers), chunk_records}; }
    std::span<TaskRecord> second() noexcept {
        return {reinterpret_cast<TaskRecord*>(buffers) + chunk_records, chunk_records};
    }
    char* texts() noexcept { return buffers + chunk_bytes; } ///< of the last site

    const TableSource& source;
    HeaderReader header;
    std::unique_ptr<char[]> own;
    char* buffers;
};

} // namespace tasks::protocol
