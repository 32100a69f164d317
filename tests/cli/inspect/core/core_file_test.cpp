// Cores made by hand: what their headers say counts only as far as the file goes.
#include "core/core_capture.hpp"
#include "core/core_file.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>

#include <elf.h>
#include <sys/procfs.h>
#include <sys/user.h>

#include <catch2/catch.hpp>

#include "inspect/capture/temporary_directory.hpp"

namespace tasks::inspect {
namespace {

template <class Value> std::string bytes_of(const Value& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string note(std::uint32_t type, std::string content) {
    const Elf64_Nhdr header{5, static_cast<Elf64_Word>(content.size()), type};
    content.resize((content.size() + 3) / 4 * 4);
    return bytes_of(header) + std::string{"CORE\0\0\0\0", 8} + content;
}

std::string thread_note(std::int32_t tid, std::int64_t call, std::int64_t result, std::uint64_t sp) {
    user_regs_struct registers{};
    registers.orig_rax = static_cast<unsigned long long>(call);
    registers.rax = static_cast<unsigned long long>(result);
    registers.rsp = sp;
    registers.rip = 0x401000;
    registers.rdi = 3;
    elf_prstatus status{};
    status.pr_pid = tid;
    std::memcpy(&status.pr_reg, &registers, sizeof registers);
    return note(NT_PRSTATUS, bytes_of(status));
}

std::string process_note(std::int32_t pid, const char* name) {
    elf_prpsinfo facts{};
    facts.pr_pid = pid;
    std::strncpy(facts.pr_fname, name, sizeof facts.pr_fname);
    return note(NT_PRPSINFO, bytes_of(facts));
}

std::string signal_note(std::int32_t number, std::int32_t code, std::uint64_t address) {
    std::string content(128, '\0');
    std::memcpy(content.data(), &number, 4);
    std::memcpy(content.data() + 8, &code, 4);
    std::memcpy(content.data() + 16, &address, 8);
    return note(NT_SIGINFO, content);
}

constexpr std::uint64_t stack_start = 0x7ffc0000;

/// Notes, then one page of stack.
std::string core_of(const std::string& notes, Elf64_Half type = ET_CORE, Elf64_Half machine = EM_X86_64,
                    unsigned char width = ELFCLASS64) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = width;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type;
    header.e_machine = machine;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    Elf64_Phdr of_notes{};
    of_notes.p_type = PT_NOTE;
    of_notes.p_offset = sizeof header + 2 * sizeof of_notes;
    of_notes.p_filesz = notes.size();
    Elf64_Phdr stack{};
    stack.p_type = PT_LOAD;
    stack.p_flags = PF_R | PF_W;
    stack.p_vaddr = stack_start;
    stack.p_offset = of_notes.p_offset + notes.size();
    stack.p_filesz = stack.p_memsz = 4096;
    return bytes_of(header) + bytes_of(of_notes) + bytes_of(stack) + notes + std::string(4096, 's');
}

class Core {
public:
    explicit Core(const std::string& bytes) { std::ofstream{path(), std::ios::binary} << bytes; }
    std::string path() const { return directory_.path() + "/core"; }
    Result<Snapshot, Error> capture() const {
        const SystemClock clock;
        auto world = this_machine(clock);
        world.passwd = "/nowhere";
        return capture_from_core(world, path(), "");
    }
    std::string problem() const {
        const auto captured = capture();
        return captured ? "" : captured.error().sentence;
    }

private:
    tests::TemporaryDirectory directory_;
};

const std::string notes = thread_note(12, 0, -512, stack_start + 4000) + process_note(12, "payments") +
                          signal_note(SIGSEGV, 1, 0x10) + thread_note(11, 7, 0, stack_start);

} // namespace

TEST_CASE("a core tells its threads, their stacks and the signal") {
    const auto captured = Core{core_of(notes)}.capture();
    REQUIRE(captured);
    const auto& snapshot = *captured;
    CHECK(snapshot.process.pid == 12);
    CHECK(snapshot.process.name == "payments");
    REQUIRE(snapshot.process.signal);
    CHECK(snapshot.process.signal->number == SIGSEGV);
    CHECK(snapshot.process.signal->address == 0x10);
    CHECK(snapshot.process.signal->tid == 12);
    REQUIRE(snapshot.threads.size() == 2);
    const auto& running = snapshot.threads[0]; // by tid
    CHECK(running.tid == 11);
    CHECK(running.captured_running());
    CHECK(running.name.empty());
    CHECK(running.stack.size() == 4096);
    const auto& blocked = snapshot.threads[1];
    CHECK(blocked.capture == protocol::Capture::captured);
    CHECK_FALSE(blocked.captured_running());
    CHECK(blocked.name == "payments");
    CHECK(blocked.syscall == 0);
    CHECK(blocked.wait.fd == 3);
    CHECK(blocked.stack == std::string(96, 's'));
    CHECK_FALSE(blocked.last_ran_ago_ns);
    CHECK(snapshot.incomplete.empty());
}

TEST_CASE("a core that is cut anywhere is refused or told as cut") {
    const auto whole = core_of(notes);
    for (std::size_t size = 0; size < whole.size(); size += 17) {
        const auto captured = Core{whole.substr(0, size)}.capture();
        if (captured) {
            const auto& told = captured->incomplete;
            CHECK(std::ranges::any_of(
                told, [](const auto& one) { return one.reason.find("cut short") != std::string::npos; }));
        } else {
            CHECK_FALSE(captured.error().sentence.empty());
            CHECK(captured.error().trouble == Trouble::usage);
        }
    }
}

TEST_CASE("what is no core of this machine is told what it is") {
    using Catch::Matchers::Contains;
    CHECK_THAT(Core{"text"}.problem(), Contains("is no core file"));
    CHECK_THAT(Core{core_of(notes, ET_EXEC)}.problem(), Contains("a program goes with --exe"));
    CHECK_THAT(Core{core_of(notes, ET_CORE, EM_AARCH64)}.problem(), Contains("of another machine (ELF machine 183)"));
    CHECK_THAT(Core{core_of(notes, ET_CORE, EM_386, ELFCLASS32)}.problem(), Contains("of a 32-bit program"));
    CHECK_THAT(Core{core_of("")}.problem(), Contains("holds no threads"));
    const std::string zstd{"\x28\xb5\x2f\xfd rest"};
    CHECK_THAT(Core{zstd}.problem(), Contains("zstd -d"));
}

TEST_CASE("memory of a core ends where the file does, and at no sum that wraps") {
    const Core core{core_of(notes)};
    const auto opened = CoreFile::open(core.path());
    REQUIRE(opened);
    char into[16];
    CHECK(opened->read(stack_start + 4090, into) == 6);
    CHECK(opened->read(stack_start + 4096, into) == 0);
    CHECK(opened->read(~0ull - 3, into) == 0);
    CHECK(opened->segment_at(stack_start - 1) == nullptr);
}

} // namespace tasks::inspect
