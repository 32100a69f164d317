// Which agents listen, as /proc/net/unix tells it for one network namespace: one file, whatever directories the
// agents were moved to. Only names are taken from it; a name leads to a process, and that process to its directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tasks::discovery {

/// A socket that is named as agents name theirs.
struct ListeningSocket {
    std::uint32_t inner_pid = 0;
    std::uint64_t start_time_ticks = 0;
    std::string directory; ///< as its process named it; "" where it was bound through an open directory
};

/// Of the text of /proc/net/unix (proc(5)): sockets that listen, by their paths; other lines are passed over.
std::vector<ListeningSocket> parse_listening(std::string_view text);

} // namespace tasks::discovery
