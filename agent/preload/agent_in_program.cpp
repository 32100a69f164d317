#include "agent_in_program.hpp"

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstring>

namespace tasks::agent {
namespace {

constexpr char note_name[] = "tasks";

constexpr std::size_t aligned(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

/// The note among those of one segment.
const BirthInterface* in_notes(const char* at, std::size_t bytes, std::size_t alignment) noexcept {
    while (bytes >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        std::memcpy(&note, at, sizeof note);
        const std::size_t name = sizeof note;
        const std::size_t content = name + aligned(note.n_namesz, alignment);
        const std::size_t end = content + aligned(note.n_descsz, alignment);
        if (note.n_namesz > bytes || note.n_descsz > bytes || content + note.n_descsz > bytes)
            return nullptr;
        std::ptrdiff_t distance = 0;
        if (note.n_type == birth_note_type && note.n_namesz == sizeof note_name &&
            std::memcmp(at + name, note_name, sizeof note_name) == 0 && note.n_descsz == sizeof distance) {
            std::memcpy(&distance, at + content, sizeof distance);
            return reinterpret_cast<const BirthInterface*>(at + content + distance);
        }
        if (end >= bytes)
            return nullptr;
        at += end;
        bytes -= end;
    }
    return nullptr;
}

struct Look {
    const BirthInterface* own;
    const BirthInterface* found = nullptr;
};

int look(dl_phdr_info* image, std::size_t, void* to) noexcept {
    auto& asked = *static_cast<Look*>(to);
    for (int at = 0; at < image->dlpi_phnum; ++at) {
        const auto& header = image->dlpi_phdr[at];
        if (header.p_type != PT_NOTE)
            continue;
        const auto* notes = reinterpret_cast<const char*>(image->dlpi_addr + header.p_vaddr);
        const auto* births = in_notes(notes, header.p_memsz, header.p_align == 8 ? 8 : 4);
        if (births == nullptr || births == asked.own || births->version != birth_interface_version)
            continue;
        asked.found = births;
        return 1;
    }
    return 0;
}

} // namespace

const BirthInterface* agent_in_program(const BirthInterface* own) noexcept {
    Look asked{own};
    ::dl_iterate_phdr(look, &asked);
    return asked.found;
}

} // namespace tasks::agent
