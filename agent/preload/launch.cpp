#include "launch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace tasks::agent {
namespace {

constexpr std::string_view preload_variable = "LD_PRELOAD";
// Set by cli/commands/run_verb.cpp.
constexpr std::string_view mode_variable = "TASKS_RUN";      // "children", or "alone"
constexpr std::string_view name_variable = "TASKS_RUN_NAME"; // not set: the program's own
constexpr std::string_view program_variable =
    "TASKS_RUN_PROGRAM"; // "DEVICE:INODE" of the one that is meant; not set: any

// The environment is read and changed where it lies: programs such as bash have a getenv() and an unsetenv() of their
// own, which would be called here, before they are ready, and main() may look at the array that it is given.

/// The text behind "NAME="; null: it is not set.
char* value_of(std::string_view name) noexcept {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
        if (std::strncmp(*entry, name.data(), name.size()) == 0 && (*entry)[name.size()] == '=')
            return *entry + name.size() + 1;
    return nullptr;
}

void remove(std::string_view name) noexcept {
    char** kept = environ;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
        if (std::strncmp(*entry, name.data(), name.size()) != 0 || (*entry)[name.size()] != '=')
            *kept++ = *entry;
    if (kept != nullptr)
        *kept = nullptr;
}

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
    char* value = value_of(preload_variable);
    if (value == nullptr || std::strncmp(value, library.data(), library.size()) != 0)
        return;
    const char* rest = value + library.size();
    if (*rest == ':')
        std::memmove(value, rest + 1, std::strlen(rest + 1) + 1);
    else if (*rest == '\0')
        remove(preload_variable);
}

} // namespace

Launch take_launch(std::string_view library) noexcept {
    Launch launch;
    const char* mode = value_of(mode_variable);
    if (mode == nullptr) // preloaded by hand: the environment is the user's
        return {.children = true};
    launch.here = !leads_elsewhere(value_of(program_variable));
    if (!launch.here)
        return launch;
    launch.children = std::strcmp(mode, "children") == 0;
    if (const char* name = value_of(name_variable); name != nullptr)
        if (const char* kept = ::strdup(name); kept != nullptr)
            launch.name = kept;
    remove(name_variable);
    remove(program_variable);
    if (!launch.children) {
        remove(mode_variable);
        restore_preload(library);
    }
    return launch;
}

} // namespace tasks::agent
