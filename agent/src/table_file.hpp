// The table's file and its one mapping. The address range of the whole cap is mapped at once; the file behind it
// grows in segments, always fallocated first, so that no store meets a hole (a sparse file on a full tmpfs is a
// later SIGBUS). Growing is for the agent's thread alone; everything handed out stays valid for the process's life.
// Where the directory has no room for it the file is a memfd: seen through the socket alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <boost/interprocess/mapped_region.hpp>

#include <tasks/protocol/result.hpp>
#include <tasks/protocol/table_layout.hpp>
#include <tasks/protocol/table_reader.hpp>

#include "identity.hpp"
#include "watched_fd.hpp"

namespace tasks::agent {

/// Header, one page each of sites and text, and some records: below that a table is of no use.
inline constexpr std::size_t least_table_bytes = std::size_t{64} * 1024;

struct TableLimits {
    std::size_t cap_bytes = 0;
    std::size_t initial_bytes = 0;
};

class TableFile final : public protocol::TableSource {
public:
    /// `directory_fd` < 0: a memfd. The file appears under `name` only when it is whole. Failure: a sentence's end.
    static Result<TableFile> create(int directory_fd, const std::string& name, const Identity& identity,
                                    TableLimits limits);

    TableFile(TableFile&&) noexcept = default;
    TableFile& operator=(TableFile&&) noexcept = default;

    protocol::TableHeader& header() noexcept { return *reinterpret_cast<protocol::TableHeader*>(base()); }

    /// The object at an offset inside a segment. The range must have been handed out by append().
    template <class T> T* at(std::uint64_t offset) noexcept { return reinterpret_cast<T*>(base() + offset); }

    /// Appends a segment, as large as asked or as the cap leaves room for, at least `least` bytes; all zero. The
    /// agent's thread only (or before it runs). Nothing: no room; the table stays as it was.
    struct Piece {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
    };
    Piece append(protocol::SegmentKind kind, std::size_t bytes, std::size_t least) noexcept;

    std::size_t file_bytes() const noexcept { return file_bytes_; }
    std::size_t initial_bytes() const noexcept { return initial_bytes_; }
    std::size_t cap_bytes() const noexcept { return region_.get_size(); }

    /// Replaces what was handed out by private memory, gives the rest of the mapping back, and closes the file: late
    /// writers write into nothing that counts.
    void detach() noexcept;

    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override;

private:
    TableFile(OwnedFd fd, boost::interprocess::mapped_region region) noexcept;
    char* base() noexcept { return static_cast<char*>(region_.get_address()); }
    void write_header(const Identity& identity) noexcept;

    WatchedFd fd_;
    boost::interprocess::mapped_region region_;
    std::size_t file_bytes_ = 0; // header and segments
    std::size_t room_bytes_ = 0; // fallocated
    std::size_t initial_bytes_ = 0;
};

} // namespace tasks::agent
