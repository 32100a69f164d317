// The bytes are a file that a process has mapped: an ELF file with symbols, call frame and debug information, or a
// .dwp. Looked at as a dump does: threads are unwound through it, and their program counters named.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "symbols/symbolizer.hpp"
#include "unwind/debug_package.hpp"
#include "unwind/elf_image.hpp"
#include "unwind/unwinder.hpp"

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

constexpr std::uint64_t bias = 0x7f0000000000;
constexpr std::uint64_t page = 4096;
constexpr std::uint64_t largest_mapping = 16 * page;
constexpr int looks = 48;

class File {
public:
    File(const std::uint8_t* data, std::size_t size) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        must(fd_ >= 0 && ::write(fd_, data, size) == static_cast<ssize_t>(size), "the file is written");
    }
    ~File() { ::close(fd_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

inspect::ModuleFacts mapped(const inspect::ElfImage& image, const std::string& path) {
    inspect::ModuleFacts facts;
    facts.path = path;
    for (const auto& segment : image.segments()) {
        if (!segment.executable || facts.end != 0)
            continue;
        facts.file_offset = segment.offset & ~(page - 1);
        facts.start = bias + ((segment.address - (segment.offset - facts.file_offset)) & ~(page - 1));
        facts.end = facts.start + std::min(largest_mapping, (segment.file_size / page + 2) * page);
    }
    return facts;
}

void look_at(const inspect::ModuleFacts& module) {
    inspect::ModuleMap modules{{module}, {}};
    inspect::Unwinder unwinder{modules};
    inspect::Symbolizer names{modules};
    const std::uint64_t step = std::max<std::uint64_t>(16, (module.end - module.start) / looks / 4); // code is in front
    inspect::ThreadFacts thread;
    thread.capture = protocol::Capture::captured;
    thread.sp = 0x7ffc00000000;
    for (std::uint64_t pc = module.start; pc < module.end; pc += 24) { // words that may be return addresses
        thread.stack.append(reinterpret_cast<const char*>(&pc), sizeof pc);
        if (thread.stack.size() >= 2048)
            break;
    }
    for (std::uint64_t pc = module.start; pc < module.end && pc - module.start < step * looks; pc += step) {
        thread.pc = pc;
        const auto trace = unwinder.unwind(thread, 16);
        must(trace.pcs.size() <= 16 && trace.pcs.size() == trace.exact.size(), "a trace has its limit");
        for (const bool exact : {true, false})
            must(!names.frames(pc, exact).empty(), "a program counter has a frame");
    }
}

// Units by the numbers that its index has.
void look_into_package(const inspect::ElfImage& image) {
    const auto index = image.section_place(".debug_cu_index");
    for (std::uint64_t slot = 0; index && slot < 8; ++slot) {
        std::uint64_t id = 0;
        image.read_at(index->offset + 16 + 8 * slot, &id, sizeof id);
        for (const auto& [name, content] : inspect::DebugPackage{image}.unit(id))
            must(content.size() < 1 << 24, "a unit's part of a small file is small");
    }
}

} // namespace

void module(const std::uint8_t* data, std::size_t size) {
    auto image = inspect::ElfImage::from_memory({data, data + size});
    if (!image)
        return;
    look_into_package(*image);
    const File file{data, size};
    const auto facts = mapped(*image, file.path());
    if (facts.end > facts.start && facts.start >= bias)
        look_at(facts);
}

} // namespace tasks::fuzz
