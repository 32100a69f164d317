// What a leak finding says in words: its verdict, why it is one, and what it costs. For text and JSON alike. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "analysis/leak_verdicts.hpp"

namespace tasks::render {

/// "deadlocked", "never resumable", "growing", "stuck", "spinning".
std::string_view word(inspect::Verdict verdict);

/// Why it is told, with the numbers; no full stop.
std::string why(const inspect::LeakReport& report, const inspect::LeakFinding& finding);

/// Until the memory limit is reached, if what grows goes on as it does; nothing where there is no limit, or no growth.
std::optional<std::uint64_t> time_to_limit_ns(const inspect::LeakReport& report, const inspect::LeakFinding& finding);

} // namespace tasks::render
