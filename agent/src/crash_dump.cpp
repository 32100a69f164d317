#include <tasks/crash_dump.hpp>

#include <cstdlib>
#include <cstring>

#include "crash_level.hpp"
#include "crash_process.hpp"
#include "crash_stacks.hpp"
#include "not_cancelled.hpp"

namespace tasks {

int install_crash_dump(const CrashDumpOptions& options) noexcept {
    const agent::NotCancelled scope;
    CrashDumpOptions wanted = options;
    wanted.level = agent::asked_level().value_or(options.level);
    return wanted.level == Traceback::none ? 0 : agent::CrashProcess::install(wanted);
}

CrashStack::CrashStack() noexcept : memory_(agent::take_crash_stack()) {}
CrashStack::~CrashStack() { agent::give_crash_stack(memory_); }

} // namespace tasks
