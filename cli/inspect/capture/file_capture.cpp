#include "capture/file_capture.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/deadline.hpp"
#include "capture/file_descriptor.hpp"
#include "capture/file_parser.hpp"
#include "capture/proc_files.hpp"

namespace tasks::inspect {
namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

Error trouble(const std::string& file, int error) {
    const auto kind = error == EACCES || error == EPERM ? Trouble::permission : Trouble::usage;
    return {kind, file + ": cannot be read: " + std::strerror(error) +
                      "; give a file that --save or tasks::write_profile() wrote, or - for standard input"};
}

/// What ended the reading: the end of the file, an errno, a parser that wants no more, or the deadline.
struct Ending {
    int error = 0;
    bool wanted = true;
    bool late = false;
};

/// Waits until a read() does not block, or tells its end or error. False: the deadline has passed.
bool is_readable(int fd, const std::optional<Deadline>& deadline) {
    pollfd waiting{fd, POLLIN, 0};
    for (;;) {
        if (deadline && deadline->passed()) {
            return false;
        }
        const int ready = ::poll(&waiting, 1, deadline ? deadline->left_ms() : -1);
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true;
        }
    }
}

Ending read_all(int fd, FileParser& parser, const std::optional<Deadline>& deadline) {
    std::vector<char> piece(piece_bytes);
    for (;;) {
        if (!is_readable(fd, deadline)) {
            return {.late = true};
        }
        const auto got = read_some(fd, piece.data(), piece.size());
        if (got == -EAGAIN) { // somebody else was quicker
            continue;
        }
        if (got <= 0) {
            return {.error = static_cast<int>(-got)};
        }
        if (!parser.take({piece.data(), static_cast<std::size_t>(got)})) {
            return {.wanted = false};
        }
    }
}

std::string lateness(const std::string& file, std::uint64_t patience_ns) {
    return file + ": did not end within " + std::to_string(patience_ns / 1'000'000) +
           "ms; give a longer --timeout, or none to wait for its end";
}

/// Both are there, or neither: what the user gave, and its end, counted from before the file was opened.
struct Patience {
    std::optional<std::uint64_t> ns;
    std::optional<Deadline> deadline;
};

Result<Snapshot, Error> read_file(const World& world, int fd, const std::string& file, const Patience& patience) {
    const std::string shown = file == "-" ? "on standard input" : file;
    FileParser parser;
    const auto ending = read_all(fd, parser, patience.deadline);
    const auto name = std::string{parser.kind_word()} + shown;
    if (ending.error != 0) {
        return Failure{trouble(name, ending.error)};
    }
    if (ending.late && !parser.begun()) {
        return Failure{Error{Trouble::no_answer, lateness(name, *patience.ns)}};
    }
    if (!ending.wanted || !parser.finish()) {
        return Failure{Error{Trouble::usage, name + ": " + parser.problem()}};
    }
    auto snapshot = parser.snapshot();
    if (ending.late) {
        snapshot.incomplete.push_back({0, lateness(name, *patience.ns)});
    }
    const bool saved = snapshot.names.has_value();
    snapshot.process.from = {saved ? FileKind::snapshot : FileKind::profile, file};
    if (!saved) {
        snapshot.process.user = world.user_name(snapshot.process.uid);
    }
    struct stat facts{};
    if (::fstat(fd, &facts) == 0) {
        snapshot.file_owner_uid = facts.st_uid;
    }
    return snapshot;
}

} // namespace

Result<Snapshot, Error> capture_from_file(const World& world, const std::string& file,
                                          std::optional<std::uint64_t> patience_ns) {
    Patience patience{patience_ns, std::nullopt};
    if (patience_ns) {
        patience.deadline.emplace(*world.clock, *patience_ns);
    }
    if (file == "-") {
        return read_file(world, STDIN_FILENO, file, patience);
    }
    // O_NONBLOCK: else open() waits for whoever writes a FIFO, without end.
    const FileDescriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    return opened ? read_file(world, opened.get(), file, patience) : Failure{trouble(file, errno)};
}

} // namespace tasks::inspect
