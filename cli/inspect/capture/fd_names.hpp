// What the fds of a process are, in words: "socket 10.0.0.7:5432", "unix /run/x.sock", "pipe", "eventfd", a path. From
// /proc/PID/fd and the tables of its network namespace, which are read at the first socket and once. Nothing is told
// that /proc does not say: of the other end of a unix socket without a name, only "unix". One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "capture/world.hpp"

namespace tasks::inspect {

class FdNames {
public:
    /// `world` must outlive it.
    FdNames(const World& world, std::uint32_t pid) : world_(world), pid_(pid) {}

    /// "" where it is not known.
    const std::string& name(int fd);

    /// How many fds an epoll instance watches.
    std::optional<std::uint32_t> watched(int epoll);

private:
    std::string describe(std::string_view link);
    void read_sockets();

    const World& world_;
    std::uint32_t pid_;
    std::unordered_map<int, std::string> names_;
    std::unordered_map<int, std::optional<std::uint32_t>> watched_;
    std::unordered_map<std::uint64_t, std::string> sockets_; ///< by inode
    bool sockets_read_ = false;
};

/// The sockets in the text of /proc/net/tcp, tcp6, udp or udp6, by inode: the other end where there is one, else
/// "listening on 0.0.0.0:80" or the own end. Malformed lines are passed over.
void parse_inet_sockets(std::string_view table, std::unordered_map<std::uint64_t, std::string>& into);

/// Likewise of /proc/net/unix; those without a name are "unix".
void parse_unix_sockets(std::string_view table, std::unordered_map<std::uint64_t, std::string>& into);

} // namespace tasks::inspect
