#include "commands/save_file.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/file_descriptor.hpp"

namespace tasks::commands {
namespace {

using inspect::Error;
using inspect::FileDescriptor;
using inspect::Trouble;

Error trouble(const std::string& path, const std::string& what) {
    return {Trouble::usage, "--save " + path + ": " + what};
}

Error cannot(const std::string& path, int error) {
    const auto kind = error == EACCES || error == EPERM || error == EROFS ? Trouble::permission : Trouble::usage;
    return {kind, "--save " + path + ": cannot be written: " + std::strerror(error) +
                      "; give a file in a directory that you may write to, with room, or - for standard output"};
}

/// Name it "name" in the directory "directory".
struct Place {
    std::string directory;
    std::string name;
};

Place place_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == path.npos ? Place{".", path} : Place{path.substr(0, slash + 1), path.substr(slash + 1)};
}

/// Why what is there now is not written over; nothing where it may be, or is not there.
std::optional<std::string> in_the_way(int directory, const std::string& name) {
    struct stat facts{};
    if (::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 || S_ISREG(facts.st_mode)) {
        return std::nullopt;
    }
    return S_ISLNK(facts.st_mode) ? "is a symbolic link, which is not written over; give the file's own name"
                                  : "is there and no regular file; give another name";
}

std::string temporary_name(const std::string& name) {
    std::array<unsigned char, 8> random{};
    static_cast<void>(::getrandom(random.data(), random.size(), 0));
    constexpr std::size_t longest = 200; // of 255 that a name may have
    std::string text = "." + name.substr(0, longest) + ".";
    for (const auto byte : random) {
        constexpr std::string_view digits = "0123456789abcdef";
        text += {digits[byte >> 4], digits[byte & 15]};
    }
    return text;
}

/// The child: waits for the word to rename; without it, removes the file. System calls only.
[[noreturn]] void keep(int parent, int directory, const char* temporary, const char* name) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
        ::signal(signal, SIG_IGN); // sent to the whole group: the parent's end is what counts
    }
    char word = 0;
    ssize_t got = 0;
    do {
        got = ::read(parent, &word, 1);
    } while (got < 0 && errno == EINTR);
    int error = ECANCELED;
    if (got == 1) {
        error = ::renameat(directory, temporary, directory, name) == 0 ? 0 : errno;
    }
    if (error != 0) {
        ::unlinkat(directory, temporary, 0);
    }
    static_cast<void>(::write(parent, &error, sizeof error));
    ::_exit(0);
}

} // namespace

struct SaveFile::State {
    std::string path;
    FileDescriptor file;
    FileDescriptor keeper; ///< a socket to it; none: standard output
    pid_t keeper_pid = 0;
    int error = 0;

    int out() const { return keeper ? file.get() : STDOUT_FILENO; }
    void leave() {
        keeper.reset();
        if (keeper_pid > 0) {
            while (::waitpid(keeper_pid, nullptr, 0) < 0 && errno == EINTR) {
            }
            keeper_pid = 0;
        }
    }
};

SaveFile::SaveFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
SaveFile::SaveFile(SaveFile&&) noexcept = default;
SaveFile& SaveFile::operator=(SaveFile&&) noexcept = default;
SaveFile::~SaveFile() {
    if (state_) {
        state_->leave();
    }
}

Result<SaveFile, Error> SaveFile::begin(const std::string& path) {
    auto state = std::make_unique<State>();
    state->path = path;
    if (path == "-") {
        return ::isatty(STDOUT_FILENO) == 1
                   ? Result<SaveFile, Error>{Failure{trouble(path, "standard output is a terminal; give a file")}}
                   : SaveFile{std::move(state)};
    }
    const auto place = place_of(path);
    if (place.name.empty() || place.name == "." || place.name == "..") {
        return Failure{trouble(path, "is a directory; give a file")};
    }
    const FileDescriptor directory{::open(place.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!directory) {
        return Failure{cannot(path, errno)};
    }
    if (auto reason = in_the_way(directory.get(), place.name)) {
        return Failure{trouble(path, *reason)};
    }
    const auto temporary = temporary_name(place.name);
    constexpr mode_t owner_only = 0600;
    state->file = FileDescriptor{
        ::openat(directory.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, owner_only)};
    if (!state->file) {
        return Failure{cannot(path, errno)};
    }
    std::array<int, 2> pair{-1, -1};
    const bool paired = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0;
    FileDescriptor ours{pair[0]};
    const FileDescriptor childs{pair[1]};
    const pid_t child = paired ? ::fork() : -1;
    if (child == 0) {
        ours.reset();
        state->file.reset();
        keep(childs.get(), directory.get(), temporary.c_str(), place.name.c_str());
    }
    if (child < 0) {
        const int error = errno;
        ::unlinkat(directory.get(), temporary.c_str(), 0);
        return Failure{cannot(path, error)};
    }
    state->keeper = std::move(ours);
    state->keeper_pid = child;
    return SaveFile{std::move(state)};
}

bool SaveFile::write(std::string_view bytes) {
    while (!bytes.empty() && state_->error == 0) {
        const auto count = ::write(state_->out(), bytes.data(), bytes.size());
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) { // somebody set our standard output non-blocking
            pollfd ready{state_->out(), POLLOUT, 0};
            ::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            state_->error = errno;
        }
    }
    return state_->error == 0;
}

Result<bool, Error> SaveFile::finish() {
    if (state_->error == 0 && state_->keeper) {
        // EINVAL, ENOSYS: a file system that has no such thing.
        if (::fsync(state_->file.get()) != 0 && errno != EINVAL && errno != ENOSYS) {
            state_->error = errno;
        }
        constexpr char word = 'k';
        int told = ECANCELED;
        if (state_->error == 0 &&
            (::send(state_->keeper.get(), &word, 1, MSG_NOSIGNAL) != 1 ||
             ::recv(state_->keeper.get(), &told, sizeof told, MSG_WAITALL) != sizeof told || told != 0)) {
            state_->error = told;
        }
    }
    state_->leave();
    if (state_->error != 0) {
        return Failure{cannot(state_->path, state_->error)};
    }
    return true;
}

} // namespace tasks::commands
