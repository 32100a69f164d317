#include "unwind/elf_image.hpp"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>

#include <functional>
#include <sys/stat.h>

#include "unwind/cut_files.hpp"

namespace tasks::inspect {

namespace {

// The kernel itself loads no file with more than 64 KiB of program headers (1,170).
constexpr std::size_t most_headers = 2048;
// A build-id is 20 bytes (SHA-1) or 8 to 32 with other linkers.
constexpr std::size_t longest_build_id = 64;
// Behind a section's bytes: more than the longest "/proc/self/fd/2147483647".
constexpr std::size_t padding = 64;

Elf* begin(std::variant<OpenFile, std::unique_ptr<std::vector<char>>>& storage) {
    elf_version(EV_CURRENT);
    if (const auto* file = std::get_if<OpenFile>(&storage)) {
        if (file->size() <= ElfImage::largest_read)
            return elf_begin(file->fd(), ELF_C_READ, nullptr);
        survive_cut_files();
        return elf_begin(file->fd(), ELF_C_READ_MMAP_PRIVATE, nullptr);
    }
    auto& bytes = *std::get<1>(storage);
    return elf_memory(bytes.data(), bytes.size());
}

// With bytes; decompressed, as libelf then keeps it.
Elf_Data* plain_data(Elf_Scn* section) {
    GElf_Shdr header;
    if (section == nullptr || gelf_getshdr(section, &header) == nullptr)
        return nullptr;
    if ((header.sh_flags & SHF_COMPRESSED) != 0 && elf_compress(section, 0, 0) < 0)
        return nullptr;
    Elf_Data* data = elf_getdata(section, nullptr);
    return data == nullptr || data->d_buf == nullptr || data->d_size == 0 ? nullptr : data;
}

std::string build_id_of(Elf* elf) {
    const void* bytes = nullptr;
    const auto size = dwelf_elf_gnu_build_id(elf, &bytes);
    if (size <= 0 || static_cast<std::size_t>(size) > longest_build_id)
        return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

} // namespace

void ElfImage::EndElf::operator()(Elf* elf) const noexcept { elf_end(elf); }

Result<ElfImage> ElfImage::from_file(OpenFile file) { return begun(std::move(file)); }

Result<ElfImage> ElfImage::from_memory(std::vector<char> bytes) {
    return begun(std::make_unique<std::vector<char>>(std::move(bytes)));
}

Result<ElfImage> ElfImage::begun(Storage storage) {
    ElfImage image{std::move(storage)};
    image.elf_.reset(begin(image.storage_));
    if (!image.elf_ || !image.read_headers())
        return Failure{std::string{"not an ELF file of x86-64"}};
    image.build_id_ = build_id_of(image.elf());
    return image;
}

bool ElfImage::read_headers() {
    GElf_Ehdr header;
    std::size_t count = 0;
    if (elf_kind(elf()) != ELF_K_ELF || gelf_getehdr(elf(), &header) == nullptr)
        return false;
    if (header.e_machine != EM_X86_64 || gelf_getclass(elf()) != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
        return false;
    if (elf_getphdrnum(elf(), &count) != 0)
        return false;
    for (std::size_t i = 0; i < std::min(count, most_headers); ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf(), static_cast<int>(i), &segment) != nullptr && segment.p_type == PT_LOAD)
            segments_.push_back(
                {segment.p_vaddr, segment.p_offset, segment.p_filesz, segment.p_memsz, (segment.p_flags & PF_X) != 0});
    }
    return true;
}

Elf_Scn* ElfImage::section(const char* name) const {
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf(), &names) != 0)
        return nullptr;
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf(), section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS)
            continue;
        const char* found = elf_strptr(elf(), names, header.sh_name);
        if (found != nullptr && std::strcmp(found, name) == 0)
            return section;
    }
    return nullptr;
}

