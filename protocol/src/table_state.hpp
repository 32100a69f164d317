// What a TableReader has besides its facts: the source, the checked directory and its buffers. All memory is taken
// when it is made.
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
    explicit State(const TableSource& from) : source(from) {}

    std::span<TaskRecord> first() noexcept { return {reinterpret_cast<TaskRecord*>(chunks.get()), chunk_records}; }
    std::span<TaskRecord> second() noexcept {
        return {reinterpret_cast<TaskRecord*>(chunks.get()) + chunk_records, chunk_records};
    }

    const TableSource& source;
    HeaderReader header;
    // Not written before they are read into: a reader that is only asked for facts costs no memory for them.
    std::unique_ptr<char[]> chunks = std::make_unique_for_overwrite<char[]>(2 * chunk_records * record_bytes);
    std::unique_ptr<char[]> texts = std::make_unique_for_overwrite<char[]>(site_text_bytes); ///< of the last site
};

} // namespace tasks::protocol
