#include "capture/fd_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include <arpa/inet.h>

namespace tasks::inspect {
namespace {

/// 27,000 connections. A table that goes on beyond it is read no further: those sockets are "socket".
constexpr std::size_t max_table_bytes = 4u << 20;
constexpr std::size_t max_names = 65'536;
constexpr std::string_view listening = "0A"; // TCP_LISTEN

template <class Number> std::optional<Number> number(std::string_view text, int base) {
    Number value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return end.ec == std::errc{} && end.ptr == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

/// Calls with each line that has its end, the first (the titles) left out.
template <class Use> void each_line(std::string_view table, Use use) {
    for (auto at = table.find('\n'); at != std::string_view::npos;) {
        const auto end = table.find('\n', at + 1);
        if (end == std::string_view::npos) {
            return;
        }
        use(table.substr(at + 1, end - at - 1));
        at = end;
    }
}

/// The first `count` words; what is left goes into `rest`.
template <std::size_t count> std::array<std::string_view, count> words(std::string_view line, std::string_view& rest) {
    std::array<std::string_view, count> all{};
    for (auto& word : all) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        word = line.substr(0, line.find(' '));
        line.remove_prefix(word.size());
    }
    rest = line;
    return all;
}

struct Endpoint {
    std::string text; ///< "10.0.0.7:5432", "[::1]:80"
    bool any = false; ///< no port: there is none
};

/// "0700000A:1538": words of four bytes as the processor keeps them, and the port.
std::optional<Endpoint> endpoint(std::string_view text) {
    const auto colon = text.find(':');
    if (colon != 8 && colon != 32) {
        return std::nullopt;
    }
    std::array<std::uint32_t, 4> address{};
    for (std::size_t at = 0; at < colon / 8; ++at) {
        const auto word = number<std::uint32_t>(text.substr(at * 8, 8), 16);
        if (!word) {
            return std::nullopt;
        }
        address[at] = *word;
    }
    const auto port = number<std::uint16_t>(text.substr(colon + 1), 16);
    std::array<char, INET6_ADDRSTRLEN> name{};
    if (!port || ::inet_ntop(colon == 8 ? AF_INET : AF_INET6, address.data(), name.data(), name.size()) == nullptr) {
        return std::nullopt;
    }
    std::string host = name.data();
    if (host.starts_with("::ffff:") && host.find('.') != std::string::npos) {
        host.erase(0, std::strlen("::ffff:"));
    }
    host = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return Endpoint{host + ":" + std::to_string(*port), *port == 0};
}

} // namespace

void parse_inet_sockets(std::string_view table, std::unordered_map<std::uint64_t, std::string>& into) {
    each_line(table, [&into](std::string_view line) {
        // sl local rem st queues timer retransmits uid timeout inode
        std::string_view rest;
        const auto word = words<10>(line, rest);
        const auto own = endpoint(word[1]);
        const auto other = endpoint(word[2]);
        const auto inode = number<std::uint64_t>(word[9], 10);
        if (own && other && inode.value_or(0) != 0) {
            into.emplace(*inode, word[3] == listening ? "socket listening on " + own->text
                                 : other->any         ? "socket " + own->text + " (not connected)"
                                                      : "socket " + other->text);
        }
    });
}

void parse_unix_sockets(std::string_view table, std::unordered_map<std::uint64_t, std::string>& into) {
    each_line(table, [&into](std::string_view line) {
        std::string_view path; // Num RefCount Protocol Flags Type St Inode Path
        const auto word = words<7>(line, path);
        path.remove_prefix(std::min(path.find_first_not_of(' '), path.size()));
        if (const auto inode = number<std::uint64_t>(word[6], 10)) {
            into.emplace(*inode, path.empty() ? "unix" : "unix " + std::string{path});
        }
    });
}

const std::string& FdNames::name(int fd) {
    static const std::string none;
    if (const auto known = names_.find(fd); known != names_.end() || names_.size() >= max_names) {
        return known == names_.end() ? none : known->second;
    }
    const auto link = world_.proc.link(pid_, "fd/" + std::to_string(fd));
    return names_.emplace(fd, link ? describe(*link) : "").first->second;
}

std::string FdNames::describe(std::string_view link) {
    const auto inner = [&link] { // "socket:[123]", "anon_inode:[eventfd]", "anon_inode:inotify"
        auto text = link.substr(link.find(':') + 1);
        text.remove_prefix(text.starts_with('[') ? 1 : 0);
        text.remove_suffix(text.ends_with(']') ? 1 : 0);
        return text;
    };
    if (link.starts_with("pipe:")) {
        return "pipe";
    }
    if (link.starts_with("anon_inode:")) {
        return inner() == "eventpoll" ? "epoll" : std::string{inner()};
    }
    if (!link.starts_with("socket:")) {
        return std::string{link};
    }
    read_sockets();
    const auto inode = number<std::uint64_t>(inner(), 10);
    const auto found = inode ? sockets_.find(*inode) : sockets_.end();
    return found == sockets_.end() ? "socket" : found->second;
}

void FdNames::read_sockets() {
    if (std::exchange(sockets_read_, true)) {
        return;
    }
    for (const std::string_view table : {"net/tcp", "net/tcp6", "net/udp", "net/udp6"}) {
        if (const auto text = world_.proc.read(pid_, table, max_table_bytes)) {
            parse_inet_sockets(*text, sockets_);
        }
    }
    if (const auto text = world_.proc.read(pid_, "net/unix", max_table_bytes)) {
        parse_unix_sockets(*text, sockets_);
    }
}

std::optional<std::uint32_t> FdNames::watched(int epoll) {
    if (const auto known = watched_.find(epoll); known != watched_.end() || watched_.size() >= max_names) {
        return known == watched_.end() ? std::nullopt : known->second;
    }
    std::optional<std::uint32_t> count;
    const auto text = world_.proc.read(pid_, "fdinfo/" + std::to_string(epoll), max_table_bytes);
    if (text && text->size() < max_table_bytes) {
        count = 0;
        for (std::size_t at = 0; (at = text->find("tfd:", at)) != std::string::npos; ++at) {
            ++*count;
        }
    }
    return watched_.emplace(epoll, count).first->second;
}

} // namespace tasks::inspect
