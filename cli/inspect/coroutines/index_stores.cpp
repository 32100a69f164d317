#include "coroutines/index_stores.hpp"

#include <algorithm>
#include <span>
#include <tuple>

#include "coroutines/value_flow.hpp"

namespace tasks::inspect {

namespace {

std::uint64_t cut(std::uint64_t value, unsigned bytes) {
    return bytes >= 8 ? value : value & ((1ull << (8 * bytes)) - 1);
}

/// The pointer through which the ramp gives the frame its resume function.
PointerOrigin frame_of_ramp(const std::vector<MemoryWrite>& writes, std::uint64_t resume) {
    for (const MemoryWrite& write : writes)
        if (write.offset == 0 && write.bytes == 8 && write.constants.size() == 1 &&
            write.constants.front().value == resume)
            return write.pointer;
    return {};
}

bool clears_resume(const MemoryWrite& write, const PointerOrigin& frame) {
    return write.offset == 0 && write.bytes == 8 && write.pointer == frame && write.constants.size() == 1 &&
           write.constants.front().value == 0;
}

// The store in the same straight piece of code as the one that clears the frame's resume function.
void mark_final(std::span<IndexStore> stores, const std::vector<MemoryWrite>& writes, const PointerOrigin& frame) {
    for (const MemoryWrite& clearing : writes) {
        if (!clears_resume(clearing, frame))
            continue;
        for (const MemoryWrite& write : writes)
            for (IndexStore& store : stores)
                if (write.block == clearing.block && store.stored_at == write.address && !store.merged)
                    store.final = true;
    }
}

void add_stores(const std::vector<MemoryWrite>& writes, const PointerOrigin& frame, const FrameField& index, bool ramp,
                std::vector<IndexStore>& into) {
    const std::size_t first = into.size();
    for (const MemoryWrite& write : writes) {
        const bool certain = write.pointer.kind != PointerOrigin::Kind::unknown && write.pointer == frame;
        if (write.offset != index.offset || write.bytes != index.bytes ||
            (!certain && write.pointer.kind != PointerOrigin::Kind::unknown))
            continue;
        for (const WrittenConstant& constant : write.constants) {
            IndexStore store;
            store.index = static_cast<std::uint32_t>(cut(constant.value, index.bytes));
            store.stored_at = write.address;
            store.merged = write.constants.size() > 1;
            store.address = store.merged ? constant.set_at : write.address;
            store.certain = certain;
            store.ramp = ramp;
            into.push_back(store);
        }
    }
    mark_final(std::span{into}.subspan(first), writes, frame);
}

} // namespace

std::vector<IndexStore> index_stores(const FunctionCode& code, const FrameField& index,
                                     const std::vector<ResumePlace>& resumes) {
    std::vector<IndirectJump> jumps;
    for (const ResumePlace& place : resumes)
        if (place.address != 0)
            jumps.push_back({place.decided_at, place.address});
    std::vector<Instruction> whole = code.resume();
    whole.insert(whole.end(), code.cold().begin(), code.cold().end());
    std::sort(whole.begin(), whole.end(),
              [](const Instruction& a, const Instruction& b) { return a.address < b.address; });

    std::vector<IndexStore> stores;
    add_stores(memory_writes(whole, code.code().resume.start, jumps), {PointerOrigin::Kind::argument, 0}, index, false,
               stores);
    const auto of_ramp = memory_writes(code.ramp(), code.code().ramp.start, {});
    if (const auto frame = frame_of_ramp(of_ramp, code.code().resume.start); frame.kind == PointerOrigin::Kind::call)
        add_stores(of_ramp, frame, index, true, stores);

    std::erase_if(stores, [](const IndexStore& store) { return store.index > 2 * most_points; });
    std::sort(stores.begin(), stores.end(), [](const IndexStore& a, const IndexStore& b) {
        return std::tuple{a.index, !a.certain, a.merged, a.address} <
               std::tuple{b.index, !b.certain, b.merged, b.address};
    });
    return stores;
}

} // namespace tasks::inspect
