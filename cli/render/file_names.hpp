// Source files as text shows them: base names, or the whole path where two files of a report have one base name.
// Holds views of the report's strings, which must outlive it. One thread at a time while it is filled.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "analysis/report.hpp"

namespace tasks::render {

class FileNames {
public:
    FileNames() = default;

    /// Every file that the report's groups name.
    explicit FileNames(const inspect::StackReport& report);
    explicit FileNames(const inspect::WaitGraph& waits);

    void add(std::string_view path);

    /// "payments.cpp:31", "/srv/a/main.cpp:3", "payments.cpp" where the line is not known; cleaned.
    std::string place(std::string_view path, std::uint32_t line) const;

private:
    void add(const inspect::WaitGraph& waits);

    std::unordered_map<std::string_view, std::string_view> path_of_; ///< the first path with that base name
    std::unordered_set<std::string_view> ambiguous_;                 ///< base names
};

std::string_view base_name(std::string_view path);

} // namespace tasks::render
