#include "capture/profile_capture.hpp"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/file_descriptor.hpp"
#include "capture/proc_files.hpp"
#include "capture/profile_parser.hpp"
#include "capture/profile_stream.hpp"

namespace tasks::inspect {
namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

/// The failure is a sentence, to follow "profile FILE: " or the file's name.
Error trouble(const std::string& file, int error) {
    const auto kind = error == EACCES || error == EPERM ? Trouble::permission : Trouble::usage;
    return {kind, "profile " + file + ": cannot be read: " + std::strerror(error) +
                      "; give a file that tasks::write_profile wrote, or - for standard input"};
}

/// 0 at the end of the file, or where the stream wants no more; else an errno.
int read_all(int fd, profile::Stream& stream, bool& wanted) {
    std::vector<char> piece(piece_bytes);
    for (;;) {
        const auto got = read_some(fd, piece.data(), piece.size());
        if (got <= 0) {
            return static_cast<int>(-got);
        }
        wanted = stream.take({piece.data(), static_cast<std::size_t>(got)});
        if (!wanted) {
            return 0;
        }
    }
}

Result<Snapshot, Error> read_profile(const World& world, int fd, const std::string& file) {
    profile::Parser parser;
    profile::Stream stream{parser};
    bool wanted = true;
    if (const int error = read_all(fd, stream, wanted); error != 0) {
        return Failure{trouble(file, error)};
    }
    if (!wanted || !stream.finish()) {
        return Failure{Error{Trouble::no_answer, "profile " + file + ": " + parser.problem()}};
    }
    auto snapshot = parser.finish();
    snapshot.process.user = world.user_name(snapshot.process.uid);
    struct stat facts{};
    if (::fstat(fd, &facts) == 0) {
        snapshot.file_owner_uid = facts.st_uid;
    }
    return snapshot;
}

} // namespace

Result<Snapshot, Error> capture_from_profile(const World& world, const std::string& file) {
    if (file == "-") {
        return read_profile(world, STDIN_FILENO, "on standard input");
    }
    const FileDescriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    return opened ? read_profile(world, opened.get(), file) : Failure{trouble(file, errno)};
}

} // namespace tasks::inspect
