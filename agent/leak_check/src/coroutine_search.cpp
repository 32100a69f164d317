#include "coroutine_search.hpp"

#include <algorithm>
#include <utility>

#include "unregistered_coroutines.hpp"

namespace tasks::leaks {

std::vector<CoroutineKey> CoroutineSearch::look(bool others) {
    std::erase_if(found_,
                  [this](const CoroutineKey& key) { return was_there(without_.coroutines, key) || !is_there(key); });
    if (!scanned_ || (found_.empty() && with_others_ && !others)) {
        with_others_ = others;
        scan();
    }
    return found_;
}

void CoroutineSearch::scan() {
    auto seen = unregistered_coroutines(
        [this](const CoroutineKey& key) { return !was_there(without_.coroutines, key); }, false);
    found_ = std::move(seen.tasks);
    unsure_ = std::move(seen.unsure);
    problems_ = std::move(seen.problems);
    scanned_ = true;
}

std::vector<std::string> CoroutineSearch::notes() const {
    auto notes = problems_;
    if (const auto count = std::ranges::count_if(unsure_, is_there); count != 0)
        notes.push_back(std::to_string(count) +
                        " more may live, coroutines in memory that malloc did not give out one by one: old bytes "
                        "look the same there");
    return notes;
}

} // namespace tasks::leaks
