#include "capture/proc_modules.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>

#include <elf.h>

#include "capture/patient_reader.hpp"
#include "capture/process_memory.hpp"

namespace tasks::inspect {
namespace {

constexpr std::size_t max_maps_bytes = 32u << 20;
constexpr std::uint64_t maps_patience_ns = 150'000'000;
constexpr std::size_t header_page = 4096;
constexpr std::size_t max_notes = 4096;
constexpr std::size_t max_build_id = 64;

/// The object of that type at `at`; nothing where the bytes end before.
template <class Object> std::optional<Object> object_at(std::string_view bytes, std::uint64_t at) {
    if (at > bytes.size() || bytes.size() - at < sizeof(Object)) {
        return std::nullopt;
    }
    Object object;
    std::memcpy(&object, bytes.data() + at, sizeof object);
    return object;
}

constexpr std::uint64_t padded(std::uint64_t bytes) { return (bytes + 3) & ~std::uint64_t{3}; }

/// Notes are name size, description size, type, name, description, each padded to 4 bytes (gABI, "Note Section").
std::string build_id_in(std::string_view notes) {
    std::uint64_t at = 0;
    while (const auto note = object_at<Elf64_Nhdr>(notes, at)) {
        const auto name_at = at + sizeof *note;
        const auto text_at = name_at + padded(note->n_namesz);
        if (text_at > notes.size() || notes.size() - text_at < note->n_descsz) {
            break;
        }
        if (note->n_type == NT_GNU_BUILD_ID && notes.substr(name_at, 4) == std::string_view{"GNU", 4} &&
            note->n_descsz <= max_build_id) {
            return std::string{notes.substr(text_at, note->n_descsz)};
        }
        at = text_at + padded(note->n_descsz);
    }
    return {};
}

template <class Number> bool take_hex(std::string_view& text, Number& into, char until) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), into, 16);
    if (end.ec != std::errc{} || end.ptr == text.data() + text.size() || *end.ptr != until) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()) + 1);
    return true;
}

struct Mapping {
    ModuleFacts facts;
    bool executable = false;
};

/// `start-end perms offset device inode   path`
std::optional<Mapping> parse_mapping(std::string_view line) {
    Mapping mapping;
    auto& facts = mapping.facts;
    if (!take_hex(line, facts.start, '-') || !take_hex(line, facts.end, ' ') || line.size() < 5) {
        return std::nullopt;
    }
    mapping.executable = line[2] == 'x';
    line.remove_prefix(5);
    if (!take_hex(line, facts.file_offset, ' ') || facts.end <= facts.start) {
        return std::nullopt;
    }
    const auto path = line.find_first_of("/[");
    if (path == line.npos) {
        return std::nullopt;
    }
    facts.path = line.substr(path);
    if (facts.path.front() == '[' && facts.path != "[vdso]") {
        return std::nullopt;
    }
    return mapping;
}

} // namespace

std::string build_id_at(std::uint64_t start, const ReadMemory& read) {
    const auto page = read(start, header_page);
    const auto header = object_at<Elf64_Ehdr>(page, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) {
        return {};
    }
    std::optional<std::uint64_t> first_load;
    for (std::uint64_t index = 0; index < header->e_phnum; ++index) {
        const auto piece = object_at<Elf64_Phdr>(page, header->e_phoff + index * sizeof(Elf64_Phdr));
        if (!piece) {
            break;
        }
        if (piece->p_type == PT_LOAD && !first_load) {
            first_load = piece->p_vaddr - piece->p_offset;
        }
        if (piece->p_type == PT_NOTE) {
            const auto notes = read(start + piece->p_vaddr - first_load.value_or(0),
                                    std::min<std::uint64_t>(piece->p_memsz, max_notes));
            if (auto id = build_id_in(notes); !id.empty()) {
                return id;
            }
        }
    }
    return {};
}

std::vector<ModuleFacts> parse_modules(std::string_view maps, const ReadMemory& read) {
    std::vector<ModuleFacts> modules;
    std::map<std::string, std::uint64_t> image_starts; // the newest mapping of a file's first page
    std::map<std::uint64_t, std::string> build_ids;
    while (!maps.empty()) {
        const auto line = maps.substr(0, maps.find('\n'));
        maps.remove_prefix(std::min(maps.size(), line.size() + 1));
        auto mapping = parse_mapping(line);
        if (!mapping) {
            continue;
        }
        if (mapping->facts.file_offset == 0) {
            image_starts[mapping->facts.path] = mapping->facts.start;
        }
        const auto image = image_starts.find(mapping->facts.path);
        if (mapping->executable && image != image_starts.end()) {
            const auto [known, added] = build_ids.try_emplace(image->second);
            if (added) {
                known->second = build_id_at(image->second, read);
            }
            mapping->facts.build_id = known->second;
        }
        if (mapping->executable) {
            modules.push_back(std::move(mapping->facts));
        }
    }
    return modules;
}

void read_modules(const World& world, std::uint32_t pid, const Deadline& deadline, MemoryWatch& watch, Snapshot& into) {
    const auto maps = read_patiently({world.proc.path(pid, "maps")}, max_maps_bytes, maps_patience_ns, deadline);
    if (!maps.front()) {
        into.incomplete.push_back({0, "the mapped files cannot be listed, so stacks have no names; /proc/PID/maps did "
                                      "not come in time or may not be read"});
        return;
    }
    const LiveMemory memory{pid};
    const auto from_memory = [&memory](std::uint64_t address, std::size_t bytes) {
        std::string copy(bytes, '\0');
        copy.resize(memory.read(address, copy));
        return copy;
    };
    if (!watch.run([&] { into.modules = parse_modules(*maps.front(), from_memory); })) {
        into.modules = parse_modules(*maps.front(), [](std::uint64_t, std::size_t) { return std::string{}; });
    }
}

} // namespace tasks::inspect
