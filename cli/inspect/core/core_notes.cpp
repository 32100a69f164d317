#include "core/core_notes.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <string_view>

#include <elf.h>
#include <sys/procfs.h>
#include <sys/user.h>

namespace tasks::inspect {
namespace {

constexpr std::uint64_t padding = 4;
constexpr std::size_t max_auxv_bytes = 64 * 1024;
constexpr std::uint32_t most_signal = 64;

std::uint64_t padded(std::uint64_t size) { return (size + padding - 1) / padding * padding; }

template <class Value> std::optional<Value> value_at(std::string_view bytes, std::size_t at) {
    Value value;
    if (at > bytes.size() || bytes.size() - at < sizeof value) {
        return std::nullopt;
    }
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// The address is told for faults that the processor made (si_code > 0), of these signals alone.
bool has_address(std::int32_t signal, std::int32_t code) {
    constexpr std::array faults{SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
    return code > 0 && std::ranges::find(faults, signal) != faults.end();
}

class Notes {
public:
    Notes(const ReadBytes& read, CoreNotes& into) : read_(read), into_(into) {}

    void walk(std::uint64_t offset, std::uint64_t size) {
        while (size >= sizeof(Elf64_Nhdr)) {
            Elf64_Nhdr header{};
            std::array<char, 8> name{};
            const auto start = sizeof header + padded(header_at(offset, header) ? header.n_namesz : ~0u);
            const auto length = start + padded(header.n_descsz);
            if (start + header.n_descsz > size) {
                into_.damaged = true;
                return;
            }
            read_(offset + sizeof header, std::span{name}.first(std::min<std::size_t>(header.n_namesz, name.size())));
            if (std::string_view{name.data(), 5} == std::string_view{"CORE", 5}) {
                take(header.n_type, offset + start, header.n_descsz);
            }
            offset += length;
            size -= std::min(size, length);
        }
    }

private:
    bool header_at(std::uint64_t offset, Elf64_Nhdr& header) const {
        return read_(offset, {reinterpret_cast<char*>(&header), sizeof header}) == sizeof header;
    }

    std::string bytes_at(std::uint64_t offset, std::uint64_t size, std::uint64_t most) const {
        std::string bytes(std::min(size, most), '\0');
        bytes.resize(read_(offset, bytes));
        return bytes;
    }

    void take(std::uint32_t type, std::uint64_t offset, std::uint64_t size) {
        switch (type) {
        case NT_PRSTATUS:
            judge(take_thread(bytes_at(offset, size, sizeof(elf_prstatus))));
            break;
        case NT_PRPSINFO:
            judge(take_process(bytes_at(offset, size, sizeof(elf_prpsinfo))));
            break;
        case NT_SIGINFO:
            judge(take_signal(bytes_at(offset, size, sizeof(siginfo_t))));
            break;
        case NT_AUXV:
            take_auxiliary(bytes_at(offset, size, max_auxv_bytes));
            break;
        case NT_FILE:
            judge(take_files(bytes_at(offset, size, CoreNotes::max_files_bytes)));
            break;
        default: // floating point and vector registers, and what later kernels add
            break;
        }
    }

    void judge(bool good) { into_.damaged = into_.damaged || !good; }

    bool take_thread(const std::string& bytes) {
        const auto status = value_at<elf_prstatus>(bytes, 0);
        if (!status || status->pr_pid <= 0) {
            return false;
        }
        if (into_.threads.size() >= CoreNotes::max_threads) {
            ++into_.threads_left_out;
            return true;
        }
        user_regs_struct registers;
        static_assert(sizeof registers == sizeof status->pr_reg);
        std::memcpy(&registers, &status->pr_reg, sizeof registers);
        into_.threads.push_back({static_cast<std::uint32_t>(status->pr_pid), registers_of(registers),
                                 static_cast<std::int64_t>(registers.orig_rax)});
        return true;
    }

    bool take_process(const std::string& bytes) {
        const auto facts = value_at<elf_prpsinfo>(bytes, 0);
        if (!facts) {
            return false;
        }
        const std::string_view name{facts->pr_fname, sizeof facts->pr_fname};
        into_.process = {static_cast<std::uint32_t>(facts->pr_pid), static_cast<std::uint32_t>(facts->pr_ppid),
                         facts->pr_uid, std::string{name.substr(0, name.find('\0'))}};
        return true;
    }

    /// Of the first one alone: gcore writes one a thread.
    bool take_signal(const std::string& bytes) {
        constexpr std::size_t code_at = 8;
        constexpr std::size_t address_at = 16;
        const auto number = value_at<std::int32_t>(bytes, 0);
        const auto code = value_at<std::int32_t>(bytes, code_at);
        const auto address = value_at<std::uint64_t>(bytes, address_at);
        if (!address) {
            return false;
        }
        // gcore stops the process by SIGSTOP, which ends none.
        if (!into_.signal && *number > 0 && *number != SIGSTOP && static_cast<std::uint32_t>(*number) <= most_signal) {
            into_.signal = {static_cast<std::uint32_t>(*number),
                            has_address(*number, *code) ? std::optional{*address} : std::nullopt};
        }
        return true;
    }

    void take_auxiliary(const std::string& bytes) {
        for (std::size_t at = 0;; at += sizeof(Elf64_auxv_t)) {
            const auto entry = value_at<Elf64_auxv_t>(bytes, at);
            if (!entry || entry->a_type == AT_NULL) {
                return;
            }
            if (entry->a_type == AT_ENTRY) {
                into_.entry = entry->a_un.a_val;
            } else if (entry->a_type == AT_SYSINFO_EHDR) {
                into_.vdso = entry->a_un.a_val;
            }
        }
    }

    /// COUNT, the unit of offsets, COUNT times (start, end, offset), then as many names, each with its zero.
    bool take_files(const std::string& bytes) {
        constexpr std::size_t word = 8;
        const auto count = value_at<std::uint64_t>(bytes, 0);
        const auto unit = value_at<std::uint64_t>(bytes, word);
        if (!unit || *count > CoreNotes::max_mappings || *count > bytes.size() / (3 * word)) {
            return false;
        }
        std::string_view names{bytes};
        names.remove_prefix(std::min(names.size(), (2 + 3 * *count) * word));
        for (std::uint64_t index = 0; index < *count; ++index) {
            const auto at = (2 + 3 * index) * word;
            const auto start = value_at<std::uint64_t>(bytes, at);
            const auto end = value_at<std::uint64_t>(bytes, at + word);
            const auto offset = value_at<std::uint64_t>(bytes, at + 2 * word);
            const auto length = names.find('\0');
            if (!offset || length == names.npos) {
                return false;
            }
            if (*start < *end) {
                into_.files.push_back({*start, *end, *offset * *unit, std::string{names.substr(0, length)}});
            }
            names.remove_prefix(length + 1);
        }
        return true;
    }

    const ReadBytes& read_;
    CoreNotes& into_;
};

} // namespace

void read_core_notes(const ReadBytes& read, std::uint64_t offset, std::uint64_t size, CoreNotes& into) {
    Notes{read, into}.walk(offset, size);
}

} // namespace tasks::inspect
