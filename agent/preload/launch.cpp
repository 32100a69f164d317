#include "launch.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tasks::agent {
namespace {

constexpr const char* preload_variable = "LD_PRELOAD";
// Set by cli/commands/run_verb.cpp.
constexpr const char* mode_variable = "TASKS_RUN";            // "children", or "alone"
constexpr const char* name_variable = "TASKS_RUN_NAME";       // not set: the program's own
constexpr const char* program_variable = "TASKS_RUN_PROGRAM"; // "DEVICE:INODE" of the one that is meant; not set: any

/// Another program than the one that is meant, which it is about to exec().
bool leads_elsewhere(const char* meant) noexcept {
    unsigned long long device = 0;
    unsigned long long inode = 0;
    struct stat facts{};
    return meant != nullptr && std::sscanf(meant, "%llu:%llu", &device, &inode) == 2 &&
           ::stat("/proc/self/exe", &facts) == 0 && (facts.st_dev != device || facts.st_ino != inode);
}

/// Ours is the first entry; an empty rest was there before, no rest was not.
void restore_preload(std::string_view library) noexcept {
    const char* value = std::getenv(preload_variable);
    if (value == nullptr || std::strncmp(value, library.data(), library.size()) != 0)
        return;
    const char* rest = value + library.size();
    if (*rest == ':')
        ::setenv(preload_variable, rest + 1, 1);
    else if (*rest == '\0')
        ::unsetenv(preload_variable);
}

} // namespace

Launch take_launch(std::string_view library) noexcept {
    Launch launch;
    const char* mode = std::getenv(mode_variable);
    if (mode == nullptr) // preloaded by hand: the environment is the user's
        return {.children = true};
    launch.here = !leads_elsewhere(std::getenv(program_variable));
    if (!launch.here)
        return launch;
    launch.children = std::strcmp(mode, "children") == 0;
    if (const char* name = std::getenv(name_variable); name != nullptr)
        if (const char* kept = ::strdup(name); kept != nullptr)
            launch.name = kept;
    ::unsetenv(name_variable);
    ::unsetenv(program_variable);
    if (!launch.children) {
        ::unsetenv(mode_variable);
        restore_preload(library);
    }
    return launch;
}

} // namespace tasks::agent
