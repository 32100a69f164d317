#include "crash_level.hpp"

#include <stdlib.h>

#include <array>
#include <string_view>
#include <utility>

namespace tasks::agent {

std::optional<Traceback> asked_level() noexcept {
    const char* value = ::secure_getenv("TASKS_TRACEBACK");
    for (const auto& [word, level] :
         std::array<std::pair<std::string_view, Traceback>, 4>{{{"none", Traceback::none},
                                                                {"single", Traceback::single},
                                                                {"all", Traceback::all},
                                                                {"system", Traceback::system}}})
        if (value != nullptr && word == value)
            return level;
    return {};
}

void install_asked_crash_dump() noexcept {
    if (const auto level = asked_level(); level && *level != Traceback::none)
        install_crash_dump(*level);
}

} // namespace tasks::agent
