// The bytes are an ELF file with coroutine functions: symbols, code and debug information. A process is made up that
// has mapped it, and whose memory has frames of all its functions, at each of the first suspend indexes, that point to
// one another: whatever the file says, what is found there is told in terms of what is there.
#include <algorithm>
#include <cstring>
#include <vector>

#include "coroutines/coroutine_symbols.hpp"
#include "coroutines/find_coroutines.hpp"

#include "fuzz_entries.hpp"
#include "mapped_file.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

constexpr std::uint64_t heap = 0x560000000000;
constexpr std::size_t frame_words = 64;
constexpr std::size_t most_codes = 64;
constexpr std::uint64_t indexes = 5;
constexpr std::size_t longest_name = 4096;

class MadeMemory final : public inspect::ProcessMemory {
public:
    /// A frame: its two functions, then in turns pointers to frames, its own address, an index, a length.
    void add(std::uint64_t resume, std::uint64_t destroy, std::uint64_t index) {
        const std::uint64_t own = end();
        words_.push_back(resume);
        words_.push_back(destroy);
        for (std::uint64_t i = 2; i < frame_words; ++i) {
            const std::uint64_t other = own + (i % 3 - 1) * (frame_words * 8) + (i % 2) * 16;
            const std::uint64_t kinds[] = {other, own, index * 0x0101010101010101u, i};
            words_.push_back(kinds[(i + index) % 4]);
        }
    }

    std::uint64_t end() const { return heap + words_.size() * 8; }
    std::size_t read(std::uint64_t address, std::span<char> into) const override {
        if (address < heap || address >= end())
            return 0;
        const auto bytes = std::min<std::size_t>(into.size(), end() - address);
        std::memcpy(into.data(), reinterpret_cast<const char*>(words_.data()) + (address - heap), bytes);
        return bytes;
    }

private:
    std::vector<std::uint64_t> words_;
};

MadeMemory frames_of(inspect::ModuleMap& modules) {
    MadeMemory memory;
    for (const auto& place : modules.all()) {
        if (place.elf == nullptr)
            continue;
        std::size_t left = most_codes;
        for (const auto& code : inspect::coroutine_symbols(*place.elf).codes) {
            if (left-- == 0)
                break;
            for (std::uint64_t index = 0; index < indexes; ++index)
                memory.add(code.resume.start + place.bias, code.destroy.start + place.bias, index);
            memory.add(0, code.destroy.start + place.bias, 0);
        }
    }
    return memory;
}

bool is_frame(const inspect::CoroutineList& list, std::uint64_t address) {
    return address == 0 || std::ranges::binary_search(list.frames, address, {}, &inspect::CoroutineFrame::address);
}

bool chain_ends(const inspect::CoroutineList& list, std::uint64_t address) {
    for (std::size_t steps = 0; address != 0; ++steps) {
        if (steps > list.frames.size())
            return false;
        address = std::ranges::lower_bound(list.frames, address, {}, &inspect::CoroutineFrame::address)->awaited_by;
    }
    return true;
}

void check(const inspect::CoroutineList& list) {
    for (const auto& function : list.functions)
        for (const auto& point : function.points)
            must(point.provenance == inspect::Provenance::none || point.line != 0, "a line is one");
    for (const auto& frame : list.frames) {
        must(frame.function < list.functions.size(), "a frame has a function");
        must(frame.point == inspect::CoroutineFrame::no_point ||
                 frame.point < list.functions[frame.function].points.size(),
             "a point is the function's");
        must(is_frame(list, frame.awaited_by) && is_frame(list, frame.held_by), "edges lead to frames");
        must(chain_ends(list, frame.address), "a chain has an end");
        must(frame.values.size() <= 64, "values have their limit");
        for (const auto& value : frame.values)
            must(value.name.size() <= longest_name && value.value.size() <= longest_name, "a value has its limit");
    }
}

} // namespace

void coroutines(const std::uint8_t* data, std::size_t size) {
    auto image = inspect::ElfImage::from_memory({data, data + size});
    if (!image)
        return;
    const MappedFile file{*image, data, size};
    if (!file.is_plausible())
        return;
    inspect::ModuleMap modules{{file.facts()}, {}};
    const MadeMemory memory = frames_of(modules);
    if (memory.end() == heap)
        return;
    inspect::ScanOptions options;
    options.arguments = options.locals = true;
    const std::vector<inspect::MemoryRange> ranges{{heap, memory.end(), false}};
    check(inspect::find_coroutines(modules, memory, ranges, options));
}

} // namespace tasks::fuzz
