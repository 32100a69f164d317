// What a TableReader has besides its facts: the source, the checked directory and its buffers. All memory is taken
// when it is made.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <tasks/protocol/table_reader.hpp>

#include "table_header.hpp"

namespace tasks::protocol {

/// 64 KiB a read: 8 KiB and 512 KiB make a walk 15 % slower, 128 KiB 3 % faster. Two of them stay in a core's cache.
inline constexpr std::size_t chunk_records = 512;
/// A site's three texts, each with a length of 16 bits.
inline constexpr std::size_t site_text_bytes = 3 * 65535;

struct TableReader::State {
    explicit State(const TableSource& from)
        : source(from), texts(std::make_unique_for_overwrite<char[]>(site_text_bytes)) {}

    const TableSource& source;
    HeaderReader header;
    std::array<TaskRecord, chunk_records> first;  ///< the first look at a chunk
    std::array<TaskRecord, chunk_records> second; ///< and the second
    std::unique_ptr<char[]> texts;                ///< of the site asked for last
};

} // namespace tasks::protocol
