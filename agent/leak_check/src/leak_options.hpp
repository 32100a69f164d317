// The content of a LeakOptions. A value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <vector>

#include "coroutine_keys.hpp"
#include "leak_patterns.hpp"

namespace tasks::leaks {

/// Which tasks lived at one moment.
struct Living {
    std::unordered_set<std::uint64_t> ids;     ///< of the table
    std::unordered_set<std::uint64_t> threads; ///< WatchedThread::serial
    CoroutineKeys coroutines;                  ///< frames, where memory is scanned
};
Living living_now();

class Options {
public:
    std::vector<Pattern> patterns;
    std::vector<std::string> problems; ///< a sentence for each
    std::optional<Living> current;     ///< ignored
    std::optional<std::chrono::nanoseconds> timeout;
    std::stop_token stop;
    void (*cleanup)(int status) = nullptr;
    bool run_on_failure = false;
    bool whole_process = false;
    bool scan_memory = false;
};

} // namespace tasks::leaks
