// From numbers to words: captures what is left over, names it, leaves out what is ignored, and groups the rest.
// 20 ms and more, most of it for the symbols of the program's files. One thread at a time.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <tasks/leak_check.hpp>

#include "leak_options.hpp"
#include "left_over.hpp"

namespace tasks {

/// Fills a LeakReport.
class LeakReportBuilder {
public:
    static std::vector<LeakGroup>& groups(LeakReport& report) noexcept { return report.groups_; }
    static std::vector<std::string>& notes(LeakReport& report) noexcept { return report.notes_; }
};

namespace leaks {

/// What a look with words found out.
struct Described {
    LeakReport report;             ///< without what is ignored
    LeftOver ignored;              ///< by a pattern: need not be looked at again while they live
    std::set<std::string> matched; ///< the patterns that did, as lines
};

Described describe(const LeftOver& left, const Options& options);

} // namespace leaks
} // namespace tasks
