// What a function that begins a task takes in place of a name, where parameters of any number follow and no default
// argument can tell the place: the literal is converted, and with it comes the line of the call. Value type.
#pragma once

#include <tasks/job.hpp>

namespace tasks {

struct task_name {
    task_name(const char* literal, const SourcePlace& written_at = SourcePlace::here()) noexcept
        : text(literal), place(written_at) {}

    const char* text; ///< lives as long as the process
    SourcePlace place;
};

} // namespace tasks
