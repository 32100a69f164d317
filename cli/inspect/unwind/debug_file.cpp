#include "unwind/debug_file.hpp"

#include <elfutils/libdwelf.h>

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

std::optional<FoundFile> opened(const std::string& path, std::uint32_t pid, const std::string& build_id) {
    auto file = pid == 0 ? OpenFile::open(path) : OpenFile::open_in_root_of(pid, path);
    if (!file)
        return std::nullopt;
    auto image = ElfImage::from_file(std::move(*file));
    if (!image || image->build_id() != build_id)
        return std::nullopt;
    return FoundFile{std::move(*image), path};
}

std::optional<FoundFile> first_of(const std::vector<std::string>& paths, std::uint32_t pid,
                                  const std::string& build_id) {
    for (const std::string& path : paths) {
        if (path.empty())
            continue;
        if (auto file = opened(path, 0, build_id))
            return file;
        if (pid == 0)
            continue;
        if (auto file = opened(path, pid, build_id))
            return file;
    }
    return std::nullopt;
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
    if (image.build_id().empty())
        return std::nullopt;
    std::vector<std::string> paths{build_id_path(image.build_id())};
    GElf_Word checksum = 0;
    const char* link = dwelf_elf_gnu_debuglink(image.elf(), &checksum);
    if (link != nullptr && *link != '\0' && ::strnlen(link, longest_name) < longest_name &&
        std::strchr(link, '/') == nullptr) {
        const std::string directory = directory_of(place.path);
        paths.push_back(directory + "/.debug/" + link);
        paths.push_back("/usr/lib/debug" + directory + "/" + link);
        paths.push_back(directory + "/" + link);
    }
    return first_of(paths, place.pid, image.build_id());
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
    found.file = first_of(paths, debug_place.pid, link.build_id);
    return found;
}

} // namespace tasks::inspect
