#include "symbols/source_lines.hpp"

#include <dwarf.h>

#include "symbols/die_name.hpp"
#include "symbols/source_path.hpp"

namespace tasks::inspect {

namespace {

SourcePlace line_at(Dwarf_Die& unit, std::uint64_t address, const std::string& directory) {
    SourcePlace place;
    Dwarf_Line* line = dwarf_getsrc_die(&unit, address);
    if (line == nullptr)
        return place;
    int number = 0;
    int column = 0;
    place.file = tidy_path(dwarf_linesrc(line, nullptr, nullptr), directory);
    if (dwarf_lineno(line, &number) == 0 && number > 0)
        place.line = static_cast<std::uint32_t>(number);
    if (dwarf_linecol(line, &column) == 0 && column > 0)
        place.column = static_cast<std::uint32_t>(column);
    return place;
}

Dwarf_Word number_in(Dwarf_Die& die, unsigned attribute) {
    Dwarf_Attribute found;
    Dwarf_Word value = 0;
    if (dwarf_attr(&die, attribute, &found) == nullptr || dwarf_formudata(&found, &value) != 0)
        return 0;
    return value;
}

SourcePlace call_of(Dwarf_Die& unit, Dwarf_Die& inlined, const std::string& directory) {
    SourcePlace place;
    Dwarf_Files* files = nullptr;
    std::size_t count = 0;
    const Dwarf_Word file = number_in(inlined, DW_AT_call_file);
    if (dwarf_getsrcfiles(&unit, &files, &count) == 0 && file < count)
        place.file = tidy_path(dwarf_filesrc(files, file, nullptr, nullptr), directory);
    place.line = static_cast<std::uint32_t>(number_in(inlined, DW_AT_call_line));
    place.column = static_cast<std::uint32_t>(number_in(inlined, DW_AT_call_column));
    return place;
}

SourceFrame frame_of(Dwarf_Die& scope, SourcePlace place) {
    SourceFrame frame;
    frame.inlined = dwarf_tag(&scope) == DW_TAG_inlined_subroutine;
    frame.place = std::move(place);
    if (const char* name = linkage_name(&scope))
        frame.linkage_name = name;
    else
        frame.qualified_name = qualified_name(&scope);
    return frame;
}

} // namespace

SourceLines::Functions& SourceLines::functions_of(Dwarf_Die& unit) {
    auto& kept = functions_[dwarf_dieoffset(&unit)];
    if (!kept) {
        const Dwarf_Die full = module_.full_unit(unit);
        kept = std::make_unique<Functions>(Functions{full, CodeScopes{full}, compiler_directory(unit)});
    }
    return *kept;
}

std::vector<SourceFrame> SourceLines::at(std::uint64_t address) {
    auto unit = units_.unit_at(address);
    if (!unit)
        return {};
    std::vector<SourceFrame> frames;
    Functions& functions = functions_of(*unit);
    SourcePlace place = line_at(*unit, address, functions.directory);
    for (Dwarf_Die& scope : functions.scopes.at(address)) {
        frames.push_back(frame_of(scope, std::move(place)));
        place = frames.back().inlined ? call_of(functions.unit, scope, functions.directory) : SourcePlace{};
    }
    if (frames.empty() || frames.back().inlined)
        frames.push_back({"", "", false, std::move(place)});
    return frames;
}

} // namespace tasks::inspect
