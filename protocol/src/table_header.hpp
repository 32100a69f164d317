// Reads and checks a table's header and segment directory. A directory that passes lies wholly inside the file,
// ascending and without overlap, so that no record is ever counted twice. Allocates only for the sentence of a
// failure. One thread at a time; no I/O but through the TableSource.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <tasks/protocol/table_layout.hpp>
#include <tasks/protocol/table_reader.hpp>

namespace tasks::protocol {

/// Reads until `into` is full, the file ends (less is returned) or an error (a negative errno).
std::int64_t read_whole(const TableSource& source, std::uint64_t offset, std::span<char> into) noexcept;

template <class Object> std::span<char> bytes_of(Object& object) noexcept {
    return {reinterpret_cast<char*>(&object), sizeof object};
}

/// The segments that were found good.
struct Directory {
    std::array<Segment, max_segments> segments{};
    std::uint32_t count = 0;
    std::uint64_t bytes = 0;   ///< header and segments
    std::uint64_t records = 0; ///< of record_bytes, in the record segments
    std::uint32_t sites = 0;   ///< places in the site segments, at most max_sites
};

enum class HeaderFault {
    none,
    read_error,
    too_short,
    no_magic,
    other_version,
    other_record_size,
    too_many_segments,
    segment_of_no_kind,
    segment_misplaced,
    segment_of_odd_size,
    beyond_the_end,
};

/// What became of the header: the fault, and the number that its sentence needs.
struct HeaderCheck {
    HeaderFault fault = HeaderFault::none;
    std::uint64_t number = 0;
};

/// The header as the table had it between two reads: `segment_count` of the first, so that every entry that it counts
/// was whole at the second; history entries that changed in between are empty.
class HeaderReader {
public:
    /// `header()` and `directory()` are good when the fault is none.
    HeaderCheck read(const TableSource& source) noexcept;

    const TableHeader& header() const noexcept { return header_; }
    const Directory& directory() const noexcept { return directory_; }

private:
    HeaderCheck read_twice(const TableSource& source) noexcept;
    HeaderCheck check_directory() noexcept;

    TableHeader first_;
    TableHeader header_;
    Directory directory_;
};

/// The failure of HeaderReader::read as an error with its sentence.
TableError explain(const HeaderCheck& check);

/// The header's facts that are numbers.
void take_numbers(const TableHeader& header, const Directory& directory, TableFacts& facts) noexcept;
/// Its texts and the history. Allocates nothing when `facts` has room for a name, a boot id and the whole history.
void take_texts(const TableHeader& header, TableFacts& facts);

} // namespace tasks::protocol
