#include "leak_search.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "coroutine_search.hpp"
#include "leak_description.hpp"
#include "scopes.hpp"

namespace tasks::leaks {
namespace {

using namespace std::chrono_literals;

constexpr int most_descriptions = 3;

/// Words cost 20 ms, and most of what is left at the first looks is ending: patterns are tried from the 13th on, 4 ms
/// after the first.
bool is_worth_words(const LeftOver& left, const Options& options, int sleeps) {
    const bool may_be_ignored = !options.patterns.empty() || !left.threads.empty();
    return may_be_ignored && sleeps >= 12 && sleeps % 4 == 0;
}

class Search {
public:
    Search(const LookedFor& asked, const Options& options) : asked_(asked), options_(options), coroutines_(without_) {
        if (asked.without != nullptr)
            without_ = *asked.without;
        asked_.without = &without_;
    }

    LeakReport run(LeftOver* found) {
        LeftOver left = look();
        for (Backoff backoff{options_}; !left.empty() && backoff.sleep(); left = look())
            if (is_worth_words(left, options_, backoff.sleeps()))
                described(left);
        LeakReport report;
        // What has ended meanwhile may have become another leak: a thread that nobody joins.
        for (int tries = 0; report.empty() && !left.empty() && tries < most_descriptions; ++tries) {
            report = described(left);
            left = look();
        }
        if (found != nullptr && !report.empty())
            *found = std::move(left);
        tell_unmatched(report);
        tell_unseen(report);
        return report;
    }

private:
    LeftOver look() {
        LeftOver left = look_for(asked_);
        if (options_.scan_memory)
            left.coroutines = coroutines_.look(!left.empty());
        return left;
    }

    LeakReport described(const LeftOver& left) {
        auto found = describe(left, options_);
        matched_.merge(found.matched);
        forget(found.ignored);
        return std::move(found.report);
    }

    void forget(const LeftOver& ignored) {
        without_.ids.insert(ignored.ids.begin(), ignored.ids.end());
        for (const WatchedThread& thread : ignored.threads)
            without_.threads.insert(thread.serial);
        without_.coroutines.insert(ignored.coroutines.begin(), ignored.coroutines.end());
    }

    void tell_unmatched(LeakReport& report) const {
        auto& notes = LeakReportBuilder::notes(report);
        notes.insert(notes.end(), options_.problems.begin(), options_.problems.end());
        for (const Pattern& pattern : options_.patterns)
            if (!matched_.contains(line_of(pattern)))
                notes.push_back("'" + line_of(pattern) + "' is ignored, and matched no task that was left");
    }

    void tell_unseen(LeakReport& report) const {
        for (auto& note : coroutines_.notes())
            LeakReportBuilder::notes(report).push_back(std::move(note));
    }

    LookedFor asked_;
    const Options& options_;
    Living without_;
    CoroutineSearch coroutines_;
    std::set<std::string> matched_;
};

} // namespace

Backoff::Backoff(const Options& options)
    : options_(options),
      until_(std::chrono::steady_clock::now() +
             std::min<std::chrono::nanoseconds>(options.timeout.value_or(0ns), std::chrono::hours{24 * 365})) {}

bool Backoff::sleep() {
    if (options_.stop.stop_requested())
        return false;
    auto pause = std::min<std::chrono::nanoseconds>(std::chrono::microseconds{1ll << std::min(sleeps_, 17)}, 100ms);
    if (options_.timeout) {
        const auto left = until_ - std::chrono::steady_clock::now();
        if (left <= 0ns)
            return false;
        pause = std::min<std::chrono::nanoseconds>(pause, left);
    } else if (!options_.stop.stop_possible() && sleeps_ == most_sleeps) {
        return false;
    }
    ++sleeps_;
    for (; pause > 0ns && !options_.stop.stop_requested(); pause -= 10ms)
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, 10ms));
    return true;
}

LeakReport search(const LookedFor& asked, const Options& options, LeftOver* found) {
    return Search{asked, options}.run(found);
}

} // namespace tasks::leaks
