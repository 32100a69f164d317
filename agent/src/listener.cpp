#include "server.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace tasks::agent {
namespace {

constexpr int backlog = 128;

Failure<std::string> failed(const std::string& directory, const std::string& name, const char* call, int error) {
    const char* cause = ::strerrordesc_np(error); // no locale, no shared buffer
    return Failure{"socket " + directory + "/" + name + ": " + call + ": " + (cause != nullptr ? cause : "error") +
                   " (errno " + std::to_string(error) + ")"};
}

/// The path to bind: the plain one where it fits sun_path, so that `ss -xl` tells it; else through the open directory.
std::string bind_path(int directory_fd, const std::string& directory, const std::string& name) {
    std::string path = directory + "/" + name;
    if (path.size() < sizeof(sockaddr_un::sun_path))
        return path;
    return "/proc/self/fd/" + std::to_string(directory_fd) + "/" + name;
}

/// The directory may have been replaced since it was opened: our socket must be in the one that was checked.
bool is_socket_in(int directory_fd, const std::string& name) {
    struct stat status{};
    return ::fstatat(directory_fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode);
}

} // namespace

Result<OwnedFd> listen_in(int directory_fd, const std::string& directory, const std::string& name) {
    const auto failure = [&](const char* call, int error) { return failed(directory, name, call, error); };
    OwnedFd listener =
        above_standard_streams(OwnedFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)});
    if (!listener)
        return failure("socket", errno);
    const std::string path = bind_path(directory_fd, directory, name);
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path)
        return failure("bind", ENAMETOOLONG);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::unlinkat(directory_fd, name.c_str(), 0) != 0 && errno != ENOENT)
        return failure("unlink of the old one", errno);
    // The file gets the mode of the socket (unix_bind): it is 0600 from its first moment, without the host's umask.
    ::fchmod(listener.get(), S_IRUSR | S_IWUSR);
    if (::bind(listener.get(), static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) != 0)
        return failure("bind", errno);
    if (!is_socket_in(directory_fd, name))
        return failure("bind went to another directory of that name", ENOENT);
    if (::fchmodat(directory_fd, name.c_str(), S_IRUSR | S_IWUSR, 0) != 0 || ::listen(listener.get(), backlog) != 0) {
        const int error = errno;
        ::unlinkat(directory_fd, name.c_str(), 0);
        return failure("listen", error);
    }
    return listener;
}

} // namespace tasks::agent
