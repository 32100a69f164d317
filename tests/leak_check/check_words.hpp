// What tests of leak checks say of a check's options and of its report.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include <tasks/leak_check.hpp>

namespace tasks::test {

inline LeakOptions at_once() { return LeakOptions{}.timeout(std::chrono::nanoseconds{0}); }

inline bool is_in(const std::string& part, const std::string& text) { return text.find(part) != std::string::npos; }

inline bool has_note(const LeakReport& report, const std::string& part) {
    return std::ranges::any_of(report.notes(), [&part](const std::string& note) { return is_in(part, note); });
}

} // namespace tasks::test
