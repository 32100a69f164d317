#include "unwind/mapped_files.hpp"

#include <array>
#include <cstdio>

namespace tasks::inspect {
namespace {

constexpr std::size_t max_files = 400;

} // namespace

std::string mapping_path(const ModuleFacts& module, std::uint32_t pid) {
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "/proc/%u/map_files/%llx-%llx", pid,
                  static_cast<unsigned long long>(module.start), static_cast<unsigned long long>(module.end));
    return text.data();
}

MappedFiles open_mapped_files(const std::vector<ModuleFacts>& modules, std::uint32_t pid) {
    MappedFiles files;
    for (const auto& module : modules) {
        if (files.size() >= max_files) {
            break;
        }
        const std::pair key{module.path, module.build_id};
        if (!module.path.starts_with('/') || files.contains(key)) {
            continue;
        }
        if (auto file = OpenFile::open(mapping_path(module, pid))) {
            files.emplace(key, std::move(*file));
        }
    }
    return files;
}

} // namespace tasks::inspect
