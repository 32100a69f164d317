#include "capture/file_table_source.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

namespace tasks::inspect {
namespace {

Failure<Error> failure(const AgentFiles& files, const std::string& what, Trouble trouble = Trouble::not_inspectable) {
    return Failure{Error{trouble, "table " + files.table_path() + ": " + what}};
}

Failure<Error> open_failure(const AgentFiles& files, int error) {
    if (error == EACCES || error == EPERM) {
        return failure(files, "permission denied; run as the process's user or as root", Trouble::permission);
    }
    return failure(files, error == ENOENT ? "it is not there" : std::strerror(error));
}

} // namespace

std::int64_t FileTableSource::read_at(std::uint64_t offset, std::span<char> into) const noexcept {
    if (deadline_.passed()) {
        return -ETIMEDOUT;
    }
    for (;;) {
        const auto count = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
        if (count >= 0 || errno != EINTR) {
            return count >= 0 ? count : -errno;
        }
    }
}

Result<OpenTable, Error> open_table(const AgentFiles& files, const Deadline& deadline) {
    const auto name = files.table_name();
    // O_NONBLOCK: a FIFO put in its place must not hold us.
    FileDescriptor file{::openat(files.directory->get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (!file) {
        return open_failure(files, errno);
    }
    struct stat facts{};
    if (::fstat(file.get(), &facts) != 0) {
        return open_failure(files, errno);
    }
    if (!S_ISREG(facts.st_mode)) {
        return failure(files, "not a regular file");
    }
    if (!files.trusts(facts.st_uid)) {
        return failure(files, "owned by uid " + std::to_string(facts.st_uid) + ", its process by uid " +
                                  std::to_string(files.owner_uid) + "; it is not believed");
    }
    auto source = std::make_unique<FileTableSource>(std::move(file), deadline);
    auto reader = protocol::TableReader::open(*source);
    if (!reader) {
        return failure(files, reader.error().sentence);
    }
    if (reader->facts().pid != files.inner_pid || reader->facts().start_time_ticks != files.start_time_ticks) {
        return failure(files, "it is the table of process " +
                                  protocol::instance_name(reader->facts().pid, reader->facts().start_time_ticks) +
                                  ", not of the one that it is named after");
    }
    return OpenTable{std::move(source), *std::move(reader), facts.st_uid};
}

} // namespace tasks::inspect
