// What `tasks run` asked for, out of the environment, which is then put back as it was: so the program and its children
// see what they would see without it. Before the program's main(), on the only thread.
#pragma once

#include <string_view>

namespace tasks::agent {

struct Launch {
    bool here = true;        ///< this is the program that is meant, not one that leads to it (env)
    bool children = false;   ///< children have it too
    std::string_view name{}; ///< "": the program's own
};

/// The name lies in memory that is never freed. `library` is the path by which this library was loaded.
Launch take_launch(std::string_view library) noexcept;

} // namespace tasks::agent
