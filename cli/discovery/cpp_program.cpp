#include "discovery/cpp_program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/file_descriptor.hpp"
#include "capture/mortal_child.hpp"

namespace tasks::discovery {
namespace {

constexpr std::uint64_t max_section_bytes = 16u << 20;
constexpr std::uint64_t piece_bytes = 1u << 20;
constexpr std::size_t max_sections = 1024;
constexpr int patience_ms = 100; // for one file

/// Of the C++ library itself, in every program that holds it: the personality routine, functions of namespace std.
constexpr std::array symbol_marks{std::string_view{"__gxx_personality_v0"}, std::string_view{"_ZNSt"},
                                  std::string_view{"_ZNKSt"}};
/// The name of a run-time type of the C++ ABI's, __cxxabiv1::__class_type_info: data, which strip(1) leaves.
constexpr std::array type_marks{std::string_view{"N10__cxxabiv1"}};

class ElfSections {
public:
    explicit ElfSections(int fd) : fd_(fd) {}

    bool read_headers() {
        Elf64_Ehdr header{};
        if (!read(0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
            header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr) ||
            header.e_shnum > max_sections || header.e_shstrndx >= header.e_shnum) {
            return false;
        }
        sections_.resize(header.e_shnum);
        if (!read(header.e_shoff, sections_.data(), sections_.size() * sizeof(Elf64_Shdr))) {
            return false;
        }
        const auto& names = sections_[header.e_shstrndx];
        names_.resize(std::min<std::uint64_t>(names.sh_size, piece_bytes));
        return read(names.sh_offset, names_.data(), names_.size());
    }

    bool has(std::string_view name) const { return find(name) != nullptr; }

    template <std::size_t count>
    bool contains(std::string_view name, const std::array<std::string_view, count>& marks) const {
        const auto* section = find(name);
        if (section == nullptr || section->sh_type == SHT_NOBITS) {
            return false;
        }
        const auto bytes = std::min<std::uint64_t>(section->sh_size, max_section_bytes);
        constexpr std::uint64_t overlap = 32; // a mark may lie across two pieces
        std::string piece;
        for (std::uint64_t at = 0; at < bytes; at += piece_bytes) {
            piece.resize(std::min(piece_bytes + overlap, bytes - at));
            if (!read(section->sh_offset + at, piece.data(), piece.size())) {
                return false;
            }
            if (std::ranges::any_of(marks, [&piece](auto mark) {
                    return ::memmem(piece.data(), piece.size(), mark.data(), mark.size()) != nullptr;
                })) {
                return true;
            }
        }
        return false;
    }

private:
    bool read(std::uint64_t at, void* into, std::size_t bytes) const {
        if (at > static_cast<std::uint64_t>(INT64_MAX) - bytes) {
            return false;
        }
        return ::pread(fd_, into, bytes, static_cast<off_t>(at)) == static_cast<ssize_t>(bytes);
    }

    const Elf64_Shdr* find(std::string_view name) const {
        const auto found = std::ranges::find_if(sections_, [&](const Elf64_Shdr& section) {
            return section.sh_name < names_.size() && std::string_view{names_.c_str() + section.sh_name} == name;
        });
        return found == sections_.end() ? nullptr : &*found;
    }

    int fd_;
    std::vector<Elf64_Shdr> sections_;
    std::string names_;
};

/// A child that writes a byte for each path, from `from` on.
Result<inspect::PipedChild, int> start_judge(const std::vector<std::string>& paths, std::size_t from) {
    return inspect::start_child([&](int pipe) {
        for (auto at = from; at < paths.size(); ++at) {
            const char verdict = holds_cpp_runtime(paths[at]) ? 1 : 0;
            if (::write(pipe, &verdict, 1) != 1) {
                break;
            }
        }
    });
}

/// Takes verdicts until one is late.
void gather(const inspect::PipedChild& child, std::vector<bool>& verdicts, const inspect::Deadline& deadline,
            std::size_t wanted) {
    std::array<char, 256> bytes;
    while (verdicts.size() < wanted) {
        pollfd ready{child.pipe.get(), POLLIN, 0};
        const auto polled = ::poll(&ready, 1, std::min(patience_ms, deadline.left_ms()));
        if (polled < 0 && errno == EINTR) {
            continue;
        }
        const auto count = polled <= 0 ? 0 : ::read(child.pipe.get(), bytes.data(), bytes.size());
        if (count <= 0) {
            return;
        }
        for (auto at = bytes.begin(); at != bytes.begin() + count && verdicts.size() < wanted; ++at) {
            verdicts.push_back(*at != 0);
        }
    }
}

} // namespace

bool maps_cpp_library(std::string_view maps) {
    for (const std::string_view library : {"/libstdc++.so", "/libc++.so"}) {
        if (maps.find(library) != maps.npos) {
            return true;
        }
    }
    return false;
}

bool holds_cpp_runtime(const std::string& path) {
    const inspect::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat facts{};
    if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return false;
    }
    ElfSections sections{file.get()};
    if (!sections.read_headers()) {
        return false;
    }
    if (sections.has(".symtab")) {
        return sections.contains(".strtab", symbol_marks);
    }
    return sections.contains(".dynstr", symbol_marks) || sections.contains(".rodata", type_marks);
}

std::vector<bool> hold_cpp_runtime(const std::vector<std::string>& paths, const inspect::Deadline& deadline) {
    std::vector<bool> verdicts;
    while (verdicts.size() < paths.size() && !deadline.passed()) {
        const auto child = start_judge(paths, verdicts.size());
        if (!child) {
            break;
        }
        gather(*child, verdicts, deadline, paths.size());
        inspect::end_child(child->pid);
        if (verdicts.size() < paths.size()) {
            verdicts.push_back(false); // passed over
        }
    }
    verdicts.resize(paths.size());
    return verdicts;
}

} // namespace tasks::discovery
