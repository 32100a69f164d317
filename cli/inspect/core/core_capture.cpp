#include "core/core_capture.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include <unistd.h>

#include "capture/fiber_capture.hpp"
#include "capture/proc_modules.hpp"
#include "capture/wait_facts.hpp"
#include "core/core_file.hpp"
#include "core/core_notes.hpp"
#include "core/core_table.hpp"
#include "unwind/open_file.hpp"
#include "unwind/x86_64.hpp"

namespace tasks::inspect {
namespace {

constexpr std::uint64_t max_stacks_bytes = 1ull << 30;

/// What a system call that waits gives where a signal, as every core begins with one, ends the wait: -EINTR, or one of
/// the kernel's own restart codes (include/linux/errno.h).
bool was_blocked(const CoreThread& thread) {
    constexpr std::int64_t interrupted = -4;
    constexpr std::int64_t restart_first = -512;
    constexpr std::int64_t restart_last = -516;
    const auto result = static_cast<std::int64_t>(thread.registers[x86_64::rax]);
    return thread.original_rax >= 0 && (result == interrupted || (result <= restart_first && result >= restart_last));
}

class CoreReader {
public:
    CoreReader(const World& world, const CoreFile& core, Snapshot& into) : world_(world), core_(core), into_(into) {}

    /// False: it holds no threads.
    bool read(const std::string& exe) {
        const ReadBytes read = [this](std::uint64_t offset, std::span<char> bytes) {
            return core_.read_file(offset, bytes);
        };
        for (const auto& range : core_.notes()) {
            read_core_notes(read, range.offset, range.size, notes_);
        }
        take_process();
        for (const auto& thread : notes_.threads) {
            take_thread(thread);
        }
        std::ranges::sort(into_.threads, {}, &ThreadFacts::tid);
        take_modules(exe);
        tell_missing();
        return !into_.threads.empty();
    }

private:
    void take_process() {
        auto& process = into_.process;
        process.agent = AgentState::core;
        if (notes_.process) {
            process.pid = notes_.process->pid;
            process.ppid = notes_.process->ppid;
            process.uid = notes_.process->uid;
            process.name = notes_.process->name;
            process.user = world_.user_name(process.uid);
        }
        if (notes_.signal) {
            auto& signal = process.signal.emplace();
            signal.number = notes_.signal->number;
            signal.address = notes_.signal->address;
            signal.tid = notes_.threads.empty() ? 0 : notes_.threads.front().tid;
        }
        // Whoever owns the file may have written it; root's, which the kernel writes, is of the process's user.
        into_.file_owner_uid = core_.owner_uid() != 0 ? core_.owner_uid() : process.uid;
        into_.taken_at_realtime_ns = core_.modified_ns();
        into_.threads_known = notes_.threads_left_out == 0;
        into_.vitals.os_threads = notes_.threads.size() + notes_.threads_left_out;
    }

    void take_thread(const CoreThread& from) {
        ThreadFacts thread;
        thread.tid = from.tid;
        thread.name = from.tid == into_.process.pid ? into_.process.name : ""; // a core has no others
        thread.sp = from.registers[running_sp];
        thread.pc = from.registers[running_pc];
        thread.registers.assign(from.registers.begin(), from.registers.end());
        thread.ran = !was_blocked(from);
        if (!*thread.ran) {
            thread.capture = protocol::Capture::captured;
            thread.syscall = static_cast<std::int32_t>(from.original_rax);
            for (std::size_t at = 0; at < thread.arguments.size(); ++at) {
                thread.arguments[at] = from.registers[x86_64::syscall_arguments[at]];
            }
            waits_.read(thread);
            thread.wait.steady = thread.wait.futex != 0; // all of a core is of one moment
        } else {
            thread.capture = protocol::Capture::running;
        }
        copy_stack(thread);
        into_.threads.push_back(std::move(thread));
    }

    void copy_stack(ThreadFacts& thread) {
        const auto* segment = core_.segment_at(thread.sp);
        if (segment == nullptr || stacks_bytes_ >= max_stacks_bytes) {
            return;
        }
        const auto there = segment->address + segment->file_size;
        const auto size = there > thread.sp ? there - thread.sp : 0;
        thread.stack.resize(std::min<std::uint64_t>(size, protocol::max_stack_bytes));
        thread.stack.resize(core_.read(thread.sp, thread.stack));
        thread.stack_cut = thread.stack.size() == protocol::max_stack_bytes;
        stacks_bytes_ += thread.stack.size();
    }

