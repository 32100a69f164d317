#include "unwind/debug_package.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

namespace tasks::inspect {

namespace {

// A browser has 40,000 units; the table of slots is filled to two thirds at the most, so twice or thrice as long.
constexpr std::uint32_t most_units = 1'000'000;
constexpr std::uint32_t most_slots = 4 * most_units;
constexpr std::uint32_t most_columns = 16;
// One unit's part of one section; the largest unit of a browser has some 20 MiB.
constexpr std::uint64_t largest_part = 256ull << 20;
constexpr std::size_t longest_string = 64 << 10; // the mangled name of a template
constexpr std::size_t most_string_bytes = 256 << 20;
constexpr std::size_t offsets_header = 8; // DWARF 5, 7.26: length, version, padding

// DW_SECT_*: DWARF 5, table 7.1; GNU's version 2 has the same numbers for these, and no RNGLISTS.
struct Column {
    std::uint32_t id;
    const char* section;
};
constexpr std::uint32_t string_offsets = 6;
constexpr std::array<Column, 4> columns{
    {{1, ".debug_info.dwo"}, {3, ".debug_abbrev.dwo"}, {4, ".debug_line.dwo"}, {8, ".debug_rnglists.dwo"}}};

std::uint32_t number(const std::string& bytes, std::uint64_t at) {
    std::uint32_t value = 0;
    if (at + sizeof value <= bytes.size())
        std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

} // namespace

struct DebugPackage::Row {
    std::uint32_t version = 0;
    std::unordered_map<std::uint32_t, std::pair<std::uint32_t, std::uint32_t>> parts; ///< offset and size by DW_SECT_*
};

// Header: version, number of columns, units and slots. Then the slots' 8-byte numbers and 4-byte rows, from 1; then a
// row of the columns' DW_SECT_*, the units' rows of offsets, and those of sizes.
std::optional<DebugPackage::Row> DebugPackage::row_of(std::uint64_t id) const {
    const auto place = image_.section_place(".debug_cu_index");
    if (!place || place->size > largest_part)
        return std::nullopt;
    const std::string index = part(".debug_cu_index", 0, place->size);
    Row found;
    found.version = number(index, 0) & 0xffff; // 2 bytes and padding in DWARF 5, 4 bytes in version 2
    const std::uint64_t width = number(index, 4);
    const std::uint64_t units = number(index, 8);
    const std::uint64_t slots = number(index, 12);
    const bool known = found.version == 2 || found.version == 5;
    if (!known || width > most_columns || units > most_units || slots > most_slots)
        return std::nullopt;
    const std::uint64_t rows_at = 16 + 8 * slots;
    const std::uint64_t table = rows_at + 4 * slots;
    if (table + 4 * width * (2 * units + 1) > index.size())
        return std::nullopt;
    std::uint64_t slot = 0;
    while (slot < slots &&
           (std::memcmp(index.data() + 16 + 8 * slot, &id, sizeof id) != 0 || number(index, rows_at + 4 * slot) == 0))
        ++slot;
    const std::uint64_t row = slot < slots ? number(index, rows_at + 4 * slot) : 0;
    if (row == 0 || row > units)
        return std::nullopt;
    for (std::uint64_t column = 0; column < width; ++column)
        found.parts[number(index, table + 4 * column)] = {number(index, table + 4 * (width * row + column)),
                                                          number(index, table + 4 * (width * (units + row) + column))};
    return found;
}

std::string DebugPackage::part(const char* section, std::uint64_t offset, std::uint64_t size) const {
    const auto place = image_.section_place(section);
    if (!place || offset > place->size || size > std::min(largest_part, place->size - offset))
        return {};
    std::string bytes(size, '\0');
    bytes.resize(image_.read_at(place->offset + offset, bytes.data(), bytes.size()));
    return bytes;
}

// Each unit refers to strings of the whole package: only its own come along, and its references are changed to them.
void DebugPackage::gather_strings(std::string& offsets, bool has_header, std::string& strings) const {
    const auto place = image_.section_place(".debug_str.dwo");
    if (!place)
        return;
    std::string text(longest_string, '\0');
    for (std::size_t at = has_header ? offsets_header : 0; at + 4 <= offsets.size(); at += 4) {
        const std::uint64_t offset = number(offsets, at);
        const auto here = static_cast<std::uint32_t>(strings.size());
        std::memcpy(offsets.data() + at, &here, sizeof here);
        if (offset >= place->size || strings.size() > most_string_bytes)
            continue;
        std::size_t got = 0;
        std::size_t end = 0;
        for (std::size_t wanted = 128; end == got && got < text.size(); wanted *= 4) { // most are shorter than 128
            wanted = std::min<std::uint64_t>({wanted, text.size(), place->size - offset});
            got = image_.read_at(place->offset + offset, text.data(), wanted);
            end = ::strnlen(text.data(), got);
            if (got < wanted || wanted == place->size - offset)
                break;
        }
        strings.append(text.data(), end);
        strings += '\0';
    }
}

NamedSections DebugPackage::unit(std::uint64_t id) const {
    const auto row = row_of(id);
    if (!row)
        return {};
    NamedSections sections;
    for (const auto& [column, section] : columns)
        if (const auto place = row->parts.find(column); place != row->parts.end())
            sections.emplace_back(section, part(section, place->second.first, place->second.second));
    if (const auto place = row->parts.find(string_offsets); place != row->parts.end()) {
        std::string offsets = part(".debug_str_offsets.dwo", place->second.first, place->second.second);
        std::string strings;
        gather_strings(offsets, row->version == 5, strings);
        sections.emplace_back(".debug_str_offsets.dwo", std::move(offsets));
        sections.emplace_back(".debug_str.dwo", std::move(strings));
    }
    return sections;
}

} // namespace tasks::inspect
