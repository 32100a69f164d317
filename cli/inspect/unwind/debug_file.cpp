#include "unwind/debug_file.hpp"

#include <elfutils/libdwelf.h>
#include <gelf.h>

#include <array>
#include <cstring>
#include <vector>

namespace tasks::inspect {

namespace {

constexpr std::size_t longest_name = 4096; // PATH_MAX

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
Link shared_link(Elf* elf) {
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return {};
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_PROGBITS)
            continue;
        const char* name = elf_strptr(elf, names, header.sh_name);
        if (name == nullptr || std::strcmp(name, ".gnu_debugaltlink") != 0)
            continue;
        const Elf_Data* data = elf_rawdata(section, nullptr);
        if (data == nullptr || data->d_buf == nullptr)
            return {};
        const std::string_view bytes{static_cast<const char*>(data->d_buf), data->d_size};
        const auto end = bytes.find('\0');
        if (end == std::string_view::npos || end > longest_name)
            return {};
        return {std::string{bytes.substr(0, end)}, std::string{bytes.substr(end + 1)}};
    }
    return {};
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
    const Link link = shared_link(debug.elf());
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
