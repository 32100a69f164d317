#include "mappings.hpp"

#include <elf.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "fixed_text.hpp"
#include "program_headers.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t max_note_bytes = 1024; // a build-id note has 36 bytes; others stand beside it

constexpr std::size_t aligned(std::size_t bytes) noexcept { return (bytes + 3) & ~std::size_t{3}; }

/// The description of the note "GNU" NT_GNU_BUILD_ID in a note segment's bytes.
std::string_view find_build_id(std::string_view notes) noexcept {
    while (notes.size() >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr head;
        std::memcpy(&head, notes.data(), sizeof head);
        notes.remove_prefix(sizeof head);
        const std::size_t name = aligned(head.n_namesz);
        const std::size_t description = aligned(head.n_descsz);
        if (name > notes.size() || description > notes.size() - name)
            break;
        if (head.n_type == NT_GNU_BUILD_ID && notes.substr(0, head.n_namesz) == std::string_view{"GNU\0", 4})
            return notes.substr(name, head.n_descsz);
        notes.remove_prefix(name + description);
    }
    return {};
}

} // namespace

std::size_t read_memory(std::uint64_t address, std::span<char> into) noexcept {
    iovec local{into.data(), into.size()};
    iovec remote{std::bit_cast<void*>(address), into.size()};
    const ssize_t got = ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
}

bool parse_mapping(std::string_view line, Mapping& mapping) noexcept {
    if (!take_number(line, mapping.start, 16, '-') || !take_number(line, mapping.end, 16, ' '))
        return false;
    const std::string_view rights = take_word(line);
    if (rights.size() < 4 || mapping.end <= mapping.start)
        return false;
    mapping.executable = rights[2] == 'x';
    if (!take_number(line, mapping.file_offset, 16, ' '))
        return false;
    mapping.device = take_word(line);
    if (!take_number(line, mapping.inode, 10, ' '))
        return false;
    const std::size_t path = line.find_first_not_of(' ');
    mapping.path = path == std::string_view::npos ? std::string_view{} : line.substr(path);
    return true;
}

OwnedFd open_maps(int task_directory, std::uint32_t tid) noexcept {
    FixedText<32> path;
    path << tid << "/maps";
    return open_for_reading(task_directory, path.c_str());
}

std::size_t build_id_at(std::uint64_t address, std::span<char, max_build_id_bytes> into) noexcept {
    const ProgramHeaders image{address};
    for (const Elf64_Phdr& header : image.headers()) {
        if (header.p_type != PT_NOTE || !image.bias())
            continue;
        std::array<char, max_note_bytes> notes;
        const std::size_t wanted = std::min<std::size_t>(header.p_memsz, notes.size());
        const std::size_t got = read_memory(*image.bias() + header.p_vaddr, {notes.data(), wanted});
        const std::string_view id = find_build_id({notes.data(), got});
        if (id.empty() || id.size() > into.size())
            continue;
        std::memcpy(into.data(), id.data(), id.size());
        return id.size();
    }
    return 0;
}

bool Modules::is_of_image(const Mapping& mapping) const noexcept {
    return image_ != 0 && mapping.inode == image_inode_ &&
           mapping.device == std::string_view{image_device_.data(), image_device_bytes_};
}

bool Modules::next(std::uint64_t from, protocol::Module& module) noexcept {
    std::string_view line;
    Mapping mapping;
    while (lines_.next(line)) {
        if (!parse_mapping(line, mapping) || mapping.path.empty())
            continue;
        const bool vdso = mapping.path == "[vdso]";
        if (!vdso && mapping.path.front() != '/')
            continue;
        if (mapping.file_offset == 0) {
            image_ = mapping.start;
            image_inode_ = mapping.inode;
            image_device_bytes_ = mapping.device.copy(image_device_.data(), image_device_.size());
        }
        if (!mapping.executable || mapping.start < from)
            continue;
        latest_image_ = is_of_image(mapping) ? image_ : 0;
        const std::size_t id = latest_image_ != 0 ? build_id_at(image_, build_id_) : 0;
        module = {.start = mapping.start,
                  .end = mapping.end,
                  .file_offset = mapping.file_offset,
                  .path = mapping.path.substr(0, protocol::max_string_bytes),
                  .build_id = {build_id_.data(), id}};
        return true;
    }
    return false;
}

} // namespace tasks::agent
