#include "coroutines/point_indexes.hpp"

#include <algorithm>
#include <set>

namespace tasks::inspect {

namespace {

constexpr std::uint32_t gcc_initial = 2;
constexpr std::uint32_t gcc_first_await = 4;

std::vector<ResumePlace> gcc_resumes(const FunctionCode& code, const FrameField& index) {
    const ResumePlace none = walk_to(code, index, 0xfffe);
    std::vector<ResumePlace> places;
    for (std::uint32_t value = 0; value < 2 * most_points; value += 2) {
        const ResumePlace place = walk_to(code, index, value);
        if (!place.by_index || place.address == 0 || (place.address == none.address && value > gcc_initial))
            break;
        places.push_back(place);
    }
    return places;
}

// A jump table has no bounds check, and two points may go on at one place: where they end is told by the stores.
std::vector<ResumePlace> clang_resumes(const FunctionCode& code, const FrameField& index) {
    std::vector<ResumePlace> places;
    std::uint32_t repeated = 0;
    for (std::uint32_t value = 0; value < most_points && repeated < 8; ++value) {
        const ResumePlace place = walk_to(code, index, value);
        if (!place.by_index || place.address == 0)
            break;
        repeated = !places.empty() && places.back().address == place.address ? repeated + 1 : 0;
        places.push_back(place);
    }
    return places;
}

// Points whose stores are not known are there when the function goes on at a place of their own.
std::uint32_t last_index(std::uint32_t stored, const std::vector<ResumePlace>& resumes) {
    std::set<std::uint64_t> known;
    std::uint32_t last = stored;
    for (std::uint32_t value = 0; value < resumes.size(); ++value) {
        const bool own = known.insert(resumes[value].address).second;
        if (value == last + 1 && own)
            last = value;
    }
    return last;
}

std::vector<IndexStore> stores_of(const std::vector<IndexStore>& all, std::uint32_t index) {
    std::vector<IndexStore> some;
    for (const IndexStore& store : all)
        if (store.index == index)
            some.push_back(store);
    return some;
}

std::uint32_t largest_index(const std::vector<IndexStore>& stores) {
    std::uint32_t largest = 0;
    for (const IndexStore& store : stores)
        if (store.certain)
            largest = std::max(largest, store.index);
    return largest;
}

CodePoints gcc_points(const FunctionCode& code, const FrameField& index) {
    const auto resumes = gcc_resumes(code, index);
    const auto stores = index_stores(code, index, resumes);
    const auto by_dispatch = resumes.empty() ? 0u : static_cast<std::uint32_t>(2 * (resumes.size() - 1));
    const std::uint32_t by_stores = largest_index(stores) & ~1u;
    const std::uint32_t last = std::max({by_dispatch, by_stores, gcc_initial});
    CodePoints all;
    all.complete = by_dispatch == last && last >= gcc_first_await;
    for (std::uint32_t value = gcc_initial; value <= last; value += 2) {
        CodePoint point;
        point.number = (value - gcc_initial) / 2;
        point.index = value;
        point.kind = value == gcc_initial ? PointKind::initial : value == last ? PointKind::final : PointKind::await;
        point.stores = stores_of(stores, value);
        if (value / 2 < resumes.size())
            point.resume = resumes[value / 2];
        all.points.push_back(std::move(point));
    }
    return all;
}

// The ramp of a coroutine that starts at once contains its body up to the first suspension, and with it other indexes.
bool starts_at_once(const std::vector<IndexStore>& stores) {
    return std::any_of(stores.begin(), stores.end(),
                       [](const IndexStore& store) { return store.ramp && store.index > 0; });
}

CodePoints clang_points(const FunctionCode& code, const std::optional<FrameField>& index) {
    std::vector<ResumePlace> resumes;
    std::vector<IndexStore> stores;
    if (index) {
        resumes = clang_resumes(code, *index);
        stores = index_stores(code, *index, resumes);
    }
    const std::uint32_t largest = largest_index(stores);
    const auto finals = std::find_if(stores.begin(), stores.end(),
                                     [&](const IndexStore& one) { return one.final && one.index == largest; });
    std::uint32_t last = last_index(largest, resumes);
    if (finals != stores.end())
        last = std::max(finals->index, 1u) - 1;
    const std::uint32_t first_number = starts_at_once(stores) ? 1 : 0;
    CodePoints all;
    for (std::uint32_t value = 0; value <= last; ++value) {
        CodePoint point;
        point.number = value + first_number;
        point.index = value;
        point.kind = point.number == 0 ? PointKind::initial : PointKind::await;
        point.stores = stores_of(stores, value);
        if (value < resumes.size())
            point.resume = resumes[value];
        all.points.push_back(std::move(point));
    }
    CodePoint end;
    end.number = last + first_number + 1;
    end.kind = PointKind::final;
    end.index = last + 1;
    end.stored = finals != stores.end();
    end.stores = stores_of(stores, end.index);
    all.points.push_back(std::move(end));
    return all;
}

} // namespace

CodePoints code_points(const FunctionCode& code, const std::optional<FrameField>& index) {
    if (code.code().compiler == CoroutineCompiler::clang)
        return clang_points(code, index);
    return index ? gcc_points(code, *index) : CodePoints{};
}

} // namespace tasks::inspect
