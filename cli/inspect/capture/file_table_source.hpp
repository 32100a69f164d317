// A task table in a file as a TableSource: pread with a deadline. The file is the target's: it must be a regular file
// of the process's user or root, and it is neither locked nor mapped. Owns the fd. Any thread.
#pragma once

#include <memory>
#include <span>
#include <string>

#include <tasks/protocol/table_reader.hpp>

#include "capture/deadline.hpp"
#include "capture/file_descriptor.hpp"
#include "capture/target.hpp"
#include "error.hpp"

namespace tasks::inspect {

class FileTableSource final : public protocol::TableSource {
public:
    FileTableSource(FileDescriptor file, Deadline deadline) : file_(std::move(file)), deadline_(deadline) {}

    /// -ETIMEDOUT once the deadline has passed: a sparse file of many GiB must not hold us.
    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override;

private:
    FileDescriptor file_;
    Deadline deadline_;
};

/// An opened table; the reader reads from the source beside it.
struct OpenTable {
    std::unique_ptr<FileTableSource> source;
    protocol::TableReader reader;
    std::uint32_t owner_uid = 0; ///< of the file
};

/// Opens and checks the table of those files: that it is a table, and the one of the process that it is named after.
Result<OpenTable, Error> open_table(const AgentFiles& files, const Deadline& deadline);

} // namespace tasks::inspect
