#include "symbols/source_path.hpp"

#include <dwarf.h>

#include <cstring>
#include <filesystem>

namespace tasks::inspect {

namespace {

constexpr std::size_t longest_path = 4096; // PATH_MAX

} // namespace

std::string compiler_directory(Dwarf_Die& unit) {
    Dwarf_Attribute found;
    const char* path = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &found));
    return path != nullptr && *path == '/' ? std::string{path, ::strnlen(path, longest_path)} : std::string{};
}

std::string tidy_path(const char* path, const std::string& directory) {
    if (path == nullptr || *path == '\0')
        return {};
    std::string text{path, ::strnlen(path, longest_path)};
    if (text.front() != '/' && text.front() != '<' && !directory.empty()) // "<stdin>", "<artificial>"
        text.insert(0, directory + "/");
    if (text.find("/.") == std::string::npos)
        return text;
    return std::filesystem::path{text}.lexically_normal().string();
}

} // namespace tasks::inspect
