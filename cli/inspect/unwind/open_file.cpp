#include "unwind/open_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tasks::inspect {

namespace {

constexpr int how_to_open = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

std::string errno_text() { return std::generic_category().message(errno); }

int open_below(int root, const std::string& path) {
    open_how how{};
    how.flags = how_to_open;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

} // namespace

OpenFile::~OpenFile() {
    if (fd_ >= 0)
        ::close(fd_);
}

Result<OpenFile> OpenFile::checked(int fd) {
    if (fd < 0)
        return Failure{errno_text()};
    OpenFile file{fd};
    struct stat facts{};
    if (::fstat(fd, &facts) != 0)
        return Failure{errno_text()};
    if (!S_ISREG(facts.st_mode))
        return Failure{std::string{"not a regular file"}};
    file.size_ = static_cast<std::uint64_t>(facts.st_size);
    if (file.size_ > largest)
        return Failure{std::string{"larger than 8 GiB"}};
    return file;
}

Result<OpenFile> OpenFile::open(const std::string& path) { return checked(::open(path.c_str(), how_to_open)); }

Result<OpenFile> OpenFile::open_in_root_of(std::uint32_t pid, const std::string& path) {
    const std::string root = "/proc/" + std::to_string(pid) + "/root";
    const int directory = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return Failure{errno_text()};
    const int fd = open_below(directory, path);
    const int cause = errno;
    ::close(directory);
    errno = cause;
    if (fd < 0 && (cause == ENOSYS || cause == EPERM)) // a kernel before 5.6, or a container that forbids openat2
        return open(root + path);
    return checked(fd);
}

std::size_t OpenFile::read_at(std::uint64_t offset, void* into, std::size_t count) const {
    std::size_t done = 0;
    while (done < count) {
        const auto got = ::pread(fd_, static_cast<char*>(into) + done, count - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

} // namespace tasks::inspect
