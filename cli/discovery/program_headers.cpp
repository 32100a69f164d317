#include "discovery/program_headers.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <elf.h>

namespace tasks::discovery {
namespace {

constexpr std::size_t most_headers = 1024;
constexpr std::size_t longest_path = 4096;
constexpr std::size_t most_dynamic = 4096; ///< entries
constexpr std::size_t most_libraries = 1024;

const Elf64_Phdr* of_type(const std::vector<Elf64_Phdr>& headers, std::uint32_t type) {
    const auto found = std::ranges::find(headers, type, &Elf64_Phdr::p_type);
    return found == headers.end() ? nullptr : &*found;
}

/// Where in the file the byte of that address is.
std::optional<std::uint64_t> offset_of(const std::vector<Elf64_Phdr>& headers, std::uint64_t address) {
    for (const auto& header : headers) {
        if (header.p_type == PT_LOAD && address >= header.p_vaddr && address - header.p_vaddr < header.p_filesz) {
            return header.p_offset + (address - header.p_vaddr);
        }
    }
    return std::nullopt;
}

/// Up to its zero; "" where none comes within the bytes that a path has.
std::string text_at(const ReadAt& read, std::uint64_t offset) {
    std::string text;
    std::array<char, 64> piece{};
    while (text.size() < longest_path) {
        std::size_t bytes = piece.size();
        while (bytes > 0 && !read(offset + text.size(), piece.data(), bytes)) {
            bytes /= 2; // the file ends
        }
        const auto* end = std::find(piece.data(), piece.data() + bytes, '\0');
        text.append(static_cast<const char*>(piece.data()), end);
        if (end != piece.data() + bytes) {
            return text;
        }
        if (bytes == 0) {
            break;
        }
    }
    return "";
}

std::vector<std::string> libraries_of(const ReadAt& read, const std::vector<Elf64_Phdr>& headers) {
    const auto* segment = of_type(headers, PT_DYNAMIC);
    std::vector<Elf64_Dyn> entries(
        segment == nullptr ? 0 : std::min<std::size_t>(segment->p_filesz / sizeof(Elf64_Dyn), most_dynamic));
    if (entries.empty() || !read(segment->p_offset, entries.data(), entries.size() * sizeof(Elf64_Dyn))) {
        return {};
    }
    entries.erase(std::ranges::find(entries, Elf64_Sxword{DT_NULL}, &Elf64_Dyn::d_tag), entries.end());
    const auto strings = std::ranges::find(entries, Elf64_Sxword{DT_STRTAB}, &Elf64_Dyn::d_tag);
    const auto names = strings == entries.end() ? std::nullopt : offset_of(headers, strings->d_un.d_ptr);
    std::vector<std::string> libraries;
    for (const auto& entry : entries) {
        if (names && entry.d_tag == DT_NEEDED && libraries.size() < most_libraries) {
            libraries.push_back(text_at(read, *names + entry.d_un.d_val));
        }
    }
    return libraries;
}

} // namespace

std::optional<ProgramHeaders> read_program_headers(const ReadAt& read) {
    std::array<unsigned char, EI_NIDENT> ident{};
    if (!read(0, ident.data(), ident.size()) || std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0) {
        return std::nullopt;
    }
    Elf64_Ehdr header{};
    if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB) {
        return ProgramHeaders{};
    }
    if (!read(0, &header, sizeof header)) {
        return std::nullopt;
    }
    if (header.e_machine != EM_X86_64) {
        return ProgramHeaders{};
    }
    if ((header.e_type != ET_EXEC && header.e_type != ET_DYN) || header.e_phentsize != sizeof(Elf64_Phdr) ||
        header.e_phnum == 0 || header.e_phnum > most_headers) {
        return std::nullopt;
    }
    std::vector<Elf64_Phdr> headers(header.e_phnum);
    if (!read(header.e_phoff, headers.data(), headers.size() * sizeof(Elf64_Phdr))) {
        return std::nullopt;
    }
    ProgramHeaders program{.x86_64 = true, .loader = {}, .libraries = libraries_of(read, headers)};
    if (const auto* loader = of_type(headers, PT_INTERP)) {
        program.loader = text_at(read, loader->p_offset);
    }
    return program;
}

} // namespace tasks::discovery