    void take_modules(const std::string& exe) {
        const ReadMemory memory = [this](std::uint64_t address, std::size_t size) {
            std::string bytes(size, '\0');
            bytes.resize(core_.read(address, bytes));
            return bytes;
        };
        const auto program = program_path();
        std::map<std::string, std::uint64_t> starts; // the newest mapping of a file's first page
        std::map<std::uint64_t, std::string> build_ids;
        for (const auto& mapping : notes_.files) {
            if (mapping.file_offset == 0) {
                starts[mapping.path] = mapping.start;
            }
            if (is_table_path(mapping.path)) {
                table_ = mapping.path;
                continue; // no code, also where gcore has left its bytes out
            }
            const auto* segment = core_.segment_at(mapping.start);
            const auto start = starts.find(mapping.path);
            // gcore leaves mappings out that are as in their files: code, above all, and locales, which are nothing
            // else.
            const bool code =
                segment != nullptr ? segment->executable : is_code(mapping.path, program) || has_bytes(mapping.path);
            if (!code || start == starts.end()) {
                continue;
            }
            const auto [known, added] = build_ids.try_emplace(start->second);
            if (added) {
                known->second = build_id_at(start->second, memory);
            }
            if (known->second.empty() && is_code(mapping.path, program)) {
                unchecked_.insert(mapping.path);
            }
            const auto& path = mapping.path == program && !exe.empty() ? exe : mapping.path;
            into_.modules.push_back({mapping.start, mapping.end, mapping.file_offset, path, known->second});
        }
        into_.process.exe = exe.empty() ? program : exe;
        if (const auto* vdso = notes_.vdso ? core_.segment_at(*notes_.vdso) : nullptr) {
            into_.modules.push_back(
                {vdso->address, vdso->address + vdso->memory_size, 0, "[vdso]", build_id_at(vdso->address, memory)});
        }
    }

    /// Some of the file was written to, as the data of each program and library is.
    bool has_bytes(const std::string& path) const {
        return std::ranges::any_of(notes_.files, [&](const CoreMapping& mapping) {
            return mapping.path == path && core_.segment_at(mapping.start) != nullptr;
        });
    }

    /// Whether it is a program or library, of which that can be said without its bytes: there are locales too.
    static bool is_code(const std::string& path, const std::string& program) {
        return path == program || path.find(".so", path.rfind('/') + 1) != path.npos;
    }

    /// The file that holds the program's first instruction.
    std::string program_path() const {
        const auto found = std::ranges::find_if(notes_.files, [&](const CoreMapping& mapping) {
            return notes_.entry && *notes_.entry >= mapping.start && *notes_.entry < mapping.end;
        });
        return found == notes_.files.end() ? "" : found->path;
    }

    void tell(std::string reason) { into_.incomplete.push_back({0, std::move(reason)}); }

    void tell_missing() {
        if (core_.missing_bytes() > 0) {
            tell("the core is cut short: " + std::to_string(core_.missing_bytes()) +
                 " bytes are missing (ulimit -c, or no room on the disk); what lay there is not known");
        }
        if (notes_.damaged) {
            tell("the core's notes are damaged or cut short: threads may be missing");
        }
        if (notes_.threads_left_out > 0) {
            tell(std::to_string(notes_.threads_left_out) + " threads of the core left out: there are more than " +
                 std::to_string(CoreNotes::max_threads));
        }
        if (!unchecked_.empty()) {
            tell(std::to_string(unchecked_.size()) +
                 (unchecked_.size() == 1 ? " file has no build-id in the core"
                                         : " files have no build-ids in the core") +
                 ", " + *unchecked_.begin() + (unchecked_.size() == 1 ? "" : " among them") +
                 ": whether those in their places are the ones that ran is not known");
        }
        if (!table_.empty()) {
            read_core_table(world_, table_, into_);
            capture_fibers(core_, into_);
        }
    }

    const World& world_;
    const CoreFile& core_;
    Snapshot& into_;
    CoreNotes notes_;
    WaitReader waits_{world_, 0, core_};
    std::uint64_t stacks_bytes_ = 0;
    std::set<std::string> unchecked_;
    std::string table_; ///< of the agent that the process carried; "" none
};

/// Absolute, as the paths that a core names are; the failure is a sentence.
Result<std::string> program_of(const std::string& exe) {
    if (exe.empty()) {
        return std::string{};
    }
    if (const auto file = OpenFile::open(exe); !file) {
        return Failure{"--exe " + exe + ": cannot be read: " + file.error() + "; give the program that made the core"};
    }
    if (exe.front() == '/') {
        return exe;
    }
    std::string here(4096, '\0');
    return ::getcwd(here.data(), here.size()) == nullptr ? exe : std::string{here.c_str()} + "/" + exe;
}

} // namespace

Result<Snapshot, Error> capture_from_core(const World& world, const std::string& core, const std::string& exe) {
    const auto program = program_of(exe);
    if (!program) {
        return Failure{Error{Trouble::usage, program.error()}};
    }
    const auto file = CoreFile::open(core);
    if (!file) {
        const bool denied = ::access(core.c_str(), F_OK) == 0 && ::access(core.c_str(), R_OK) != 0;
        return Failure{Error{denied ? Trouble::permission : Trouble::usage, "core " + core + ": " + file.error()}};
    }
    Snapshot snapshot;
    snapshot.process.from = {FileKind::core, core};
    if (!CoreReader{world, *file, snapshot}.read(*program)) {
        return Failure{Error{Trouble::usage, "core " + core +
                                                 ": holds no threads: it is cut short or damaged; take "
                                                 "it again"}};
    }
    return snapshot;
}

} // namespace tasks::inspect
