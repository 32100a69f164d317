#include "identity.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "proc_file.hpp"
#include "way_out.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t longest_name = 63;

/// A small /proc file as text; empty where it cannot be read: errno says why.
std::string text_of(const char* path) {
    std::array<char, 1024> buffer;
    const std::int64_t got = read_file(AT_FDCWD, path, buffer);
    errno = got < 0 ? static_cast<int>(-got) : 0;
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string{};
}

/// Field 22 of /proc/PID/stat, counted after the name, which may hold blanks and brackets. 0: not found.
std::uint64_t start_time_in(const std::string& stat) {
    std::size_t at = stat.rfind(')');
    for (int field = 2; field < 22 && at != std::string::npos; ++field)
        at = stat.find(' ', at + 1);
    return at == std::string::npos ? 0 : std::strtoull(stat.c_str() + at + 1, nullptr, 10);
}

std::string program_name() {
    char path[4096];
    const ssize_t got = ::readlink("/proc/self/exe", path, sizeof path);
    const std::string_view whole{path, got > 0 ? static_cast<std::size_t>(got) : 0};
    return std::string(whole.substr(whole.rfind('/') + 1));
}

} // namespace

std::optional<std::uint64_t> start_time_of(std::uint32_t pid) {
    const std::string stat = text_of(("/proc/" + std::to_string(pid) + "/stat").c_str());
    return stat.empty() ? std::nullopt : std::optional{start_time_in(stat)};
}

Result<Identity> read_identity(std::string_view name) {
    Identity identity;
    const std::string stat = text_of("/proc/self/stat");
    if (stat.empty())
        return Failure{std::string("/proc/self/stat: ") + std::strerror(errno) + ": is /proc mounted?"};
    identity.start_time_ticks = start_time_in(stat);
    const pid_t pid = ::getpid(); // under a filter of system calls this may fail too
    if (pid <= 0)
        return Failure{because("getpid", errno)};
    if (::syscall(SYS_gettid) <= 0)
        return Failure{because("gettid", errno)};
    identity.pid = static_cast<std::uint32_t>(pid);
    identity.uid = static_cast<std::uint32_t>(::geteuid());
    struct stat pid_namespace{};
    if (::stat("/proc/self/ns/pid", &pid_namespace) == 0)
        identity.pid_namespace = pid_namespace.st_ino;
    const std::string boot = text_of("/proc/sys/kernel/random/boot_id");
    std::memcpy(identity.boot_id.data(), boot.data(), std::min(boot.size(), identity.boot_id.size()));
    identity.name = name.empty() ? program_name() : std::string(name);
    identity.name.resize(std::min(identity.name.size(), longest_name));
    return identity;
}

} // namespace tasks::agent
