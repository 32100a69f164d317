#include "capture/proc_files.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

namespace tasks::inspect {
namespace {

Result<std::string, int> read_link(const std::string& path) {
    std::array<char, 4096> buffer;
    const auto bytes = ::readlink(path.c_str(), buffer.data(), buffer.size() - 1);
    if (bytes < 0) {
        return Failure{errno};
    }
    return std::string(buffer.data(), static_cast<std::size_t>(bytes));
}

std::uint64_t number_or_0(const Result<std::string, int>& link) { return link ? namespace_number(*link) : 0; }

} // namespace

std::uint64_t namespace_number(std::string_view link) {
    const auto start = link.find('[');
    std::uint64_t number = 0;
    if (start != link.npos) {
        std::from_chars(link.data() + start + 1, link.data() + link.size(), number);
    }
    return number;
}

std::int64_t read_some(int fd, char* into, std::size_t bytes) {
    for (;;) {
        const auto count = ::read(fd, into, bytes);
        if (count >= 0 || errno != EINTR) {
            return count >= 0 ? count : -errno;
        }
    }
}

Result<std::string, int> read_file(const std::string& path, std::size_t cap) {
    const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!file) {
        return Failure{errno};
    }
    std::string content;
    std::array<char, 4096> buffer;
    while (content.size() < cap) {
        const auto count = read_some(file.get(), buffer.data(), std::min(buffer.size(), cap - content.size()));
        if (count < 0) {
            return Failure{static_cast<int>(-count)};
        }
        if (count == 0) {
            break;
        }
        content.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return content;
}

std::string ProcFiles::path(std::string_view name) const { return root_ + "/" + std::string{name}; }

std::string ProcFiles::path(std::uint32_t pid, std::string_view name) const {
    return root_ + "/" + std::to_string(pid) + "/" + std::string{name};
}

Result<std::string, int> ProcFiles::read(std::uint32_t pid, std::string_view name, std::size_t cap) const {
    return read_file(path(pid, name), cap);
}

Result<std::string, int> ProcFiles::read(std::string_view name, std::size_t cap) const {
    return read_file(path(name), cap);
}

Result<std::string, int> ProcFiles::read_once(std::uint32_t pid, std::string_view name) const {
    return read_once(std::to_string(pid) + "/" + std::string{name});
}

Result<std::string, int> ProcFiles::read_once(std::string_view name) const {
    const FileDescriptor file{::open(path(name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!file) {
        return Failure{errno};
    }
    std::array<char, 4096> buffer;
    const auto count = read_some(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
        return Failure{static_cast<int>(-count)};
    }
    return std::string(buffer.data(), static_cast<std::size_t>(count));
}

Result<std::string, int> ProcFiles::link(std::uint32_t pid, std::string_view name) const {
    return read_link(path(pid, name));
}

Result<std::string, int> ProcFiles::link(std::string_view name) const { return read_link(path(name)); }

Result<std::vector<std::uint32_t>, int> ProcFiles::numbers(std::string_view name, std::size_t cap) const {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{::opendir(path(name).c_str()), ::closedir};
    if (!directory) {
        return Failure{errno};
    }
    std::vector<std::uint32_t> found;
    while (const auto* entry = ::readdir(directory.get())) {
        const std::string_view text{entry->d_name};
        std::uint32_t number = 0;
        const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
        if (end.ec == std::errc{} && end.ptr == text.data() + text.size() && found.size() < cap) {
            found.push_back(number);
        }
    }
    return found;
}

Result<FileDescriptor, int> ProcFiles::open_directory(std::uint32_t pid, std::string_view name) const {
    FileDescriptor directory{::open(path(pid, name).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!directory) {
        return Failure{errno};
    }
    return directory;
}

std::uint64_t ProcFiles::namespace_of(std::uint32_t pid, std::string_view which) const {
    return number_or_0(link(pid, "ns/" + std::string{which}));
}

std::uint64_t ProcFiles::own_namespace(std::string_view which) const {
    return number_or_0(link("self/ns/" + std::string{which}));
}

bool ProcFiles::mounted() const { return read("self/stat").ok(); }

} // namespace tasks::inspect
