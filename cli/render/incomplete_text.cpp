#include "render/incomplete_text.hpp"

#include <algorithm>
#include <string_view>

#include "render/clean.hpp"
#include "render/figures.hpp"

namespace tasks::render {

namespace {

constexpr std::size_t tids_told = 8;

struct Reason {
    std::string_view words;
    std::vector<std::uint32_t> tids; ///< without 0
};

std::vector<Reason> by_reason(const std::vector<inspect::Incomplete>& incomplete) {
    std::vector<Reason> reasons; // a handful: no index
    for (const auto& [tid, words] : incomplete) {
        auto at = std::ranges::find(reasons, std::string_view(words), &Reason::words);
        if (at == reasons.end()) {
            at = reasons.insert(at, {words, {}});
        }
        if (tid != 0) {
            at->tids.push_back(tid);
        }
    }
    return reasons;
}

std::string threads(const std::vector<std::uint32_t>& tids) {
    if (tids.size() == 1) {
        return "thread " + std::to_string(tids.front()) + ": ";
    }
    auto text = counted(tids.size(), "thread") + " (";
    for (std::size_t at = 0; at < std::min(tids.size(), tids_told); ++at) {
        text.append(at == 0 ? "" : ", ").append(std::to_string(tids[at]));
    }
    if (tids.size() > tids_told) {
        text.append(", ").append(number(tids.size() - tids_told)).append(" more");
    }
    return text + "): ";
}

} // namespace

std::string incomplete_text(const std::vector<inspect::Incomplete>& incomplete) {
    std::string text;
    for (const auto& [words, tids] : by_reason(incomplete)) {
        text.append("incomplete: ").append(tids.empty() ? "" : threads(tids)).append(clean(words)).append("\n");
    }
    return text;
}

} // namespace tasks::render
