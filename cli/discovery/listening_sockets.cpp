#include "discovery/listening_sockets.hpp"

#include <tasks/protocol/places.hpp>

namespace tasks::discovery {
namespace {

// Num RefCount Protocol Flags Type St Inode Path; __SO_ACCEPTCON, the flag of a listening one, is 0x10000.
constexpr std::string_view listening_flags = "00010000";

std::string_view word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto end = std::min(line.find(' '), line.size());
    const auto found = line.substr(0, end);
    line.remove_prefix(end);
    return found;
}

} // namespace

std::vector<ListeningSocket> parse_listening(std::string_view text) {
    std::vector<ListeningSocket> found;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!line.ends_with(protocol::socket_suffix)) {
            continue;
        }
        const auto slash = line.rfind('/');
        const auto name = slash == line.npos ? std::nullopt : protocol::parse_instance_name(line.substr(slash + 1));
        word(line), word(line), word(line);
        if (!name || word(line) != listening_flags) {
            continue;
        }
        word(line), word(line), word(line);
        line.remove_prefix(std::min<std::size_t>(1, line.size()));
        const auto path = line.substr(0, line.rfind('/'));
        const bool is_path = path.starts_with('/') && !path.starts_with("/proc/");
        found.push_back({name->pid, name->start_time_ticks, is_path ? std::string{path} : std::string{}});
    }
    return found;
}

} // namespace tasks::discovery
