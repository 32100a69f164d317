#include "core/core_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "saved/snapshot_format.hpp"

namespace tasks::inspect {
namespace {

// vm.max_map_count is 65,530, and raised to 262,144 and more by databases.
constexpr std::size_t max_headers = 1u << 20;

struct EndElf {
    void operator()(Elf* elf) const noexcept { elf_end(elf); }
};

/// What the file is in place of a core.
std::string other_kind(std::string_view head) {
    struct Kind {
        std::string_view magic;
        std::string_view sentence;
    };
    static constexpr std::array<Kind, 6> kinds{
        {{"\x28\xb5\x2f\xfd", "is compressed by zstd; unpack it with zstd -d, or coredumpctl dump PID -o FILE"},
         {"\x04\x22\x4d\x18", "is compressed by lz4; unpack it with lz4 -d, or coredumpctl dump PID -o FILE"},
         {"\xfd"
          "7zXZ",
          "is compressed by xz; unpack it with xz -d, or coredumpctl dump PID -o FILE"},
         {"\x1f\x8b", "is compressed by gzip; unpack it with gzip -d"},
         {saved::first_bytes, "is a snapshot that --save wrote; give it with --from"},
         {"tasks profile", "is a profile; give it with --from"}}};
    const auto* found = std::ranges::find_if(kinds, [&](const Kind& kind) { return head.starts_with(kind.magic); });
    return std::string{found == kinds.end() ? "is no core file; give one that the kernel or gcore wrote"
                                            : found->sentence};
}

/// Of the ELF header; "" where this is a core that can be read.
std::string unusable(const GElf_Ehdr& header) {
    if (header.e_ident[EI_CLASS] != ELFCLASS64) {
        return "is of a 32-bit program; only those of x86-64 can be read";
    }
    if (header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64) {
        return "is of another machine (ELF machine " + std::to_string(header.e_machine) +
               "); only those of x86-64 can be read";
    }
    return header.e_type == ET_CORE ? "" : "is an ELF file and no core; a program goes with --exe";
}

/// Both ends of it can be counted with.
bool sound(std::uint64_t start, std::uint64_t size) { return start + size >= start; }

} // namespace

Result<CoreFile> CoreFile::open(const std::string& path) {
    const auto cause = [] { return std::generic_category().message(errno); };
    CoreFile core{FileDescriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)}};
    struct stat facts{};
    if (!core.file_ || ::fstat(core.file_.get(), &facts) != 0) {
        const std::string way_out = errno == EACCES ? "run as its owner or as root" : "give a core file";
        return Failure{"cannot be read: " + cause() + "; " + way_out};
    }
    if (!S_ISREG(facts.st_mode)) {
        return Failure{std::string{"is no regular file; a core is read here and there: write it to a file first"}};
    }
    core.size_ = static_cast<std::uint64_t>(facts.st_size);
    core.owner_uid_ = facts.st_uid;
    constexpr std::uint64_t second_ns = 1'000'000'000;
    core.modified_ns_ = static_cast<std::uint64_t>(std::max<time_t>(facts.st_mtim.tv_sec, 0)) * second_ns +
                        static_cast<std::uint64_t>(facts.st_mtim.tv_nsec);
    if (const auto read = core.read_headers(); !read) {
        return Failure{read.error()};
    }
    return core;
}

Result<bool> CoreFile::read_headers() {
    std::array<char, 64> head{};
    const std::string_view first{head.data(), read_file(0, head)};
    if (first.empty()) {
        return Failure{std::string{"is empty; is there a limit (ulimit -c), or no room on the disk?"}};
    }
    if (!first.starts_with(ELFMAG)) {
        return Failure{other_kind(first)};
    }
    elf_version(EV_CURRENT);
    const std::unique_ptr<Elf, EndElf> elf{elf_begin(file_.get(), ELF_C_READ, nullptr)};
    GElf_Ehdr header;
    if (!elf || gelf_getehdr(elf.get(), &header) == nullptr) {
        return Failure{std::string{"is cut short within its header, or damaged; take the core again"}};
    }
    if (auto why = unusable(header); !why.empty()) {
        return Failure{std::move(why)};
    }
    std::size_t count = 0;
    if (elf_getphdrnum(elf.get(), &count) != 0 || count == 0) {
        return Failure{
            std::string{"is cut short or damaged: its list of mappings cannot be read; take the core again"}};
    }
    for (std::size_t at = 0; at < std::min(count, max_headers); ++at) {
        GElf_Phdr one;
        if (gelf_getphdr(elf.get(), static_cast<int>(at), &one) == nullptr) {
            break;
        }
        if (!sound(one.p_offset, one.p_filesz) || !sound(one.p_vaddr, std::max(one.p_memsz, one.p_filesz))) {
            continue;
        }
        const auto there = size_ > one.p_offset ? std::min(one.p_filesz, size_ - one.p_offset) : 0;
        missing_ += one.p_filesz - there;
        if (one.p_type == PT_NOTE) {
            notes_.push_back({one.p_offset, there});
        } else if (one.p_type == PT_LOAD) {
            segments_.push_back({one.p_vaddr, one.p_memsz, std::min(there, one.p_memsz), one.p_offset,
                                 (one.p_flags & PF_X) != 0, (one.p_flags & PF_W) != 0});
        }
    }
    std::ranges::sort(segments_, {}, &CoreSegment::address);
    return true;
}

const CoreSegment* CoreFile::segment_at(std::uint64_t address) const noexcept {
    const auto after = std::ranges::upper_bound(segments_, address, {}, &CoreSegment::address);
    if (after == segments_.begin()) {
        return nullptr;
    }
    const auto& segment = *(after - 1);
    return address - segment.address < segment.memory_size ? &segment : nullptr;
}

std::size_t CoreFile::read(std::uint64_t address, std::span<char> into) const {
    std::size_t done = 0;
    while (done < into.size()) { // on into the mapping that follows at once
        const auto* segment = segment_at(address + done);
        const auto from = segment == nullptr ? 0 : address + done - segment->address;
        if (segment == nullptr || from >= segment->file_size) {
            break;
        }
        const auto wanted = std::min<std::uint64_t>(into.size() - done, segment->file_size - from);
        const auto got = read_file(segment->offset + from, into.subspan(done, wanted));
        done += got;
        if (got < wanted) {
            break;
        }
    }
    return done;
}

std::size_t CoreFile::read_file(std::uint64_t offset, std::span<char> into) const {
    std::size_t done = 0;
    while (done < into.size()) {
        const auto got =
            ::pread(file_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        done += static_cast<std::size_t>(got);
    }
    return done;
}

} // namespace tasks::inspect