std::optional<std::int64_t> ElfImage::written_s() const {
    const auto* file = std::get_if<OpenFile>(&storage_);
    struct stat facts{};
    if (file == nullptr || ::fstat(file->fd(), &facts) != 0)
        return std::nullopt;
    return facts.st_mtime;
}

bool ElfImage::has_section(const char* name) const { return section(name) != nullptr; }

std::string ElfImage::section_bytes(const char* name, std::size_t most) const {
    Elf_Scn* found = section(name);
    const Elf_Data* data = found == nullptr ? nullptr : elf_rawdata(found, nullptr);
    if (data == nullptr || data->d_buf == nullptr || data->d_size > most)
        return {};
    return {static_cast<const char*>(data->d_buf), data->d_size};
}

std::optional<ElfImage::Place> ElfImage::section_place(const char* name) const {
    Elf_Scn* found = section(name);
    GElf_Shdr header;
    if (found == nullptr || gelf_getshdr(found, &header) == nullptr || (header.sh_flags & SHF_COMPRESSED) != 0)
        return std::nullopt;
    return Place{header.sh_offset, header.sh_size};
}

std::string ElfImage::plain_bytes(const char* name, std::size_t most) const {
    Elf_Data* data = plain_data(section(name));
    if (data == nullptr || data->d_size > most)
        return {};
    return {static_cast<const char*>(data->d_buf), data->d_size};
}

char* ElfImage::writable(const char* name, const char* text, std::size_t size) const {
    Elf_Data* data = plain_data(section(name));
    const std::less<const char*> before;
    char* first = data == nullptr ? nullptr : static_cast<char*>(data->d_buf);
    if (first == nullptr || text == nullptr || before(text, first) || !before(text, first + data->d_size))
        return nullptr;
    const auto at = static_cast<std::size_t>(text - first);
    const bool is_padded =
        std::any_of(padded_.begin(), padded_.end(), [first](const auto& copy) { return copy->data() == first; });
    return size <= data->d_size + (is_padded ? padding : 0) - at ? first + at : nullptr;
}

void ElfImage::pad_section(const char* name) {
    Elf_Data* data = plain_data(section(name));
    if (data == nullptr)
        return;
    auto copy = std::make_unique<std::vector<char>>(data->d_size + padding);
    std::memcpy(copy->data(), data->d_buf, data->d_size);
    data->d_buf = copy->data();
    padded_.push_back(std::move(copy));
}

void ElfImage::terminate_section(const char* name) {
    const Elf_Data* data = plain_data(section(name));
    if (data != nullptr && static_cast<const char*>(data->d_buf)[data->d_size - 1] != 0)
        pad_section(name);
}

std::optional<std::uint64_t> ElfImage::header_address(std::uint32_t type) const {
    std::size_t count = 0;
    if (elf_getphdrnum(elf(), &count) != 0)
        return std::nullopt;
    for (std::size_t i = 0; i < std::min(count, most_headers); ++i) {
        GElf_Phdr header;
        if (gelf_getphdr(elf(), static_cast<int>(i), &header) != nullptr && header.p_type == type)
            return header.p_vaddr;
    }
    return std::nullopt;
}

std::size_t ElfImage::read_at(std::uint64_t offset, void* into, std::size_t count) const {
    if (const auto* file = std::get_if<OpenFile>(&storage_))
        return file->read_at(offset, into, count);
    const auto& bytes = *std::get<1>(storage_);
    if (offset >= bytes.size())
        return 0;
    const std::size_t there = std::min<std::uint64_t>(count, bytes.size() - offset);
    std::memcpy(into, bytes.data() + offset, there);
    return there;
}

std::size_t ElfImage::read(std::uint64_t address, void* into, std::size_t count) const {
    for (const Segment& segment : segments_) {
        if (address < segment.address || address - segment.address >= segment.file_size)
            continue;
        const std::uint64_t inside = address - segment.address;
        return read_at(segment.offset + inside, into, std::min<std::uint64_t>(count, segment.file_size - inside));
    }
    return 0;
}

} // namespace tasks::inspect
