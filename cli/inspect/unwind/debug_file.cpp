#include "unwind/debug_file.hpp"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <vector>

namespace tasks::inspect {

namespace {

constexpr std::size_t longest_name = 4096; // PATH_MAX
constexpr std::size_t longest_build_id = 64;

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

// What tells the file that is meant from any other.
struct Meant {
    std::string build_id;
    std::optional<std::uint32_t> checksum; ///< of the whole file; only asked for where a build-id is missing
};

// CRC-32 as zlib has it: binutils, "gnu_debuglink_crc32".
std::uint32_t checksum_of(const OpenFile& file) {
    std::vector<unsigned char> bytes(1 << 20);
    uLong checksum = ::crc32(0, nullptr, 0);
    for (std::uint64_t at = 0;;) {
        const std::size_t got = file.read_at(at, bytes.data(), bytes.size());
        if (got == 0)
            return static_cast<std::uint32_t>(checksum);
        checksum = ::crc32(checksum, bytes.data(), static_cast<uInt>(got));
        at += got;
    }
}

std::optional<FoundFile> accepted(Result<OpenFile> file, const std::string& path, const Meant& meant) {
    if (!file)
        return std::nullopt;
    const int again = ::fcntl(file->fd(), F_DUPFD_CLOEXEC, 0);
    auto image = ElfImage::from_file(*std::move(file));
    const auto whole = OpenFile::taken(again);
    if (!image || !whole)
        return std::nullopt;
    const bool by_id = !meant.build_id.empty() && !image->build_id().empty();
    const bool is_meant =
        by_id ? image->build_id() == meant.build_id : meant.checksum && checksum_of(*whole) == *meant.checksum;
    return is_meant ? std::optional<FoundFile>{{std::move(*image), path}} : std::nullopt;
}

std::optional<FoundFile> first_of(const std::vector<std::string>& paths, const FilePlace& place, const Meant& meant) {
    for (const std::string& path : paths) {
        if (path.empty())
            continue;
        if (auto file = accepted(OpenFile::open(path), path, meant))
            return file;
        if (place.pid == 0)
            continue;
        if (auto file = accepted(OpenFile::open_in_root_of(place.pid, path), path, meant))
            return file;
    }
    auto fetched = place.servers == nullptr ? std::nullopt : place.servers->debug_file(meant.build_id);
    return fetched ? accepted(*std::move(fetched), place.path, meant) : std::nullopt;
}

struct Link {
    std::string name;
    std::string build_id;
};

// dwelf_dwarf_gnu_debugaltlink needs a Dwarf handle, whose making would already follow the link.
Link shared_link(const ElfImage& image) {
    const std::string content = image.section_bytes(".gnu_debugaltlink", longest_name + longest_build_id);
    const auto end = content.find('\0');
    if (end == std::string::npos)
        return {};
    return {content.substr(0, end), content.substr(end + 1)};
}

} // namespace

std::string build_id_path(const std::string& build_id) {
    if (build_id.size() < 2)
        return {};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string path = "/usr/lib/debug/.build-id/";
    for (std::size_t i = 0; i < build_id.size(); ++i) {
        const auto byte = static_cast<unsigned char>(build_id[i]);
        path += {digits[byte >> 4], digits[byte & 15]};
        if (i == 0)
            path += '/';
    }
    return path + ".debug";
}

std::optional<FoundFile> find_debug_file(const ElfImage& image, const FilePlace& place) {
    Meant meant{image.build_id(), std::nullopt};
    std::vector<std::string> paths{build_id_path(image.build_id())};
    GElf_Word checksum = 0;
    const char* link = dwelf_elf_gnu_debuglink(image.elf(), &checksum);
    if (link != nullptr && *link != '\0' && ::strnlen(link, longest_name) < longest_name &&
        std::strchr(link, '/') == nullptr) {
        meant.checksum = checksum;
        const std::string directory = directory_of(place.path);
        paths.push_back(directory + "/.debug/" + link);
        paths.push_back("/usr/lib/debug" + directory + "/" + link);
        paths.push_back(directory + "/" + link);
    }
    return first_of(paths, place, meant);
}

SharedDebugFile find_shared_debug_file(const ElfImage& debug, const FilePlace& debug_place) {
    const Link link = shared_link(debug);
    SharedDebugFile found;
    found.named = !link.name.empty();
    if (!found.named)
        return found;
    std::vector<std::string> paths{build_id_path(link.build_id)};
    if (link.name.front() == '/')
        paths.push_back(link.name);
    else
        paths.push_back(directory_of(debug_place.path) + "/" + link.name);
    found.file = first_of(paths, debug_place, {link.build_id, std::nullopt});
    return found;
}

} // namespace tasks::inspect
