// The bytes are a file that a process has mapped: an ELF file with symbols, call frame and debug information, or a
// .dwp. Looked at as a dump does: threads are unwound through it, and their program counters named.
#include <algorithm>
#include <string>

#include "symbols/symbolizer.hpp"
#include "unwind/debug_package.hpp"
#include "unwind/elf_image.hpp"
#include "unwind/unwinder.hpp"

#include "fuzz_entries.hpp"
#include "mapped_file.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

constexpr int looks = 48;

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
    const MappedFile file{*image, data, size};
    if (file.is_plausible())
        look_at(file.facts());
}

} // namespace tasks::fuzz
